"""Snapshots and indicators to results: unrounded, of every subject, in the same bytes on every run."""
