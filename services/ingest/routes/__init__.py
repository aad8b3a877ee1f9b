"""The addresses of ingest, one module per resource."""

from services.ingest.routes import access, snapshots, sources, submissions

routers = [sources.router, submissions.router, snapshots.router, access.router]
