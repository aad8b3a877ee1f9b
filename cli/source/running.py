"""What ingest makes of files, without a service: its report runs as a process, since this package knows no service."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zipfile import is_zipfile

from cli.say import stop

REPORT: Final = "services.ingest.report"
COULD_NOT_RUN: Final = 2


@contextmanager
def made(order: dict[str, Any]) -> Iterator[Path]:
    """The folder with what `python -m services.ingest.report` makes of `order`; gone afterwards. Ends the command where
    it makes nothing: what it complains about is on our standard error then."""
    try:
        with TemporaryDirectory(prefix="candour-source-") as folder:
            out = Path(folder)
            (out / "order.json").write_text(json.dumps(order))
            done = subprocess.run([sys.executable, "-m", REPORT, str(out / "order.json"), folder], check=False)
            if done.returncode:
                stop("The file could not be looked into; it says above why.", COULD_NOT_RUN)
            yield out
    except OSError as error:
        stop(f"The temporary folder cannot be used ({error.strerror}). Make room, or name another in TMPDIR.",
             COULD_NOT_RUN)  # fmt: skip


def described() -> list[dict[str, Any]]:
    """Every source, as it describes itself."""
    with made({}) as out:
        found: list[dict[str, Any]] = json.loads((out / "sources.json").read_bytes())
    return found


def sheet_of(file: Path, source: str) -> dict[str, Any] | None:
    """Of a workbook the `sheet` that is read, and how many `others` are not; None of anything else."""
    if not is_zipfile(file):
        return None
    with made({"sheet": {"path": str(file.resolve()), "name": file.name, "source": source}}) as out:
        told = out / "sheet.json"
        found: dict[str, Any] | None = json.loads(told.read_bytes()) if told.exists() else None
    return found


def recognised(files: list[Path]) -> list[dict[str, Any]]:
    """Of each file in turn its `source`, and the `first` day of its period where it has one; or the `refusal`."""
    with made({"recognise": [{"path": str(file.resolve()), "name": file.name} for file in files]}) as out:
        found: list[dict[str, Any]] = json.loads((out / "recognised.json").read_bytes())
    return found
