"""What is known about one consultant when somebody asks whether they may be named."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from shared.contracts.consent import Purpose, Regime


class Word(StrEnum):
    """The present decision. `not_sought` is the absence of any event: silence is not consent."""

    NOT_SOUGHT = "not_sought"
    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class NoticeState(StrEnum):
    """Whether this person was told: not on record, told but the notice period still runs, or told in time."""

    NONE = "none"
    RUNNING = "running"
    SERVED = "served"


class CaseState(StrEnum):
    """What became of a rights case or a legal review."""

    OBJECTION_OPEN = "objection_open"
    OBJECTION_UPHELD = "objection_upheld"
    OBJECTION_REJECTED = "objection_rejected"
    SIGN_OFF = "sign_off"


@dataclass(frozen=True)
class Span:
    """Days from `first` to `last`, both included; an end that is missing is open."""

    first: date | None = None
    last: date | None = None

    def covers(self, other: "Span") -> bool:
        """Whether every day of `other` lies within."""
        begins = self.first is None or (other.first is not None and self.first <= other.first)
        ends = self.last is None or (other.last is not None and other.last <= self.last)
        return begins and ends

    def holds(self, day: date) -> bool:
        return self.covers(Span(day, day))


ALWAYS = Span()


@dataclass(frozen=True)
class Basis:
    """A dated ground in law for naming people, for one programme and the purposes it lists and no others.

    `valid` is when the ground is in force, `scope` which periods of care it reaches. Publication must wait
    `notice_days` after a person was told by a notice of version `notice_version` or later.
    """

    id: str
    regime: Regime
    programme: str
    purposes: frozenset[Purpose]
    valid: Span
    scope: Span = ALWAYS
    notice_version: int = 1
    notice_days: int = 0


@dataclass(frozen=True)
class Decision:
    """What the person decided for one programme and purpose, for the periods of care in `scope`."""

    programme: str
    purpose: Purpose
    word: Word
    scope: Span = ALWAYS


@dataclass(frozen=True)
class Informed:
    programme: str
    purpose: Purpose
    notice: NoticeState


@dataclass(frozen=True)
class Case:
    programme: str
    state: CaseState


@dataclass(frozen=True)
class Facts:
    """All that is known of one person. What is not listed did not happen."""

    bases: tuple[Basis, ...] = ()
    decisions: tuple[Decision, ...] = ()
    informed: tuple[Informed, ...] = ()
    cases: tuple[Case, ...] = ()
    restricted: bool = False
    naming_on: bool = False  # the programme's switch for naming who refused


@dataclass(frozen=True)
class Question:
    """May this person be named for `programme` and `purpose`, on the day `at`, with care of `period`?

    The default asks for care of any period, and only an unlimited scope answers that.
    """

    programme: str
    purpose: Purpose
    at: date
    period: Span = ALWAYS
