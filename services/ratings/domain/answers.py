"""Rules of what subjects say before publication: who may speak for what, how long, and to which figures."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Final

import polars as pl

FILE: Final = Path(__file__).with_name("answers.toml")
DECIMALS: Final = 2  # of figures as published: what the public cannot see does not make a text out of date
ROUNDED: Final = ("expected", "ratio", "estimate", "interval_lower", "interval_upper")
EXACT: Final = ("status", "reason", "cases", "observed", "position", "not_rated_reason")
WORDS: Final = ("word", "verdict")
"""What another body says of a subject. Where it says nothing, the digest is what it was before there were these."""
LEVELS: Final[Mapping[str, str]] = {"consultant": "consultant", "lead": "provider", "practice": "provider"}
"""role -> the level whose results are its own; in this order where an account has several."""
AUTHORS: Final[Mapping[str, str]] = {"consultant": "consultant", "lead": "lead clinician", "practice": "practice"}
"""role -> what the public is told of the author: never a name."""
BEYOND: Final = ("above_control", "below_control")
INVITED: Final = (pl.col("status") == "published") & pl.col("position").is_in(BEYOND)
"""Rows whose subject is asked to reply: by position alone, so that it says nothing of whether a case is open."""


class Kind(StrEnum):
    REPLY = "reply"
    COMMENTARY = "commentary"
    COMMENT = "comment"

    @classmethod
    def for_the_public(cls) -> tuple["Kind", ...]:
        return cls.REPLY, cls.COMMENTARY


class State(StrEnum):
    """`replaced` by a later text of the same subject; `withdrawn` by it; `kept`: a comment, which nobody moderates
    because the public never sees it."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    KEPT = "kept"


@dataclass(frozen=True)
class Policy:
    """How many words each kind of text may have."""

    version: str
    words: Mapping[Kind, int]


@cache
def policy(file: Path = FILE) -> Policy:
    """Raises ValueError where the file does not say it for each kind."""
    read = tomllib.loads(file.read_text(encoding="utf-8"))
    words = {Kind(name): int(most) for name, most in read["words"].items()}
    if set(words) != set(Kind) or min(words.values()) < 1:
        raise ValueError(f"{file.name}: a number of words for each of {', '.join(Kind)}, at least 1")
    return Policy(str(read["version"]), words)


def words_in(text: str) -> int:
    return len(text.split())


def window_open(today: date, until: date | None) -> bool:
    """`until` is the last day on which something may be sent, in London; None where no window was set."""
    return until is None or today <= until


def is_invited(row: Mapping[str, Any]) -> bool:
    """As `INVITED`, of one row."""
    return row["status"] == "published" and row["position"] in BEYOND


def figures_digest(row: Mapping[str, Any]) -> str:
    """Of a row of the frame `results`: equal where the public would read the same figures."""
    exact = [row[name] for name in EXACT] + [row[name] for name in WORDS if row.get(name) is not None]
    near = [None if row[name] is None else round(row[name], DECIMALS) for name in ROUNDED]
    return hashlib.sha256(json.dumps([exact, near]).encode()).hexdigest()


def figures_of_all(figures: Mapping[tuple[str, str, str, str], str], who: tuple[str, str]) -> str:
    """The digest of all results of one subject."""
    own = sorted((key, digest) for key, digest in figures.items() if key[:2] == who)
    return hashlib.sha256(json.dumps(own).encode()).hexdigest()
