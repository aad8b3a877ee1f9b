"""What disclosure control remembers from view to view."""

from sqlalchemy import LargeBinary
from sqlmodel import Field

from services.ratings.models.base import RatingsTable


class HiddenUnitRow(RatingsTable, table=True):
    """A unit that a view of this release has hidden: it stays hidden in this release."""

    __tablename__ = "hidden_unit"

    release: str = Field(primary_key=True, foreign_key="release.id")
    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)


class BakesRow(RatingsTable, table=True):
    """How many views of an indicator and period have gone live, over all releases."""

    __tablename__ = "bakes"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    bakes: int


class HiddenSinceRow(RatingsTable, table=True):
    """A consultant whom no readable view shows, and the bake since which none has."""

    __tablename__ = "hidden_since"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    since: int


class SecretSinceRow(RatingsTable, table=True):
    """A consultant whose figures may not be published, and the bake since which that is so without a break."""

    __tablename__ = "secret_since"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    consultant: str = Field(primary_key=True)
    since: int


class TotalShownRow(RatingsTable, table=True):
    """The last bake whose view showed the total of a unit, in whichever release."""

    __tablename__ = "total_shown"

    indicator: str = Field(primary_key=True)
    period: str = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    until: int


class KeyringRow(RatingsTable, table=True):
    """The key of the partners' order: one for the life of the service."""

    __tablename__ = "keyring"

    id: int = Field(primary_key=True)
    partner_order: bytes = Field(sa_type=LargeBinary)
