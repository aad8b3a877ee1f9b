"""Queries for some values only, however many they are."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select
from sqlmodel import Session

from shared.kit.bulk import among

MOST_BOUND: Final = 500  # values in one IN list: more than a page of them


def only(
    session: Session, query: Select[*tuple[Any, ...]], column: ColumnElement[str], values: Sequence[str] | None
) -> Select[*tuple[Any, ...]]:
    """The query for everything, or for these values only."""
    if values is None:
        return query
    return query.where(column.in_(values) if len(values) <= MOST_BOUND else among(session, column, values))
