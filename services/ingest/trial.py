"""`python -m services.ingest.trial JOBS.json OUT`: what ingest makes of files, without a service.

Reads each file of JOBS.json (`[{"entry", "source", "path"}]`) as a submission to an empty feed of that source would be
read, and writes the rows that stand, as a snapshot has them, to `OUT/<entry>.parquet`, and to `OUT/fates.json` by entry
the file's `sha256`, `bytes`, `lines` and `fates`. Exit code 2, and why on stderr, where a file cannot be taken.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import TypeAdapter, ValidationError

from services.ingest.domain import snapshot_rows
from services.ingest.fates import resolve, state_schema
from services.ingest.layout import Layout
from services.ingest.reading.read import read
from services.ingest.refusals import Refused
from services.ingest.source import Source, load_sources
from shared.contracts.base import Slug
from shared.contracts.ingest import Fate
from shared.kit.files import sha256_of

USAGE = "usage: python -m services.ingest.trial JOBS.json OUT"
FATES = "fates.json"


class Job(Layout):
    entry: Slug
    source: Slug
    path: Path


class CannotTry(Exception):
    """Says which file, what was found and what is expected instead."""


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        return _say(USAGE)
    jobs, out = (Path(one) for one in arguments)
    try:
        try_all(TypeAdapter(list[Job]).validate_json(jobs.read_bytes()), out)
    except (CannotTry, OSError, ValidationError) as error:
        return _say(str(error))
    return 0


def try_all(jobs: list[Job], out: Path) -> None:
    """Raises CannotTry where a source is unknown, or a file is not there or refused; OSError where OUT is no folder."""
    sources, told = load_sources(), {}
    for job in jobs:
        source = sources.get(job.source)
        if source is None:
            raise CannotTry(f"{job.entry}: no source is called {job.source}; there are {', '.join(sources)}.")
        rows, told[job.entry] = tried(job, source)
        rows.write_parquet(out / f"{job.entry}.parquet")
        _say(f"{job.entry}: {rows.height:,} rows of {told[job.entry]['lines']:,} lines")
    (out / FATES).write_text(json.dumps(told, indent=1) + "\n")


def tried(job: Job, source: Source) -> tuple[pl.DataFrame, Mapping[str, Any]]:
    """The rows that stand, in order of the key, and what became of every line. Raises CannotTry."""
    try:
        reading = read(job.path, source, job.path.name)
    except OSError as error:
        raise CannotTry(f"{job.entry}: {job.path} cannot be read ({error.strerror}).") from None
    except Refused as refused:
        found, expected = refused.refusal.found, refused.refusal.expected
        detail = f"{job.entry}: {job.path} is refused. {refused.refusal.detail} Found: {found}. Expected: {expected}."
        raise CannotTry(detail) from None
    sha256 = sha256_of(job.path.read_bytes())
    resolution = resolve(reading.rows, pl.DataFrame(schema=state_schema(source)), sha256, False, source)
    fates = reading.fates(resolution.fates)
    told = {
        "source": source.id, "sha256": sha256, "bytes": job.path.stat().st_size, "encoding": reading.encoding,
        "lines": reading.lines, "fates": {fate.value: fates.get(fate, 0) for fate in Fate},
    }  # fmt: skip
    return snapshot_rows(resolution.state, source), told


def _say(text: str) -> int:
    """One line on stderr; the exit code of those who stop after it."""
    sys.stderr.write(f"{text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
