"""The addresses of ingest, one module per resource."""

from services.ingest.routes import access, profiles, snapshots, sources, submissions

routers = [sources.router, submissions.router, profiles.router, snapshots.router, access.router]
