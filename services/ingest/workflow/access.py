"""Everything that was sent about one person, for an auditor who answers the person's request.

The number is looked for in the lines as they were sent, out of a gzip, zip, workbook or Parquet file too, so that a
line is found whatever became of it. A line whose own person it is is given whole: a line of episodes, or of a register,
is about one consultant. Where the number stands in another cell, as in a line that was set aside, the line may be about
somebody else, and only that cell is given.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from services.ingest.columns import Column
from services.ingest.models import SubmissionRow
from services.ingest.reading.searchable import Searchable, as_lines
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.searching import (
    Hit,
    every_submission,
    fates_of,
    header_of,
    lines_with,
    tables_with,
    uses,
)
from shared.contracts.access import Piece, Searched
from shared.contracts.ingest import SubmissionState
from shared.kit.finding import stands_in

PERSONS: Final = frozenset({"gmc", "consultant"})  # canonical columns that say whose line it is
PLACES: Final = ("lines", "refusals", "tables")
AT_ONCE: Final = 1000
OTHERS: Final = re.compile(r"(?<![0-9A-Za-z])[0-9]{7}(?![0-9A-Za-z])")
ANOTHER: Final = "[another number]"


@dataclass(frozen=True)
class Sheet:
    """One file: what its columns are called, and which of them say whose line it is."""

    row: SubmissionRow
    encoding: str
    header: list[str]
    persons: frozenset[str]

    @classmethod
    def of(cls, row: SubmissionRow, text: Searchable, source: Source | None) -> "Sheet":
        header = _cells(header_of(text.path).decode(text.encoding, errors="replace")) if text.headed else []
        every = [] if source is None else source.columns
        persons = {alias for one in every if isinstance(one, Column) and one.name in PERSONS for alias in one.aliases}
        return cls(row, text.encoding, [name.strip() for name in header], frozenset(persons))

    def told(self, hit: Hit, number: str) -> dict[str, Any]:
        """The line whole where it is the person's own; else the cells that have the number, and no other number."""
        text = hit.raw.decode(self.encoding, errors="replace")
        cells = _cells(text)
        if len(cells) == len(self.header):
            named = dict(zip(self.header, cells, strict=True))
        else:
            apart = text.split(",") if self.header else cells
            named = {f"cell {place}": cell for place, cell in enumerate(apart, 1)}
        own = any(named.get(column, "").strip() == number for column in self.persons)
        if not own:
            named = {name: _only(cell, number) for name, cell in named.items() if stands_in(number, cell)}
        where = {"feed": self.row.feed, "sha256": self.row.sha256, "received": self.row.received.isoformat()}
        return where | {"line": hit.line, "own": own, "cells": named}


def everything(store: Store, sources: Mapping[str, Source], number: str) -> Iterator[Piece | Searched]:
    """Piece by piece, while the files are read; last what was searched."""
    searched = dict.fromkeys(PLACES, 0)
    for piece in _pieces(store, sources, number):
        searched[piece.place] += 1
        yield piece
    yield Searched(service="ingest", searched=searched)


def _pieces(store: Store, sources: Mapping[str, Source], number: str) -> Iterator[Piece]:
    for row in every_submission(store):
        yield from _lines_of(store, row, sources.get(row.feed), number)
        if row.refusal is not None and stands_in(number, row.refusal):
            yield Piece(place="refusals", found={"feed": row.feed, "sha256": row.sha256, "code": row.refused_code})
    known = uses(store)
    for table, rows in tables_with(store, number):  # the same rows as the lines: how many, and what for
        found: dict[str, Any] = {"table": table, "rows": rows}
        found |= {"state_of": ", ".join(known.states[table])} if table in known.states else {}
        yield Piece(place="tables", found=found | {"snapshots": known.snapshots.get(table, [])})


def _lines_of(store: Store, row: SubmissionRow, source: Source | None, number: str) -> Iterator[Piece]:
    with as_lines(store.files.upload(row.sha256), source, row.encoding) as text:
        file, hits = Sheet.of(row, text, source), lines_with(text.path, number)
        while some := list(islice(hits, AT_ONCE)):
            fates = fates_of(store, row, [hit.line for hit in some])
            for hit in some:
                yield Piece(place="lines", found=file.told(hit, number) | fates.get(hit.line, _without_fate(row)))


def _without_fate(row: SubmissionRow) -> dict[str, str]:
    """A line that is neither set aside nor standing: a duplicate or superseded, or its file has no fates."""
    return {"fate": "not-standing" if row.state == SubmissionState.CHECKED else row.state}


def _only(cell: str, number: str) -> str:
    return OTHERS.sub(lambda found: found[0] if found[0] == number else ANOTHER, cell)


def _cells(text: str) -> list[str]:
    """No cells where the line is not one of CSV."""
    try:
        return next(iter(csv.reader([text], strict=True)), [])
    except csv.Error:
        return []


def _tables(feed: str | None, snapshots: list[dict[str, Any]], table: str, rows: int) -> Iterator[Piece]:
    """A table of the same rows as the lines: how many, and what it is for."""
    if feed is not None:
        yield Piece(place="feeds", found={"feed": feed, "table": table, "rows": rows})
    for snapshot in snapshots:
        yield Piece(place="snapshots", found=snapshot | {"rows": rows})
    if feed is None and not snapshots:
        yield Piece(place="tables", found={"table": table, "rows": rows})
