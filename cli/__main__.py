"""`python -m cli` is `candour`."""

from cli.main import app

app()
