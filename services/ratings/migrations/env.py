"""Alembic's entry: the scripts beside this file, on this service's tables only."""

from services.ratings.models import METADATA
from shared.kit.migrating import run

run(METADATA)
