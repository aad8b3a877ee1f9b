"""What disclosure control remembers from view to view."""

from sqlalchemy import LargeBinary
from sqlmodel import Field

from services.ratings.models.base import RatingsTable


class HiddenUnitRow(RatingsTable, table=True):
    """A unit that a view of this release has hidden, under the rule before 2026.2."""

    __tablename__ = "hidden_unit"

    release: str = Field(primary_key=True, foreign_key="release.id")
    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)


class BakesRow(RatingsTable, table=True):
    """How many moments an indicator and period has had: one for every bake over all readable releases, and one for
    every withdrawal in between."""

    __tablename__ = "bakes"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    bakes: int


class HiddenSinceRow(RatingsTable, table=True):
    """A consultant whom no readable view shows, and the moment since which none has."""

    __tablename__ = "hidden_since"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    since: int


class SecretSinceRow(RatingsTable, table=True):
    """A consultant whose figures may not be published, and the moment since which that is so without a break.
    `kept_back`: they may be again, and the newest views hide them one bake more."""

    __tablename__ = "secret_since"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    since: int
    kept_back: bool


class TotalShownRow(RatingsTable, table=True):
    """The last moment at which a view of this release showed the total of a unit."""

    __tablename__ = "total_shown"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    release: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    until: int


class NamedRow(RatingsTable, table=True):
    """Under which key consent tells of a person who could be named at the last bake: so that a withdrawal, of which
    consent tells the key alone, has its place among others."""

    __tablename__ = "named"

    programme: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    key: str


class KeyringRow(RatingsTable, table=True):
    """The key of the partners' order: one for the life of the service."""

    __tablename__ = "keyring"

    id: int = Field(primary_key=True)
    partner_order: bytes = Field(sa_type=LargeBinary)
