"""Lines of a return: what consultants answered to somebody else, one act and one purpose a line.

What hides is read as leniently as hiding somebody allows: number, programme and purpose are enough. Everything else
must be right in every cell.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from services.consent.domain.facts import ALWAYS, Span
from services.consent.domain.judging import Judge
from services.consent.domain.lines import Cells, Columns, Fault
from services.consent.domain.standing import Subject
from services.consent.policies import Policy
from services.consent.store import Person
from services.consent.workflow.book import Note
from services.consent.workflow.register_lines import GMC, LONGEST_SLUG, ODS, ONE_CODE, SEVEN_DIGITS, SLUG, shown
from shared.contracts.consent import Act, Purpose

COLUMNS: Final = Columns(
    ("gmc", "programme", "purpose", "act", "notice_version", "decided_on", "evidence"),
    ("scope_from", "scope_to", "reason", "channel"),
)
ACTS: Final = (Act.ASKED, Act.GIVEN, Act.REFUSED, Act.WITHDRAWN, Act.OBJECTION_RAISED, Act.RESTRICTED)
LENIENT: Final = frozenset({Act.WITHDRAWN, Act.OBJECTION_RAISED, Act.RESTRICTED})
HIDING: Final = LENIENT | {Act.REFUSED}
CHANNEL: Final = "return"
LONGEST_EVIDENCE: Final = 200
BUNDLES: Final = frozenset({"all", "any", "every", "*"})
SEPARATORS: Final = frozenset(",;+|&/ ")
A_DAY: Final = "a day as YYYY-MM-DD"

Served = tuple[int, str] | Fault  # a version of the notice and the digest of its wording


class ReturnReader:
    """Reads lines under one policy and law, on one day. Says nothing yet about what already stands."""

    def __init__(self, policy: Policy, judge: Judge, people: Mapping[str, Person]) -> None:
        self.policy, self.law, self.today, self.people = policy, judge.law, judge.at, people
        self.purposes = {name: judge.law.purposes(name) for name in policy.programmes}
        self.days: dict[str, date | None] = {}
        self.served: dict[tuple[str, str, date], Served] = {}

    def read(self, cells: Cells) -> Note | Fault:
        """The note that the line asks for, or why it cannot be one. Its subject has the alias, or the number where
        nobody of that number is on the register."""
        subject = self._subject(cells)
        if isinstance(subject, Fault):
            return subject
        if cells["act"] not in ACTS:
            return Fault("unknown-act", "act", shown(cells["act"]), ", ".join(ACTS))
        act = Act(cells["act"])
        return self._hiding(subject, act, cells) if act in LENIENT else self._strict(subject, act, cells)

    def _subject(self, cells: Cells) -> Subject | Fault:
        number, programme, purpose = cells["gmc"], cells["programme"], cells["purpose"]
        if not (GMC.fullmatch(number) or ODS.fullmatch(number)):
            return Fault("bad-number", "gmc", shown(number), f"{SEVEN_DIGITS}, or {ONE_CODE}")
        known = self.purposes.get(programme)
        if known is None:
            return Fault("unknown-programme", "programme", shown(programme), "a programme of the policy")
        if purpose in BUNDLES or SEPARATORS & set(purpose):
            return Fault("bundled-purposes", "purpose", shown(purpose), "one purpose a line: " + " or ".join(known))
        if purpose not in known:
            return Fault("unknown-purpose", "purpose", shown(purpose), " or ".join(known))
        person = self.people.get(number)
        return Subject(person.alias if person else number, programme, Purpose(purpose))

    def _hiding(self, subject: Subject, act: Act, cells: Cells) -> Note:
        day, evidence, channel = self._day(cells["decided_on"]), cells["evidence"], cells.get("channel", "")
        kept = evidence if evidence and _evidence_holds(evidence) else None
        known = channel if channel and _is_slug(channel) else CHANNEL
        return Note(subject, act, None, self.today if day is None or day > self.today else day, known, kept)

    def _strict(self, subject: Subject, act: Act, cells: Cells) -> Note | Fault:
        day, evidence, channel = self._day(cells["decided_on"]), cells["evidence"], cells.get("channel") or CHANNEL
        if day is None or day > self.today:
            return Fault("bad-date", "decided_on", shown(cells["decided_on"]), f"{A_DAY}, not after today")
        if not _evidence_holds(evidence):
            expected = f"up to {LONGEST_EVIDENCE} printable characters"
            return Fault("bad-evidence", "evidence", f"{len(evidence)} characters", expected)
        if not _is_slug(channel):
            return Fault("bad-channel", "channel", shown(channel), "small letters, digits, single hyphens")
        fault = self._reason_fault(act, cells.get("reason", ""))
        scope = self._scope(cells.get("scope_from", ""), cells.get("scope_to", ""))
        if fault or isinstance(scope, Fault):
            return fault or scope  # type: ignore[return-value]  # one of them is a fault
        note = Note(subject, act, None, day, channel, evidence or None, scope, cells.get("reason") or None)
        return self._under_notice(note, cells["notice_version"])

    def _reason_fault(self, act: Act, reason: str) -> Fault | None:
        if not reason or (act is Act.REFUSED and reason in self.policy.reasons):
            return None
        known = ", ".join(self.policy.reasons)
        return Fault("unknown-reason", "reason", shown(reason), f"for a refusal only, one of: {known}; or nothing")

    def _scope(self, first: str, last: str) -> Span | Fault:
        """Care of which period; an empty cell is an open end."""
        if not first and not last:
            return ALWAYS
        days = [self._day(text) if text else None for text in (first, last)]
        for column, text, day in zip(("scope_from", "scope_to"), (first, last), days, strict=True):
            if text and day is None:
                return Fault("bad-scope", column, shown(text), f"{A_DAY}, or nothing for an open end")
        span = Span(*days)
        if span.first and span.last and span.last < span.first:
            return Fault("bad-scope", "scope_to", shown(last), "not before scope_from")
        return span

    def _under_notice(self, note: Note, text: str) -> Note | Fault:
        if not text and note.act is not Act.GIVEN:
            return note
        key = (note.subject.programme, text, note.day)
        served = self.served.get(key) or self.served.setdefault(key, self._served(*key))
        if isinstance(served, Fault):
            return served
        return replace(note, notice_version=served[0], notice_sha256=served[1])

    def _served(self, programme: str, text: str, day: date) -> Served:
        known = text.isascii() and text.isdigit() and len(text) < 10
        found = self.policy.notice(programme, int(text), day) if known else None
        if found is None:
            expected = "a version of the notice in use on that day"
            return Fault("unknown-notice", "notice_version", shown(text), expected)
        return found.version, found.sha256

    def _day(self, text: str) -> date | None:
        if text not in self.days:
            self.days[text] = _day(text)
        return self.days[text]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _is_slug(text: str) -> bool:
    return len(text) <= LONGEST_SLUG and SLUG.fullmatch(text) is not None


def _evidence_holds(evidence: str) -> bool:
    return len(evidence) <= LONGEST_EVIDENCE and evidence.isprintable()
