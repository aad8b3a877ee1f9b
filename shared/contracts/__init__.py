"""Shapes that cross a boundary between services. Pydantic only, no behaviour, nothing of ours imported."""
