"""Between rows of the database and the words of the domain."""

from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import RowMapping

from services.consent.domain.facts import Word
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry
from shared.contracts.consent import Act, Purpose


def subject_of(row: RowMapping) -> Subject:
    return Subject(row["gmc"], row["programme"], Purpose(row["purpose"]))


def standing_of(row: RowMapping) -> Standing:
    return Standing(
        word=Word(row["word"]),
        notice_version=row["notice_version"],
        decided_on=_day(row["decided_on"]),
        revision=row["revision"],
        informed_version=row["informed_version"],
        informed_on=_day(row["informed_on"]),
        told="named" if row["told"] == "named" else "withheld",
    )


def row_of(subject: Subject, standing: Standing) -> dict[str, Any]:
    values = asdict(standing) | {"word": standing.word.value}
    for name in ("decided_on", "informed_on"):
        values[name] = values[name] and values[name].isoformat()
    return key_of(subject) | values


def key_of(subject: Subject) -> dict[str, str]:
    return {"gmc": subject.gmc, "programme": subject.programme, "purpose": subject.purpose.value}


def entry_of(row: RowMapping) -> Entry:
    return Entry(**dict(row) | {"purpose": Purpose(row["purpose"]), "act": Act(row["act"])})


def columns_of(entry: Entry) -> dict[str, Any]:
    return vars(entry) | {"purpose": entry.purpose.value, "act": entry.act.value}


def number_of(incarnation: str) -> int:
    """How many processes have had the name, this one included."""
    return int(incarnation.partition("-")[0])


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
