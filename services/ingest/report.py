"""`python -m services.ingest.report ORDER.json OUT`: what a file is and what is in it, without a service.

ORDER.json has `recognise`, a list of files (`{"path", "name"}`), or `check`, one file (`{"path", "name", "source",
"against", "against_path"}`), or `sheet`, one file of a known `source`. In `check` `source` is given where it is known;
`against` is the report (`shared.contracts.profiles.Report`) of the file to compare with, `against_path` that file.

OUT is a folder. It gets `sources.json`: what each source says of itself; `recognised.json`: for each file its `source`,
the `first` day of its period, or the `refusal` of both; of a workbook `sheet.json`: the name of the `sheet` that is
read and the number of `others`; and of the file to check `report.json` and `report.html`, or where it is refused
`refusal.json` and `report.html`. Exit code 2, and why on stderr, where nothing could be done.
"""

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from pydantic import ValidationError

from services.ingest.layout import Layout
from services.ingest.profiling.page import page_of, refusal_page
from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.surprises import surprises
from services.ingest.reading.limited import read_limited
from services.ingest.reading.parts import frames
from services.ingest.reading.reader import ReaderFailed
from services.ingest.reading.sheets import sheet_read
from services.ingest.recognising import TRIAL_KEY, first_day, recognise
from services.ingest.refusals import Refused
from services.ingest.source import Source, load_sources
from services.ingest.workflow.announcing import of_other_ground
from shared.contracts.base import Slug
from shared.contracts.profiles import Profile, Report
from shared.kit.copying import digest_of

USAGE: Final = "usage: python -m services.ingest.report ORDER.json OUT"
Sources = Mapping[str, Source]


class Named(Layout):
    path: Path
    name: str


class Checked(Named):
    source: Slug | None = None
    against: Report | None = None
    against_path: Path | None = None


class OfSource(Named):
    source: Slug


class Order(Layout):
    recognise: tuple[Named, ...] = ()
    check: Checked | None = None
    sheet: OfSource | None = None


class CannotReport(Exception):
    """Says what was found and what is expected instead."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        return _say(USAGE)
    try:
        obey(Order.model_validate_json(Path(arguments[0]).read_bytes()), Path(arguments[1]))
    except (CannotReport, ReaderFailed, ValidationError) as error:
        return _say(str(error))
    except OSError as error:
        return _say(f"{error.filename or 'A file'} cannot be used ({error.strerror}).")
    return 0


def obey(order: Order, out: Path) -> None:
    """Raises CannotReport, OSError, ReaderFailed."""
    sources = load_sources()
    (out / "sources.json").write_text(json.dumps([_described(source) for source in sources.values()]))
    told = [_recognised(file, sources) for file in order.recognise]
    (out / "recognised.json").write_text(json.dumps(told))
    if order.check is not None:
        _check(order.check, sources, out)
    if order.sheet is not None and (source := sources.get(order.sheet.source)) is not None:
        _sheet(order.sheet.path, source, out)


def _described(source: Source) -> dict[str, Any]:
    """As the service describes it, with its ground, and for each canonical column its type and what files call it."""
    ground = source.held_on
    columns = [
        {"name": column.name, "type": column.type, "headings": list(getattr(column, "aliases", ()))}
        for column in source.columns
        if column.keep
    ]
    told = source.as_contract().model_dump(mode="json")
    return told | {"columns": columns} | ({} if ground is None else {"ground": ground.model_dump(mode="json")})


def _recognised(file: Named, sources: Sources) -> dict[str, Any]:
    try:
        source = recognise(file.path, file.name, sources)
        first = first_day(file.path, file.name, source)
    except Refused as refused:
        return {"refusal": refused.refusal.model_dump(mode="json")}
    return {"source": source.id} | ({} if first is None else {"first": first.isoformat()})


def _check(file: Checked, sources: Sources, out: Path) -> None:
    sha256 = digest_of(file.path)
    try:
        source = _source(file, sources)
        report = _report(file, source, sha256)
    except Refused as refused:
        (out / "refusal.json").write_text(refused.refusal.model_dump_json())
        (out / "report.html").write_text(refusal_page(file.name, sha256, refused.refusal), encoding="utf-8")
        return
    _sheet(file.path, source, out)
    (out / "report.json").write_text(report.model_dump_json())
    (out / "report.html").write_text(page_of(report, source.label), encoding="utf-8")


def _sheet(path: Path, source: Source, out: Path) -> None:
    """Nothing where it is no workbook: whoever takes the file says so."""
    with suppress(Refused):
        if (read := sheet_read(path, source)) is not None:
            (out / "sheet.json").write_text(json.dumps({"sheet": read[0], "others": read[1]}))


def _source(file: Checked, sources: Sources) -> Source:
    """Raises Refused, CannotReport."""
    if file.source is None:
        return recognise(file.path, file.name, sources)
    if file.source not in sources:
        raise CannotReport(f"No source is called {file.source}; there are {', '.join(sources)}.")
    source = sources[file.source]
    if source.is_of_named_files and not source.names(file.name):
        found, expected, do = of_other_ground(source, file.name, sources.values())
        why = f"The ground that {source.id} states is none for this file. {do}"
        raise Refused("not-its-file", why, found, expected)
    return source


def _report(file: Checked, source: Source, sha256: str) -> Report:
    profile = profiled(file.path, file.name, source)
    before = file.against
    if file.against_path is not None:
        other = profiled(file.against_path, file.against_path.name, source)
        digest = digest_of(file.against_path)
        before = Report(sha256=digest, name=file.against_path.name, profile=other, surprises=[])
    if before is None or before.sha256 == sha256:
        return Report(sha256=sha256, name=file.name, profile=profile, surprises=surprises(profile, None))
    found = surprises(profile, before.profile)
    return Report(
        sha256=sha256, name=file.name, against=before.sha256, against_name=before.name, profile=profile, surprises=found
    )


def profiled(path: Path, name: str, source: Source) -> Profile:
    """As the service would have it, apart from pseudonyms. Raises Refused, OSError, ReaderFailed."""
    with TemporaryDirectory(prefix="candour-report-") as scratch:
        folder = Path(scratch) / "reading"
        read = read_limited(path, source, folder, name, TRIAL_KEY, lambda _done, _total: None)
        return profile_of(partial(frames, folder, read.rows), read, source, frames(folder, read.aside))


def _say(text: str) -> int:
    """One line on stderr; the exit code of those who stop after it."""
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
