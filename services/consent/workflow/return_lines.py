"""Lines of a return: what consultants answered to somebody else, one decision a line.

A withdrawal is read as leniently as hiding somebody allows: number, programme and purpose are enough. Everything else
must be right in every cell.
"""

from dataclasses import replace
from datetime import date
from typing import Final

from services.consent.domain.judging import Law
from services.consent.domain.lines import Cells, Fault
from services.consent.domain.standing import Subject
from services.consent.policies import Policy
from services.consent.workflow.book import Note
from services.consent.workflow.register_lines import GMC, SEVEN_DIGITS
from shared.contracts.consent import Act, Purpose

COLUMNS: Final = ("gmc", "programme", "purpose", "act", "notice_version", "decided_on", "evidence")
ACTS: Final = (Act.ASKED, Act.GIVEN, Act.REFUSED, Act.WITHDRAWN)
CHANNEL: Final = "return"
LONGEST_EVIDENCE: Final = 200
BUNDLES: Final = frozenset({"all", "any", "every", "*"})
SEPARATORS: Final = frozenset(",;+|&/ ")


def read_return(cells: Cells, policy: Policy, law: Law, today: date) -> Note | Fault:
    """The note that the line asks for, or why it cannot be one; its subject has the number where an alias belongs. Says
    nothing yet about what already stands."""
    subject = _subject(cells, policy, law)
    if isinstance(subject, Fault):
        return subject
    if cells["act"] not in ACTS:
        return Fault("unknown-act", "act", cells["act"], ", ".join(ACTS))
    act = Act(cells["act"])
    day = _day(cells["decided_on"], today)
    evidence = cells["evidence"] or None
    if act is Act.WITHDRAWN:
        kept = evidence if evidence and _evidence_holds(evidence) else None
        return Note(subject, act, None, today if isinstance(day, Fault) else day, CHANNEL, kept)
    if isinstance(day, Fault):
        return day
    if evidence and not _evidence_holds(evidence):
        return Fault(
            "bad-evidence", "evidence", f"{len(evidence)} characters", f"up to {LONGEST_EVIDENCE} printable characters"
        )
    return _under_notice(Note(subject, act, None, day, CHANNEL, evidence), cells["notice_version"], policy)


def _subject(cells: Cells, policy: Policy, law: Law) -> Subject | Fault:
    gmc, programme, purpose = cells["gmc"], cells["programme"], cells["purpose"]
    if not GMC.fullmatch(gmc):
        return Fault("bad-number", "gmc", gmc, SEVEN_DIGITS)
    if programme not in policy.programmes:
        return Fault("unknown-programme", "programme", programme, "a programme of the policy")
    known = law.purposes(programme)
    if purpose in BUNDLES or SEPARATORS & set(purpose):
        return Fault("bundled-purposes", "purpose", purpose, "one purpose: " + " or ".join(known))
    if purpose not in set(known):
        return Fault("unknown-purpose", "purpose", purpose, " or ".join(known))
    return Subject(gmc, programme, Purpose(purpose))


def _day(text: str, today: date) -> date | Fault:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or day > today:
        return Fault("bad-date", "decided_on", text, "a day as YYYY-MM-DD, not after today")
    return day


def _under_notice(note: Note, text: str, policy: Policy) -> Note | Fault:
    if not text and note.act is not Act.GIVEN:
        return note
    known = text.isascii() and text.isdigit() and len(text) < 10
    if not known or not policy.notice_served(note.subject.programme, int(text), note.day):
        return Fault("unknown-notice", "notice_version", text, "a version of the notice in use on that day")
    entry = policy.notice(note.subject.programme, int(text), note.day)
    return replace(note, notice_version=int(text), notice_sha256=entry.sha256 if entry else None)


def _evidence_holds(evidence: str) -> bool:
    return len(evidence) <= LONGEST_EVIDENCE and evidence.isprintable()
