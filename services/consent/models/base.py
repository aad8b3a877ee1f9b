"""What every table of the consent service is made of."""

from typing import cast

from sqlalchemy import Table
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class ConsentTable(SQLModel, registry=registry()):
    """Base of every table this service owns; its migrations see no others."""


def table_of(row: type[ConsentTable]) -> Table:
    return cast(Table, row.__table__)  # type: ignore[attr-defined]  # added by the mapper, which mypy does not see
