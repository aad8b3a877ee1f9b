"""The verbs of ratings: one use case each, at most one transaction, durable when they return."""
