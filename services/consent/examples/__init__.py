"""Worked examples: policies, returns and texts of law that can be loaded as they are."""
