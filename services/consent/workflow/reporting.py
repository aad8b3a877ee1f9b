"""The report of an import: one fate for every line, kept with what it reports."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.consent.domain.lines import Fault, Sheet
from services.consent.store import Writing
from services.consent.workflow.office import stamp
from shared.contracts.consent import ImportEffect, ImportKind, ImportReport

Judged = list[tuple[int, Fault | None]]


@dataclass(frozen=True)
class Sent:
    """A file as it arrived: its kind, who sent it, when, and whether to leave everything as it is. `of` is the import
    whose lines waited."""

    kind: ImportKind
    actor: str
    at: datetime
    dry_run: bool = False
    of: str | None = None


def keep_report(
    tx: Writing, sent: Sent, sheet: Sheet, judged: Judged, effect: Sequence[ImportEffect] = ()
) -> ImportReport:
    """Count the fates, and keep the report."""
    problems = [fault.at(number) for number, fault in judged if fault]
    duplicate, quarantined, waiting = (
        sum(line.fate == fate for line in problems) for fate in ("duplicate", "quarantined", "waiting")
    )
    report = ImportReport(
        id="i-" + secrets.token_hex(6), kind=sent.kind, dry_run=sent.dry_run, lines=sheet.lines,
        header=sheet.lines - len(sheet.data) - sheet.blank, applied=len(judged) - len(problems), duplicate=duplicate,
        quarantined=quarantined, waiting=waiting, blank=sheet.blank, revision=tx.end_of_ledger.revision,
        effect=list(effect), needs_second_person=waiting > 0, of=sent.of, problems=problems,
    )  # fmt: skip
    tx.keep_report(report.id, stamp(sent.at), sent.actor, report.model_dump_json())
    return report
