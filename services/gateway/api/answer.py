"""An answer before it is written: its body, and what HTTP must know of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Body = dict[str, Any]
Freshness = Literal["fixed", "moving", "revocable", "changes"]


class NotChecked(RuntimeError):
    """A body that depends on consent was asked of a reader that has not been through the barrier: our mistake."""


@dataclass(frozen=True)
class About:
    """`freshness` is the cache class; `published` dates what depends on nobody; `location` is the dated address where
    `latest` was asked for."""

    freshness: Freshness
    published: datetime | None = None
    location: str | None = None


@dataclass(frozen=True)
class Answer:
    body: Body
    about: About


def about(depends: bool, published: datetime, location: str | None) -> About:
    """Of an answer of one release: revocable, or else fixed under a dated address and moving under `latest`."""
    if depends:
        return About("revocable", None, location)
    return About("moving" if location else "fixed", published, location)
