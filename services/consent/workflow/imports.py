"""Take a register or a return, line by line, in one transaction; a dry run says the same and changes nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.consent.domain.lines import Columns, Fault, HeaderRefused, Sheet, of_csv, of_rows
from services.consent.store import Newcomer
from services.consent.workflow import register_lines, return_lines
from services.consent.workflow.holding import hold_lines, waits_already
from services.consent.workflow.office import Office
from services.consent.workflow.register_lines import Joining, Register
from services.consent.workflow.reporting import Judged, Sent, keep_report
from services.consent.workflow.return_desk import Desk
from shared.contracts.consent import ImportKind, ImportReport
from shared.kit.problems import TooLarge, ValueNotAllowed
from shared.kit.workbooks import WorkbookRefused, WorkbookTooLarge, first_sheet

Kind = ImportKind
Form = Literal["csv", "xlsx"]
MOST_LINES = 200_000
MOST_ROWS = 20_000  # of a workbook: reading one takes twenty times as long as CSV, and others wait for the processor
COLUMNS: Final[Mapping[Kind, Columns]] = {"register": register_lines.COLUMNS, "returns": return_lines.COLUMNS}


@dataclass(frozen=True)
class Arrived:
    """The bytes, and what they are said to be."""

    body: bytes
    form: Form = "csv"


def import_file(office: Office, kind: Kind, arrived: Arrived, dry_run: bool, actor: str) -> ImportReport:
    """Give every line its fate, and apply those that can be applied, all in one transaction.

    Raises ValueNotAllowed where the file is not of its form or the first line not the header, TooLarge, StorageFull.
    """
    sent = Sent(kind, actor, office.clock(), dry_run)
    sheet = _sheet(arrived, COLUMNS[kind])
    take = _register if kind == "register" else _returns
    return office.room.modestly(lambda: take(office, sent, sheet))


def _sheet(arrived: Arrived, columns: Columns) -> Sheet:
    try:
        if arrived.form == "xlsx":
            return of_rows(first_sheet(arrived.body, MOST_ROWS), columns)
        if arrived.body.count(b"\n") > MOST_LINES:
            raise TooLarge(f"A file may have {MOST_LINES:,} lines; split it.")
        return of_csv(arrived.body, columns)
    except WorkbookTooLarge as error:
        raise TooLarge(str(error)) from None
    except (WorkbookRefused, HeaderRefused) as error:
        hint = f"The first line names these columns, in any order: {columns}."
        raise ValueNotAllowed(str(error), errors=[{"pointer": "body", "hint": hint}]) from None


def _register(office: Office, sent: Sent, sheet: Sheet) -> ImportReport:
    with office.writing() as tx:
        enrolled = {(one.number, one.programme): one.specialty for one in tx.enrolled()}
        gone = tx.erased()
        register = Register(
            office.policy,
            tx.people(),
            enrolled,
            lambda number: not gone.isdisjoint((office.keys.alias(number), number)),
        )
        judged: Judged = [
            (number, found if isinstance(found, Fault) else register.take(found)) for number, found in sheet.data
        ]
        if not sent.dry_run:
            latest = tx.latest([one for number in register.fresh for one in (office.keys.alias(number), number)])
            enrol = [(*pair, specialty) for pair, specialty in register.enrol.items()]
            tx.enter(_newcomers(office, register.fresh, latest), enrol)
            tx.rename(register.renamed)
            tx.specialise(register.moved)
        return keep_report(tx, sent, sheet, judged)


def _newcomers(office: Office, fresh: Mapping[str, Joining], latest: Mapping[str, int]) -> Iterator[Newcomer]:
    """Who was registered before there were aliases, and is missing since a restore, is in the ledger by number: what
    they decided must find them again."""
    for number, line in fresh.items():
        alias = office.keys.alias(number)
        if alias not in latest and number in latest:
            alias = number
        yield Newcomer(number, line.kind, alias, line.name, latest.get(alias, 0))


def _returns(office: Office, sent: Sent, sheet: Sheet) -> ImportReport:
    with office.writing() as tx:
        desk = Desk(office, tx, sent.actor, sent.at)
        taken = desk.take(desk.read(sheet.data), lambda: waits_already(desk))
        if not sent.dry_run:
            taken.book.write(tx)
        report = keep_report(tx, sent, sheet, taken.judged, taken.effect)
        if report.waiting and not sent.dry_run:
            hold_lines(tx, report, sheet, sent)
        return report
