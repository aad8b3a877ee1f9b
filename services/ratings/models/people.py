"""Signed-in browsers."""

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field

from services.ratings.models.base import RatingsTable
from shared.kit.times import UtcTime


class SessionRow(RatingsTable, table=True):
    """One signed-in browser, known by the hash of what its cookie holds. `stamp` is the digest of the account as it
    was; `fresh_at` when a password was last given; `messages` wait for the next page."""

    __tablename__ = "session"

    id_hash: str = Field(primary_key=True)
    account: str = Field(index=True)
    roles: str
    subject: str | None = None
    stamp: str
    csrf: str
    created_at: datetime = Field(sa_type=UtcTime)
    seen_at: datetime = Field(sa_type=UtcTime)
    fresh_at: datetime = Field(sa_type=UtcTime)
    messages: list[dict[str, str]] = Field(sa_type=JSON)
