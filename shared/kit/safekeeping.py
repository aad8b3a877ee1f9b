"""The verbs `backup FOLDER` and `restore FOLDER` of a service, in words."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psycopg

from shared.kit.backup import Manifest, Stored, back_up
from shared.kit.presence import Refused
from shared.kit.restoring import restore

T = TypeVar("T")
FAILURES = (Refused, OSError, ValueError, sqlite3.Error, psycopg.Error)
FAILED, INCOMPLETE = 2, 3


def backup_verb(stored: Stored, target: Path) -> int:
    """0 when the backup is whole, 2 when there is none, 3 when files were found damaged and were left out."""
    manifest = _tried(f"{stored.service} could not be backed up", lambda: back_up(stored, target))
    if manifest is None:
        return FAILED
    _say(f"{stored.service} is backed up to {target}: {_contents(manifest)}.")
    for name in manifest.damaged:
        _say(f"Left out, because its bytes are not those of its name: {name}. Get it from an earlier backup.")
    return INCOMPLETE if manifest.damaged else 0


def restore_verb(stored: Stored, source: Path, afterwards: str = "") -> int:
    """0 when the store is what it was, 2 when it could not be; `afterwards` says what must be done next."""
    done = _tried(f"{stored.service} could not be restored", lambda: restore(stored, source))
    if done is None:
        return FAILED
    manifest, put_back = done
    taken = manifest.taken_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    _say(f"{stored.service} is restored as of {taken}: {_contents(manifest)}; {put_back} files had to be put back.")
    if afterwards:
        _say(afterwards)
    return 0


def _tried(what: str, work: Callable[[], T]) -> T | None:
    try:
        return work()
    except FAILURES as failed:
        sys.stderr.write(f"{what}. {failed}\n")
        return None


def _contents(manifest: Manifest) -> str:
    facts = "".join(f", {name.replace('_', ' ')} {value}" for name, value in manifest.facts.items())
    return f"schema {manifest.schema_revision}{facts}, {len(manifest.files)} files, {manifest.bytes:,} bytes"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
