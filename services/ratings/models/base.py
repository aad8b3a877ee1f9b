"""The base of every table that this service owns."""

from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class RatingsTable(SQLModel, registry=registry()):
    """Base of every table this service owns; its migrations see no others."""
