"""An answer before it is written: its body, and what HTTP must know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

Body = dict[str, Any]
OPEN_GOVERNMENT: Final = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
Freshness = Literal["fixed", "moving", "revocable", "changes"]


class NotChecked(RuntimeError):
    """A body that depends on consent was asked of a reader that has not been through the barrier: our mistake."""


@dataclass(frozen=True)
class About:
    """`freshness` is the cache class; `published` dates what depends on nobody; `location` is the dated address where
    `latest` was asked for; `licence` where the licence is to be read."""

    freshness: Freshness
    published: datetime | None = None
    location: str | None = None
    licence: str = OPEN_GOVERNMENT


@dataclass(frozen=True)
class Answer:
    body: Body
    about: About


def about(depends: bool, published: datetime, location: str | None, licence: str) -> About:
    """Of an answer of one release: revocable, or else fixed under a dated address and moving under `latest`."""
    if depends:
        return About("revocable", None, location, licence)
    return About("moving" if location else "fixed", published, location, licence)
