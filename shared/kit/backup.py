"""A backup of one service: its database as of one moment, and the files that the rows of that moment name.

The database is copied first, so every file that one of its rows names was there by then, and such files never change.
A folder is a backup once it has `manifest.json`, which names every file with its digest and is written last.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from typing import Any, Final, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from shared.kit.copying import copied, digest_of
from shared.kit.dump_postgresql import PostgresqlDump
from shared.kit.dump_sqlite import SqliteDump
from shared.kit.files import aside, sync_folder, write_durably
from shared.kit.presence import Refused, present

MANIFEST: Final = "manifest.json"
DIGEST: Final = re.compile(r"[0-9a-f]{64}")

Ask = Callable[[str], list[tuple[Any, ...]]]
Facts = Mapping[str, str | int]


class BackupRefused(Refused):
    """A backup may not be written there, or is not one that may be put back."""


class Dump(Protocol):
    """How one engine copies a whole store, and puts it back."""

    @property
    def engine(self) -> str: ...

    @property
    def file(self) -> str: ...

    def take(self, url: str, target: Path, look: Callable[[Ask], Facts]) -> Facts:
        """Write the store, without the jobs' tables, to `target`; what `look` sees is of the same moment."""

    def prepare(self, source: Path, scratch: Path) -> None:
        """Write to `scratch`, beside the store, what `put` will need."""

    def put(self, url: str, jobs: str | None, scratch: Path) -> None:
        """Replace the store at `url`, and drop the jobs'. Raises Refused where nothing has been changed."""


DUMPS: Final[dict[str, type[Dump]]] = {"sqlite": SqliteDump, "postgresql": PostgresqlDump}


@dataclass(frozen=True)
class Folder:
    """Files that never change, named by a digest and `suffix`. `of_bytes`: the digest is that of the file itself."""

    path: Path
    suffix: str = ""
    of_bytes: bool = True

    def may_be(self, name: str, sha256: str) -> bool:
        """Whether a file of this digest may have this name."""
        return not self.of_bytes or name.removesuffix(self.suffix) == sha256

    def holds(self, name: str) -> bool:
        """Whether a file of this name belongs here; what is still being written has another."""
        return name.endswith(self.suffix) and bool(DIGEST.fullmatch(name.removesuffix(self.suffix)))

    def names(self) -> Iterator[str]:
        if self.path.is_dir():
            yield from sorted(path.name for path in self.path.iterdir() if self.holds(path.name))


@dataclass(frozen=True)
class Stored:
    """What a service has to lose. `jobs` is the URL of the jobs' database: it is dropped, not kept, by a restore."""

    service: str
    data_dir: Path
    database: str
    scripts: Path
    jobs: str | None = None
    folders: Mapping[str, Folder] = field(default_factory=dict)
    facts: Callable[[Ask], Facts] = lambda _ask: {}

    def dump(self) -> Dump:
        return DUMPS[self.database.partition(":")[0].partition("+")[0]]()


class Kept(BaseModel):
    """One file of a backup, by its path within."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup says of itself. `damaged` names files that were found with other bytes than their name says, and
    were left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["candour-backup-1"] = "candour-backup-1"
    service: str
    engine: str
    schema_revision: str
    taken_at: datetime
    code: str
    facts: dict[str, str | int]
    files: list[Kept]
    damaged: list[str]

    @property
    def bytes(self) -> int:
        return sum(file.bytes for file in self.files)


def back_up(stored: Stored, target: Path) -> Manifest:
    """Make `target` a backup, whole or not at all; the service may be running. Raises BackupRefused, Busy, OSError."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupRefused(f"{target} is there already, and not an empty folder. Give a name that is not there yet.")
    target = target.absolute()
    part = aside(target)
    with present(stored.data_dir):
        try:
            part.mkdir(parents=True, mode=0o700)
            manifest = _taken(stored, part)
            write_durably(part / MANIFEST, manifest.model_dump_json(indent=1).encode())
            part.replace(target)
            sync_folder(target.parent)
        finally:
            rmtree(part, ignore_errors=True)
    return manifest


def _taken(stored: Stored, part: Path) -> Manifest:
    dump, taken_at = stored.dump(), datetime.now(UTC)

    def look(ask: Ask) -> Facts:
        return {"schema": str(ask("SELECT version_num FROM alembic_version")[0][0]), **stored.facts(ask)}

    facts = dict(dump.take(stored.database, part / dump.file, look))
    kept, damaged = [_described(part / dump.file, dump.file)], []
    for name, folder in stored.folders.items():
        (part / name).mkdir(mode=0o700)
        for file in folder.names():
            with suppress(FileNotFoundError):  # never recorded, so no row of the dump names it
                digest, size = copied(folder.path / file, part / name / file)
                if not folder.may_be(file, digest):
                    (part / name / file).unlink()
                    damaged.append(f"{name}/{file}")
                else:
                    kept.append(Kept(name=f"{name}/{file}", bytes=size, sha256=digest))
        sync_folder(part / name)
    return Manifest(
        service=stored.service, engine=dump.engine, schema_revision=str(facts.pop("schema")), taken_at=taken_at,
        code=f"candour {version('candour-outcomes')}", facts=facts, files=kept, damaged=damaged,
    )  # fmt: skip


def _described(file: Path, name: str) -> Kept:
    return Kept(name=name, bytes=file.stat().st_size, sha256=digest_of(file))
