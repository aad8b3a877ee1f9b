"""The proof itself, done by the services' own code: ingest reads the files, ratings compares.

Each runs as a process of its own, since this package knows no service; between them lies a temporary folder.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cli.proof.entries import ENTRIES
from shared.contracts.public.proof import ProofFile, ProofRecord, ProofTable

READING: Final = "services.ingest.trial"
COMPARING: Final = "services.ratings.proof"


class CouldNotRun(Exception):
    """Nothing was compared; says why, and what to do."""


def run(data: Path, say: Callable[[str], None]) -> ProofRecord:
    """Read every file under `data` and compare. Raises CouldNotRun."""
    try:
        with TemporaryDirectory(prefix="candour-proof-") as folder:
            return _within(Path(folder), data, say)
    except OSError as error:
        reason = f"The temporary folder cannot be used ({error.strerror}). Make room, or name another in TMPDIR."
        raise CouldNotRun(reason) from None


def _within(out: Path, data: Path, say: Callable[[str], None]) -> ProofRecord:
    say(f"reading {len(ENTRIES)} published files in {data}")
    jobs = out / "jobs.json"
    jobs.write_text(json.dumps([one._asdict() | {"path": str(data / one.path)} for one in ENTRIES]))
    _python(READING, str(jobs), str(out), else_do="Put the file there as it was published, or name another folder")
    say("comparing what they print with what our methods give")
    printed = _python(COMPARING, str(out), else_do="This is our fault and not that of the files: report it")
    return _record((out / "fates.json").read_bytes(), printed)


def _python(module: str, *arguments: str, else_do: str) -> bytes:
    """What a module prints; its own progress and complaints go to our standard error."""
    done = subprocess.run([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise CouldNotRun(f"python -m {module} ended with code {done.returncode}; it says above why. {else_do}.")
    return done.stdout


def _record(files: bytes, table: bytes) -> ProofRecord:
    try:
        compared = ProofTable.model_validate_json(table)
        read = [ProofFile(entry=entry, **told) for entry, told in json.loads(files).items()]
        return ProofRecord(
            date=datetime.now(UTC).date().isoformat(), code=f"candour {version('candour-outcomes')}",
            method_version=compared.method_version, files=read, rows=compared.rows,
        )  # fmt: skip
    except ValueError as error:
        raise CouldNotRun(f"{READING} and {COMPARING} did not answer in the expected form: {error}") from None
