"""The addresses of ingest, one module per resource."""

from services.ingest.routes import access, feeds, profiles, revisions, snapshots, sources, submissions

routers = [
    sources.router,
    feeds.router,
    submissions.router,
    profiles.router,
    revisions.router,
    snapshots.router,
    access.router,
]
