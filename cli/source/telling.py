"""A report on a terminal: what is surprising first, then lines, then columns."""

import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.say import out
from shared.contracts.profiles import ColumnProfile, Report

WIDTH: Final = 120  # where no terminal says how wide it is
UNBROKEN: Final = 10_000
"""Of a table that a program reads: each row is one line, whatever is in it."""
WIDEST: Final = 32


def told(report: Report) -> None:
    profile = report.profile
    against = "no earlier file of this source" if report.against is None else report.against_name or report.against
    say(f"{report.name}: {profile.source}, {profile.lines:,} lines, {_rows(report)}, {profile.encoding}")
    if profile.period is not None:
        say(f"period {profile.period.first} to {profile.period.last}")
    say(f"compared with {against}")
    for one in report.surprises:
        out.print()
        say(f"{one.code}: {one.found}")
        say(f"  Expected: {one.expected}")
        say(f"  {one.do}")
    if not report.surprises:
        say("nothing is surprising")
    out.print()
    say(", ".join(f"{lines:,} {fate}" for fate, lines in profile.fates.model_dump().items() if lines))
    for cause in profile.set_aside:
        say(f"  set aside: {cause.lines:,} {cause.code}" + (f" in {cause.column}" if cause.column else ""))
    wide().print(_columns(report.profile.columns))


def _rows(report: Report) -> str:
    """Of rows some may repeat or contradict others, which are not accepted."""
    rows, fates = report.profile.rows, report.profile.fates
    if fates.duplicate or fates.conflict:
        return f"{rows:,} rows read, {fates.accepted:,} lines accepted"
    return f"{rows:,} rows accepted"


def of_snapshot(snapshot: Mapping[str, Any] | None, source: str) -> str:
    if snapshot is None:
        return f"no snapshot: no row of {source} stands"
    return f"snapshot {snapshot['digest']} ({snapshot['rows']:,} rows of {snapshot['feed']})"


def of_sheet(read: Mapping[str, Any]) -> str:
    others = read["others"]
    alone = "it has no other" if not others else f"{others} other{'s were' if others > 1 else ' was'} left alone"
    return f"Of the workbook the sheet {shown(read['sheet'])} was read; {alone}."


def wide() -> Console:
    """For tables: as wide as the terminal, and wide enough where there is none."""
    return out if out.is_terminal else Console(width=WIDTH, highlight=False)


def unbroken() -> Console:
    """For tables whose rows are one line each where no terminal would break them."""
    return out if out.is_terminal else Console(width=UNBROKEN, highlight=False)


def say(text: str) -> None:
    """One line, of which nothing moves the terminal's cursor or turns the direction of its text."""
    out.print(shown(text), markup=False)


def shown(text: str) -> str:
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(mark)[0] == "C" else mark for mark in text)


def _columns(columns: list[ColumnProfile]) -> Table:
    table = Table(box=box.SIMPLE)
    table.add_column("Column", max_width=WIDEST, overflow="fold")
    table.add_column("Type")
    for heading in ("With a value", "Different", "Lowest", "Median", "Highest", "Mean"):
        table.add_column(heading, justify="right")
    for column in columns:
        share = f"{100 * column.present / column.rows:.1f} %" if column.rows else ""
        distinct = f"{'> ' if column.more else ''}{column.distinct:,}"
        table.add_row(Text(shown(column.heading)), column.type, share, distinct, *_range(column))
    return table


def _range(column: ColumnProfile) -> tuple[str, str, str, str]:
    if column.numbers is not None:
        told = column.numbers
        return _number(told.minimum), _number(told.median), _number(told.maximum), _number(told.mean)
    if column.days is not None:
        return str(column.days.first), "", str(column.days.last), ""
    return "", "", "", ""


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) and abs(value) < 1e15 else f"{value:,.6g}"
