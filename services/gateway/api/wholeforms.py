"""The forms of whole files: byte for byte what `results.csv` and `results.ndjson` answer for `partition=fixed`."""

from collections.abc import Iterable
from typing import Final

import orjson

from services.gateway.api.csvrows import HEADER, csv_lines, csv_row
from services.gateway.api.forms import CSV, NDJSON
from services.gateway.api.rows import cut
from services.gateway.view.opened import Definitions
from services.gateway.view.queries import Row
from services.gateway.view.wholefiles import Form
from shared.contracts.public.rendering import result_body


def csv_piece(release: str, rows: Iterable[Row], known: Definitions, *, ranked: bool = False) -> bytes:
    return csv_lines(csv_row(release, row, known.indicators[row["indicator_id"]], ranked=ranked) for row in rows)


def ndjson_piece(
    release: str,
    rows: Iterable[Row],
    known: Definitions,
    fields: frozenset[str] = frozenset(),
    *,
    ranked: bool = False,
) -> bytes:
    bodies = (result_body(release, row, known.indicators[row["indicator_id"]], ranked=ranked) for row in rows)
    return b"".join(orjson.dumps(cut(body, fields)) + b"\n" for body in bodies)


def ndjson_end(rows: int) -> bytes:
    """NDJSON says that it is whole, so that a cut copy is known as cut."""
    return orjson.dumps({"status": "end", "rows": rows}) + b"\n"


WHOLE_FILES: Final = (
    Form("results-fixed.csv", CSV, csv_lines([HEADER]), csv_piece, lambda _rows: b""),
    Form("results-fixed.ndjson", NDJSON, b"", ndjson_piece, ndjson_end),
)
