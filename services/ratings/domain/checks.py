"""The gate of a release: what is checked, who may answer, and the digest that people sign."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

State = Literal["passed", "failed", "waiting"]
Evidence = Mapping[str, int | float | str]


class CheckName(StrEnum):
    RESULTS = "results"
    NUMBERS = "numbers"
    DISCLOSURE = "disclosure"
    REPLAY = "replay"
    CALIBRATION = "calibration"
    WHO_OPERATED = "who_operated"
    ASCERTAINMENT = "ascertainment"
    DEFINITIONS = "definitions"
    LEGAL_BASIS = "legal_basis"
    PREVIEW = "preview"
    SEEN_AGAIN = "seen_again"
    QUERIES = "queries"
    REPLIES = "replies"
    OUTLIERS = "outliers"
    DPIA = "dpia"
    ANNOUNCED = "announced"


TITLES: Final[Mapping[CheckName, str]] = {
    CheckName.RESULTS: "Every part of the results is on the disk as it was recorded",
    CheckName.NUMBERS: "No figure is NaN or infinite",
    CheckName.DISCLOSURE: "Small numbers are suppressed, and nobody who is withheld can be worked out",
    CheckName.REPLAY: "Computed again from the recorded inputs, the results are the same",
    CheckName.CALIBRATION: "Risk models tell risks apart and are calibrated",
    CheckName.WHO_OPERATED: "It is told of nearly every case who is responsible for it",
    CheckName.ASCERTAINMENT: "Enough of the cases were sent, by a count that somebody else made",
    CheckName.DEFINITIONS: "No indicator's definition is past its review",
    CheckName.LEGAL_BASIS: "Consent says who may be named, for every programme",
    CheckName.PREVIEW: "Those who are measured have had their time to look",
    CheckName.SEEN_AGAIN: "Whoever saw figures that are others now has seen the new ones",
    CheckName.QUERIES: "Every query about records has its answer",
    CheckName.REPLIES: "Every reply and commentary is moderated",
    CheckName.OUTLIERS: "Everybody with a result beyond the limits has been told",
    CheckName.DPIA: "A data protection impact assessment covers this release",
    CheckName.ANNOUNCED: "The day is announced",
}
BY_A_PERSON: Final = frozenset({
    CheckName.REPLAY, CheckName.CALIBRATION, CheckName.DEFINITIONS, CheckName.OUTLIERS, CheckName.DPIA,
    CheckName.WHO_OPERATED, CheckName.ASCERTAINMENT, CheckName.SEEN_AGAIN,
})  # fmt: skip
"""What a policy may leave to a person. No person's word can stand for any other check."""


@dataclass(frozen=True)
class Found:
    """What the computer found. `evidence` is signed; `now` moves by itself, as with decisions of consent, unsigned."""

    state: State
    evidence: Evidence = field(default_factory=dict)
    now: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Answered:
    """A person's word on one check of one submission."""

    passed: bool
    note: str
    person: str


@dataclass(frozen=True)
class Checked:
    """A check as the gate shows it. `answerable`: whether a person's word is asked for now, or was given."""

    name: CheckName
    state: State
    found: Found
    answerable: bool
    answer: Answered | None = None


def settled(name: CheckName, found: Found, mode: str | None, answer: Answered | None) -> Checked:
    """`mode` of the policy: None is the computer alone, whose finding no answer changes."""
    if mode is None:
        return Checked(name, found.state, found, answerable=False)
    if mode == "when_not_met" and found.state == "passed":  # an answer from before stays what was signed
        return Checked(name, "passed", found, answerable=False, answer=answer)
    if answer is None:
        return Checked(name, "waiting", found, answerable=True)
    return Checked(name, "passed" if answer.passed else "failed", found, answerable=True, answer=answer)


def gate_digest(release: str, submission: int, results_digest: str | None, checks: Sequence[Checked]) -> str:
    """Of everything that a signature stands for: states, evidence and answers; not of what moves by itself."""
    said = [
        {
            "check": one.name.value, "state": one.state, "evidence": dict(one.found.evidence),
            "answer": [one.answer.passed, one.answer.note, one.answer.person] if one.answer else None,
        }
        for one in checks
    ]  # fmt: skip
    whole = {"release": release, "submission": submission, "results_digest": results_digest, "checks": said}
    written = json.dumps(whole, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    return f"sha256:{hashlib.sha256(written).hexdigest()}"
