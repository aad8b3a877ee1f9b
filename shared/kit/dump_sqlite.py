"""A whole SQLite store as one file, taken while others write, by SQLite's own online backup."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import make_url

from shared.kit.copying import copied
from shared.kit.files import settle, sync_folder

Ask = Callable[[str], list[tuple[Any, ...]]]


class SqliteDump:
    engine: Final = "sqlite"
    file: Final = "store.sqlite"

    def take(self, url: str, target: Path, look: Callable[[Ask], Mapping[str, str | int]]) -> Mapping[str, str | int]:
        """Raises ValueError where the store is not sound, sqlite3.Error where there is none."""
        with (
            closing(sqlite3.connect(f"file:{_file(url)}?mode=ro", uri=True, timeout=30)) as source,
            closing(sqlite3.connect(target)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the service works with
            found = copy.execute("PRAGMA integrity_check").fetchall()
            if found != [("ok",)]:
                raise ValueError(f"the store is damaged: {found[0][0]}")
            facts = look(lambda query: copy.execute(query).fetchall())
        settle(target, target)  # it has its name, and is flushed
        return facts

    def prepare(self, source: Path, scratch: Path) -> None:
        copied(source, scratch)

    def put(self, url: str, jobs: str | None, scratch: Path) -> None:
        """Only where nobody may open the store before this has returned: its log goes before the store itself."""
        if jobs is not None:
            _file(jobs).unlink(missing_ok=True)
            _remove_log(_file(jobs))
        _remove_log(_file(url))  # or the last writes of the old store would be played into the new one
        settle(scratch, _file(url))


def _file(url: str) -> Path:
    found = make_url(url).database
    assert found is not None
    return Path(found)


def _remove_log(file: Path) -> None:
    for suffix in ("-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    sync_folder(file.parent)
