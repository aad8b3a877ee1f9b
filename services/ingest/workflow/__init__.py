"""The verbs of ingest: take a file in, give its lines their fates, show what was set aside, freeze what stands."""
