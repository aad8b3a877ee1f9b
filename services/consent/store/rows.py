"""Between rows of the database and the words of the domain."""

from datetime import date
from typing import Any, cast

from sqlalchemy import RowMapping

from services.consent.domain.facts import Span, Word
from services.consent.domain.standing import ObjectionState, Standing, Subject
from services.consent.ledger import Entry, purpose_of
from shared.contracts.consent import Act, Purpose


def subject_of(row: RowMapping) -> Subject:
    return Subject(row["subject"], row["programme"], Purpose(row["purpose"]))


def standing_of(row: RowMapping) -> Standing:
    return Standing(
        word=Word(row["word"]),
        notice_version=row["notice_version"],
        decided_on=_day(row["decided_on"]),
        revision=row["revision"],
        informed_version=row["informed_version"],
        informed_on=_day(row["informed_on"]),
        told="named" if row["told"] == "named" else "withheld",
        scope=Span(_day(row["scope_from"]), _day(row["scope_to"])),
        reason=row["reason"],
        objection=cast(ObjectionState | None, row["objection"]),
        restricted=bool(row["restricted"]),
        signed_off=bool(row["signed_off"]),
    )


def row_of(subject: Subject, standing: Standing) -> dict[str, Any]:
    return key_of(subject) | {
        "word": standing.word.value,
        "notice_version": standing.notice_version,
        "decided_on": _text(standing.decided_on),
        "revision": standing.revision,
        "informed_version": standing.informed_version,
        "informed_on": _text(standing.informed_on),
        "told": standing.told,
        "scope_from": _text(standing.scope.first),
        "scope_to": _text(standing.scope.last),
        "reason": standing.reason,
        "objection": standing.objection,
        "restricted": int(standing.restricted),
        "signed_off": int(standing.signed_off),
    }


def key_of(subject: Subject) -> dict[str, str]:
    return {"subject": subject.id, "programme": subject.programme, "purpose": subject.purpose.value}


def entry_of(row: RowMapping) -> Entry:
    return Entry(**dict(row) | {"purpose": purpose_of(row["purpose"]), "act": Act(row["act"])})


def columns_of(entry: Entry) -> dict[str, Any]:
    return vars(entry) | {"purpose": str(entry.purpose), "act": entry.act.value}


def number_of(incarnation: str) -> int:
    """How many processes have had the name, this one included."""
    return int(incarnation.partition("-")[0])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _text(day: date | None) -> str | None:
    return day.isoformat() if day else None
