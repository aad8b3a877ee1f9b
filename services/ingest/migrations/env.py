"""Run by Alembic: the tables of ingest and no others."""

from services.ingest.models import IngestTable
from shared.kit.migrating import run

run(IngestTable.metadata)
