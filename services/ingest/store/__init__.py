"""Everything that ingest keeps: queries in `database` and `snapshots`, files in `files`."""
