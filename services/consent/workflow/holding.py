"""What of a large return waits for a second person, and what becomes of it."""

import csv
from dataclasses import replace
from datetime import datetime
from io import StringIO
from typing import Final

from services.consent.domain.lines import Cells, Columns, Fault, Sheet, of_csv
from services.consent.problems import SamePerson, StepNotAllowed
from services.consent.store import Reading, Writing, waiting
from services.consent.store.trails import Trace
from services.consent.store.waiting import HeldLines
from services.consent.workflow import return_lines
from services.consent.workflow.office import Office, stamp
from services.consent.workflow.register_lines import ERASED
from services.consent.workflow.reporting import Sent, keep_report
from services.consent.workflow.return_desk import Desk, Found
from services.consent.workflow.returns import Sent as Key
from services.consent.workflow.returns import sent as key_of
from services.consent.workflow.trail import keep_trail
from shared.contracts.consent import ImportEffect, ImportReport, Waiting, WaitingImport
from shared.kit.problems import NotFound

NAMES: Final = (*return_lines.COLUMNS.needed, *return_lines.COLUMNS.optional)
NO_IMPORT: Final = "No import has this number."
PUT_OUT: Final = Fault("erased-person", None, "a line that was erased", ERASED)


def report_of(office: Office, import_id: str) -> ImportReport:
    """Raises NotFound."""
    with office.reading() as tx:
        return _report(tx, import_id)


def waiting_imports(office: Office) -> list[WaitingImport]:
    """The returns of which lines wait, the oldest first."""
    with office.reading() as tx:
        return [
            WaitingImport(
                id=one.id, lines=len(one.numbers), effect=_effect(one), proposed_by=one.proposed_by,
                proposed_at=datetime.fromisoformat(one.proposed_at),
            )
            for one in waiting.waiting(tx.session)
        ]  # fmt: skip


def hold_lines(tx: Writing, report: ImportReport, sheet: Sheet, by: Sent) -> None:
    """Keep the lines of the report that wait, as they were sent, in the transaction of the report."""
    cells = {number: found for number, found in sheet.data if not isinstance(found, Fault)}
    numbers = tuple(line.line for line in report.problems if line.fate == "waiting")
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([cells[number].get(name, "") for name in NAMES] for number in numbers)
    effect = tuple(one.model_dump() for one in report.effect)
    held = HeldLines(report.id, tx.end_of_ledger.revision, numbers, text.getvalue(), effect, by.actor, stamp(by.at))
    waiting.hold(tx.session, held)


def waits_already(desk: Desk) -> set[Key]:
    """The lines of other returns that wait."""
    lines = [pair for held in waiting.waiting(desk.tx.session) for pair in _lines(held)]
    return {key_of(note) for _, note in desk.read(lines) if not isinstance(note, Fault)}


def approve(office: Office, import_id: str, actor: str) -> ImportReport:
    """Judge the lines that wait again, against what has happened meanwhile, and apply them; whoever hid themselves
    since stays hidden. The report is that of an import of its own. Said again by the same person, the answer is the
    same.

    Raises NotFound, SamePerson, StepNotAllowed where somebody else has decided, StorageFull.
    """
    return office.room.modestly(lambda: _approve(office, import_id, actor))


def _approve(office: Office, import_id: str, actor: str) -> ImportReport:
    now = office.clock()
    with office.writing() as tx:
        held = _undecided(tx, import_id, actor, "approved")
        if held.report is not None:
            return _report(tx, held.report)
        if held.proposed_by == actor:
            raise SamePerson("You sent this return; another consent officer must approve the lines that wait.")
        lines = _lines(held)
        desk = Desk(office, tx, actor, now, held.revision)
        taken = desk.take(desk.read(lines))
        taken.book.write(tx)
        sheet = Sheet(len(lines), 0, tuple(lines))
        report = keep_report(tx, Sent("returns", actor, now, of=import_id), sheet, taken.judged, taken.effect)
        _settle(tx, replace(held, outcome="approved", report=report.id), actor, now)
        return report


def reject(office: Office, import_id: str, actor: str) -> ImportReport:
    """Let the lines that wait go; whoever sent them may do so too. Raises NotFound, StepNotAllowed."""
    now = office.clock()
    with office.writing() as tx:
        held = _undecided(tx, import_id, actor, "rejected")
        if held.outcome is None:
            _settle(tx, replace(held, outcome="rejected"), actor, now)
        return _report(tx, import_id)


def _undecided(tx: Reading, import_id: str, actor: str, outcome: str) -> HeldLines:
    """Also one that the same person has decided so. Raises NotFound, StepNotAllowed."""
    held = waiting.find(tx.session, import_id)
    if held is None:
        raise NotFound("No lines wait under this number.")
    if held.outcome is not None and (held.outcome, held.decided_by) != (outcome, actor):
        raise StepNotAllowed(f"Nothing waits any more: {held.decided_by} has {held.outcome} these lines.")
    return held


def _settle(tx: Writing, decided: HeldLines, actor: str, now: datetime) -> None:
    waiting.settle(tx.session, replace(decided, decided_by=actor, decided_at=stamp(now)))
    keep_trail(tx, now, Trace(actor, f"import-{decided.outcome}", detail=decided.id))


def _lines(held: HeldLines) -> Found:
    """The cells of each line, or a fault where it was put out because somebody was erased."""
    body = f"{','.join(NAMES)}\n{held.text}".encode()
    found: list[Cells | Fault] = [cells for _, cells in of_csv(body, Columns(NAMES, ())).data]
    return [
        (number, PUT_OUT if isinstance(cells, Fault) else cells)
        for number, cells in zip(held.numbers, found, strict=True)
    ]


def _report(tx: Reading, import_id: str) -> ImportReport:
    """As it was kept, with what became of the lines that waited. Raises NotFound."""
    kept = tx.report(import_id)
    if kept is None:
        raise NotFound(NO_IMPORT)
    report = ImportReport.model_validate_json(kept)
    held = waiting.find(tx.session, import_id)
    return report if held is None else report.model_copy(update={"second_person": _second_person(held)})


def _second_person(held: HeldLines) -> Waiting:
    return Waiting.model_validate(
        {
            "state": held.outcome or "waiting", "proposed_by": held.proposed_by, "proposed_at": held.proposed_at,
            "decided_by": held.decided_by, "decided_at": held.decided_at, "report": held.report,
        }
    )  # fmt: skip


def _effect(held: HeldLines) -> list[ImportEffect]:
    return [ImportEffect.model_validate(one) for one in held.effect]
