"""The verbs of the consent service: one use case each, at most one writing transaction, durable when they return."""
