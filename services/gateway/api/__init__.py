"""The public API: one module per resource; bodies are built by pure functions from rows of the view."""
