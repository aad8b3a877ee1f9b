"""Which source a file is of: by its name and its header, and never by a guess."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path, PurePath
from typing import Final

from services.ingest.checks import check
from services.ingest.reading.batches import Batch
from services.ingest.reading.opening import opened
from services.ingest.reading.parts import LINES
from services.ingest.refusals import Refused, listed
from services.ingest.source import Source

TRIAL_KEY: Final = b"of a trial: what it makes is kept nowhere"
PARQUET: Final = b"PAR1"
ZIPPED: Final = b"PK\x03\x04"


def recognise(path: Path, name: str, sources: Mapping[str, Source]) -> Source:
    """The source of a file called `name`. Of those whose header it has, those that name it; without any, the one that
    names no files. Raises Refused: `empty-file`, `wrong-header` where its name is known and its header is not,
    `not-recognised`, `several-sources`; OSError where it cannot be read."""
    with path.open("rb") as handle:
        begins = handle.read(4)
    if not begins:
        raise Refused("empty-file", "The file is empty. Nothing was taken from it.", "no bytes", "a header and rows")
    possible = [source for source in sources.values() if _may_be(begins, source)]
    named = [source for source in possible if source.names(name)]
    fitting, why = _fitting(path, named)
    if not fitting and why is not None:
        raise why
    if not fitting:
        fitting, _ = _fitting(path, [source for source in possible if not source.recognise.names])
    if not fitting:
        alike = listed(source.id for source in _fitting(path, [one for one in possible if one not in named])[0])
        header = f"its header is that of {alike}, whose files have other names" if alike else "no source has its header"
        raise _refused(
            "not-recognised", "No source has a header and a name like these.", header, "a known kind of file"
        )
    if len(fitting) > 1:
        known = listed(source.id for source in fitting)
        raise _refused("several-sources", "Several sources have this header and this name.", known, "one source")
    return fitting[0]


def _refused(code: str, why: str, found: str, expected: str) -> Refused:
    do = "Say which source it is of; `candour source list` has them all."
    return Refused(code, f"{why} {do}", found, expected)


def _may_be(begins: bytes, source: Source) -> bool:
    """Whether a file that begins so can be of the source's form; a zip may be a workbook, or hold a text."""
    if source.form.format == "parquet":
        return begins == PARQUET
    if source.form.format == "workbook":
        return begins == ZIPPED
    return begins != PARQUET


def _fitting(path: Path, sources: Iterable[Source]) -> tuple[list[Source], Refused | None]:
    """Those whose header the file has; and why the first of the others was refused."""
    found, why = [], None
    for source in sources:
        try:
            if _opens(path, source):
                found.append(source)
        except Refused as refused:
            why = why or refused
    return found, why


def _opens(path: Path, source: Source) -> bool:
    """Whether its header is one of the source's; of a source without one, whether its first line has as many fields.
    Raises Refused."""
    with tempfile.TemporaryDirectory(prefix="candour-recognising-") as scratch:
        with opened(path, source, Path(scratch)) as file:
            if source.form.header_lines:
                return True
            return _has_a_row(file.batches)


def _has_a_row(batches: Iterator[Batch]) -> bool:
    first = next((batch for batch in batches if batch.texts.height or batch.aside.height), None)
    return first is not None and first.texts.height > 0


def first_day(path: Path, name: str, source: Source) -> date | None:
    """The first day of the period that the first rows of a file tell; None where its source has no period. Files of one
    source come in this order. Raises Refused, OSError."""
    edge = "period_start" if source.days is None else source.days.first
    if edge not in source.canonical:
        return None
    with tempfile.TemporaryDirectory(prefix="candour-recognising-") as scratch:
        with opened(path, _of_file(source, name), Path(scratch)) as file:
            for batch in file.batches:
                texts = batch.texts.drop(LINES, *file.spare)
                days = check(texts, file.source, TRIAL_KEY)[0][edge].drop_nulls()
                if len(days):
                    return date.fromisoformat(str(days.min()))
    return None


def _of_file(source: Source, name: str) -> Source:
    """Raises Refused `unknown-name`."""
    try:
        return source.of_file(name)
    except ValueError as error:
        why = "The name of the file does not tell what it should. Give it its publisher's name."
        raise Refused("unknown-name", why, PurePath(name).name, str(error)) from None
