"""What the audit has found, each with its proof. Pure."""

from dataclasses import dataclass, field
from typing import Any, Final

KINDS: Final = {
    "derivable": "a hidden figure can be worked out more closely than the policy allows",
    "shown": "somebody who may not be named is shown",
    "limits_reveal": "the limits of a row give away its count",
    "residual": "what a unit's total leaves cannot belong to a safe set of hidden people",
    "forms_differ": "two formats disagree, or one shows more than another",
    "count": "a count tells of rows that are not shown",
    "absent_with_figure": "a row without a figure has one",
    "release_differs": "one release hides what another shows",
    "side_told": "a row tells on which side of a minimum of cases a total lies that is not shown",
    "announced": "a row is served that was announced as not published",
    "exists": "an address tells a hidden person from a number that nobody holds",
}


@dataclass(frozen=True)
class Equation:
    """One line of a proof: what is known, and from where."""

    says: str
    url: str = ""


@dataclass(frozen=True)
class Finding:
    """`at`: release, indicator, period, who, as far as they apply. `fraction`: width over need; None where the finding
    is not about an interval."""

    kind: str
    words: str
    at: dict[str, str]
    proof: tuple[Equation, ...] = ()
    interval: tuple[float, float] | None = None
    width_needed: float | None = None
    fraction: float | None = None

    def body(self) -> dict[str, Any]:
        told: dict[str, Any] = {"kind": self.kind, "meaning": KINDS[self.kind], "words": self.words, "at": self.at}
        if self.interval is not None:
            told["interval"] = {"low": self.interval[0], "high": self.interval[1]}
        told |= {name: one for name, one in (("width_needed", self.width_needed), ("width_over_need", self.fraction))
                 if one is not None}  # fmt: skip
        return told | {"proof": [{"says": one.says, "url": one.url} for one in self.proof]}


@dataclass
class Found:
    """All of a run: findings, and notes on what was not read or could not be judged."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, kind: str, words: str, at: dict[str, str], *proof: Equation) -> None:
        self.findings.append(Finding(kind, words, at, proof))

    def note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)
