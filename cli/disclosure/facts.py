"""Everything that was read, put together: for each row the union of what all formats said, and where."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cli.disclosure.fetching import CouldNotJudge
from cli.disclosure.numbers import Span
from cli.disclosure.rows import NUMBERS, Row, key_of

FORM: Final = 1
STEPS: Final = {"counts-1-7": 5.0}  # patient rules that round: to the nearest so many

Key = tuple[str, str, str, str, str]  # release, level, subject, indicator, period


@dataclass(frozen=True)
class Card:
    """The size of a risk model as its card prints it, with what it was rounded to."""

    cases: Span
    events: Span
    where: str


@dataclass
class Facts:
    """What one run has read. `rules`: the patient rule of an indicator, where its definition names one. `gated`:
    releases and indicators in which nobody is compared who works where too many cases are missing; of now only."""

    read: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    rows: dict[Key, Row] = field(default_factory=dict)
    where: dict[Key, str] = field(default_factory=dict)
    cards: dict[tuple[str, str, str], Card] = field(default_factory=dict)
    rules: dict[tuple[str, str], str] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)
    gated: set[tuple[str, str]] = field(default_factory=set)
    count: int = 0

    def add(self, release: str, row: Row, where: str) -> None:
        """What is told first of a figure stays; another form that contradicts it is a finding of its own."""
        key = (release, *key_of(row))
        known = self.rows.setdefault(key, {})
        self.where.setdefault(key, where)
        self.count += sum(1 for name in NUMBERS if name in row)
        for name, text in row.items():
            known.setdefault(name, text)

    def step(self, release: str, indicator: str) -> float | None:
        return STEPS.get(self.rules.get((release, indicator), ""))

    @property
    def releases(self) -> list[str]:
        return sorted({key[0] for key in self.rows})

    # Kept for a later run, which judges the union of what was served

    def save(self, file: Path) -> None:
        rows = [[*key, row, self.where[key]] for key, row in sorted(self.rows.items())]
        cards = [[*key, *_ends(card.cases), *_ends(card.events), card.where] for key, card in self.cards.items()]
        rules = [[*key, rule] for key, rule in self.rules.items()]
        told = {"candour_facts": FORM, "read": self.read, "rows": rows, "cards": cards, "rules": rules,
                "regions": self.regions}  # fmt: skip
        file.write_text(json.dumps(told, separators=(",", ":")))

    @classmethod
    def load(cls, file: Path) -> "Facts":
        """Raises CouldNotJudge where this is no file that `--save` has written."""
        try:
            told: Any = json.loads(file.read_text())
            if told["candour_facts"] != FORM:
                raise ValueError(f"its form is {told['candour_facts']}, and {FORM} is expected")
            found = cls(read=told["read"], regions=told["regions"])
            for release, level, subject, indicator, period, row, where in told["rows"]:
                key = (release, level, subject, indicator, period)
                found.rows[key], found.where[key] = row, where
            for release, indicator, period, *ends, where in told["cards"]:
                card = Card(Span(ends[0], ends[1]), Span(ends[2], ends[3]), where)
                found.cards[release, indicator, period] = card
            found.rules = {(release, indicator): rule for release, indicator, rule in told["rules"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CouldNotJudge(f"{file} is not what --save writes: {error}") from None
        return found


def together(readings: Sequence[Facts]) -> Facts:
    """What somebody knows who kept all of it; of a row that was read several times what was read last."""
    whole = Facts(read=readings[-1].read, regions=dict(readings[-1].regions))
    for one in reversed(readings):
        for key, row in one.rows.items():
            whole.add(key[0], row, one.where[key])
        whole.rules = one.rules | whole.rules
    return whole


def _ends(span: Span) -> tuple[float, float]:
    return span.low, span.high
