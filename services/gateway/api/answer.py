"""An answer before it is written: its body, and what HTTP must know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from services.gateway.view.depends import DependsOn

Body = dict[str, Any]
OPEN_GOVERNMENT: Final = "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/"
Freshness = Literal["fixed", "moving", "revocable", "changes"]


class NotChecked(RuntimeError):
    """A body that depends on consent was asked of a reader that has not been through the barrier: our mistake."""


@dataclass(frozen=True)
class About:
    """`freshness` is the cache class; `published` dates what depends on nobody; `location` is the dated address where
    `latest` was asked for; `licence` where the licence is to be read. A revocable answer says what it `depends_on`, so
    that it can be cut while it goes out (ValueError otherwise)."""

    freshness: Freshness
    published: datetime | None = None
    location: str | None = None
    licence: str = OPEN_GOVERNMENT
    depends_on: DependsOn | None = None

    def __post_init__(self) -> None:
        if (self.freshness == "revocable") != (self.depends_on is not None):
            raise ValueError("a revocable answer says what it depends on, and no other does")


@dataclass(frozen=True)
class Answer:
    body: Body
    about: About


def about(depends_on: DependsOn | None, published: datetime, location: str | None, licence: str) -> About:
    """Of an answer of one release: revocable, or else fixed under a dated address and moving under `latest`."""
    if depends_on is not None:
        return About("revocable", None, location, licence, depends_on)
    return About("moving" if location else "fixed", published, location, licence)
