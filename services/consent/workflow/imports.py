"""Take a register or a return, line by line, in one transaction; a dry run says the same and changes nothing."""

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.consent.domain.judging import Judge
from services.consent.domain.lines import Cells, Fault, HeaderRefused, Sheet, take_apart
from services.consent.store import Newcomer, Person, Writing
from services.consent.workflow import register_lines, return_lines
from services.consent.workflow.book import Book, Note
from services.consent.workflow.office import Office, stamp
from services.consent.workflow.register_lines import Register
from services.consent.workflow.returns import Returns
from shared.contracts.consent import ImportReport, SubjectKind
from shared.kit.problems import NotFound, TooLarge, ValueNotAllowed

Kind = Literal["register", "returns"]
MOST_LINES = 200_000
COLUMNS = {"register": register_lines.COLUMNS, "returns": return_lines.COLUMNS}


@dataclass(frozen=True)
class Sent:
    """A file as it arrived: its kind, who sent it, when, and whether to leave everything as it is."""

    kind: Kind
    actor: str
    at: datetime
    dry_run: bool


Judged = list[tuple[int, Fault | None]]


def import_file(office: Office, kind: Kind, body: bytes, dry_run: bool, actor: str) -> ImportReport:
    """Give every line its fate, and apply those that can be applied, all in one transaction.

    Raises ValueNotAllowed where the first line is not the header, TooLarge above MOST_LINES, StorageFull.
    """
    sent = Sent(kind, actor, office.clock(), dry_run)
    if body.count(b"\n") > MOST_LINES:
        raise TooLarge(f"A file may have {MOST_LINES:,} lines; split it.")
    try:
        sheet = take_apart(body, COLUMNS[kind])
    except HeaderRefused:
        hint = "the first line names these columns: " + ", ".join(COLUMNS[kind])
        raise ValueNotAllowed("The file has no such header.", errors=[{"pointer": "body", "hint": hint}]) from None
    take = _register if kind == "register" else _returns
    return office.room.modestly(lambda: take(office, sent, sheet))


def report_of(office: Office, import_id: str) -> ImportReport:
    """Raises NotFound."""
    with office.reading() as tx:
        report = tx.report(import_id)
    if report is None:
        raise NotFound("No import has this number.")
    return ImportReport.model_validate_json(report)


def _register(office: Office, sent: Sent, sheet: Sheet) -> ImportReport:
    with office.writing() as tx:
        enrolled = {(one.number, one.programme) for one in tx.enrolled()}
        register = Register(office.policy, tx.people(), enrolled)
        judged: Judged = [
            (number, found if isinstance(found, Fault) else register.take(found)) for number, found in sheet.data
        ]
        if not sent.dry_run:
            latest = tx.latest([office.keys.alias(number) for number in register.fresh])
            tx.enter(_newcomers(office, register.fresh, latest), [(*pair, None) for pair in register.enrol])
            tx.rename(register.renamed)
        return _report(tx, sent, sheet, judged)


def _newcomers(office: Office, fresh: Mapping[str, str], latest: Mapping[str, int]) -> Iterator[Newcomer]:
    for number, name in fresh.items():
        alias = office.keys.alias(number)
        yield Newcomer(number, SubjectKind.CONSULTANT, alias, name, latest.get(alias, 0))


def _returns(office: Office, sent: Sent, sheet: Sheet) -> ImportReport:
    with office.writing() as tx:
        judge = office.judge(tx, sent.at)
        people = tx.people()
        notes = [(number, _known(_read(office, found, judge), people)) for number, found in sheet.data]
        aliases = sorted({note.subject.id for _, note in notes if isinstance(note, Note)})
        book = Book(judge, tx.standings(aliases), tx.end_of_ledger.revision, sent.actor, sent.at)
        enrolled = {(one.alias, one.programme) for one in tx.enrolled(aliases)}
        returns = Returns(book, {one.alias: number for number, one in people.items()}, enrolled)
        returns.remember(tx.history(aliases))
        judged: Judged = [(number, note if isinstance(note, Fault) else returns.take(note)) for number, note in notes]
        if not sent.dry_run:
            book.write(tx)
        return _report(tx, sent, sheet, judged)


def _read(office: Office, found: Cells | Fault, judge: Judge) -> Note | Fault:
    return found if isinstance(found, Fault) else return_lines.read_return(found, office.policy, judge.law, judge.at)


def _known(note: Note | Fault, people: Mapping[str, Person]) -> Note | Fault:
    """With the alias of its subject, where the register has the number."""
    person = people.get(note.subject.id) if isinstance(note, Note) else None
    if person is None or isinstance(note, Fault):
        return note
    return replace(note, subject=replace(note.subject, id=person.alias))


def _report(tx: Writing, sent: Sent, sheet: Sheet, judged: Judged) -> ImportReport:
    """Count the fates, and keep the report with what it reports."""
    problems = [fault.at(number) for number, fault in judged if fault]
    duplicate = sum(line.fate == "duplicate" for line in problems)
    report = ImportReport(
        id="i-" + secrets.token_hex(6), kind=sent.kind, dry_run=sent.dry_run, lines=sheet.lines, header=1,
        applied=len(judged) - len(problems), duplicate=duplicate, quarantined=len(problems) - duplicate,
        blank=sheet.blank, revision=tx.end_of_ledger.revision, problems=problems,
    )  # fmt: skip
    tx.keep_report(report.id, stamp(sent.at), sent.actor, report.model_dump_json())
    return report
