"""Rules without a database: the life cycle of a release, and how releases are named."""
