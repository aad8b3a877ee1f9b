"""The addresses of ingest, one module per resource."""

from services.ingest.routes import access, feeds, profiles, receipts, revisions, snapshots, sources, submissions

routers = [
    sources.router,
    feeds.router,
    submissions.router,
    receipts.router,
    profiles.router,
    revisions.router,
    snapshots.router,
    access.router,
]
