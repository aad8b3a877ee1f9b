"""Whole files of what no decision can touch: `public/v1/releases/<release>/files/`, so that a front proxy may serve
them by their address, each with its `.gz` beside it.

Every file has two names there. The plain one, `results-fixed.csv`, is for people. The other one carries the digest of
the content, is written once and never replaced: whoever keeps or compares copies uses that.
"""

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast

from services.gateway.view.opened import Definitions
from services.gateway.view.queries import Row, ViewRows
from services.gateway.view.selection import KEY_OF, Key, Selection
from services.gateway.view.stored import Stored, WholeFile
from shared.kit.files import part_of, sync_folder

PIECE_ROWS: Final = 1000
PIECE_BYTES: Final = 64 * 1024
GZIP_LEVEL: Final = 9
FIXED: Final = Selection({"partition": ("fixed",)})
WORDS: Final = frozenset({"row", "summary", "certainty"})  # may be put otherwise by a later version; figures may not


@dataclass(frozen=True)
class Form:
    """How one whole file is written: what stands at its start, rows, and its end, told the number of rows."""

    name: str
    media_type: str
    start: bytes
    lines: Callable[[str, Iterable[Row], Definitions], bytes]
    end: Callable[[int], bytes]


@dataclass(frozen=True)
class Source:
    """A compiled view, from which the fixed rows are read again in a thread of one's own."""

    release: str
    published: datetime
    definitions: Definitions
    database: Path

    def rows(self) -> Iterator[list[Row]]:
        """All fixed rows in the order of the API, at most PIECE_ROWS at a time."""
        found = ViewRows(self.database)
        try:
            after: Key | None = None
            while rows := found.page(FIXED, "subject", after, PIECE_ROWS):
                yield rows
                after = tuple(str(rows[-1][name]) for name in KEY_OF["subject"])
        finally:
            found.close()

    def figures(self) -> str:
        """A digest of the fixed rows, words left out: the same under every view of a release."""
        digest = hashlib.sha256()
        for rows in self.rows():
            for row in rows:
                digest.update(repr([(name, row[name]) for name in sorted(row) if name not in WORDS]).encode())
        return digest.hexdigest()


class PublicFolder:
    """Folders 0755 and files 0644: for a front proxy's own user. Nothing in here ever depended on anybody."""

    def __init__(self, folder: Path, forms: tuple[Form, ...]) -> None:
        self.releases, self.forms = folder / "v1" / "releases", forms

    def place(self, release: str) -> Path:
        return self.releases / release / "files"

    def write(self, source: Source) -> dict[str, WholeFile]:
        """Every file of the release, by plain name; what is there already is not written again. Raises OSError."""
        place = self.place(source.release)
        _open_folders(self.releases.parent.parent, place)
        return {form.name: self._file(source, form, place) for form in self.forms}

    def remove_all_but(self, kept: Mapping[str, Iterable[WholeFile] | None]) -> None:
        """Delete what belongs to other releases, and what has another name. None: all of that release stays."""
        for found in self.releases.glob("*"):
            if found.name not in kept:
                shutil.rmtree(found)
                continue
            files = kept[found.name]
            if files is not None:
                _remove_but(self.place(found.name), {one for file in files for one in file.names()})

    def _file(self, source: Source, form: Form, place: Path) -> WholeFile:
        measured = Writing(source, form)
        digest, size = _digest(measured)
        stem, _, suffix = form.name.rpartition(".")
        permanent = f"{stem}-{digest[:16]}.{suffix}"
        plain = Stored(place / permanent, digest, size)
        packed = place / f"{permanent}.gz"
        if not packed.exists() or _hashed(plain.path) != (digest, size):
            _write(plain.path, Writing(source, form), source.published)
            _write(packed, Writing(source, form), source.published, pack=True)  # last: says that both are there
        file = WholeFile(form.name, permanent, form.media_type, measured.rows, plain, Stored(packed, *_hashed(packed)))
        for ending in ("", ".gz"):
            _name(place / f"{permanent}{ending}", place / f"{form.name}{ending}")
        return file


class Writing:
    """The bytes of one file, in pieces; afterwards `rows` says how many rows there were."""

    def __init__(self, source: Source, form: Form) -> None:
        self.source, self.form, self.rows = source, form, 0

    def __iter__(self) -> Iterator[bytes]:
        yield self.form.start
        for rows in self.source.rows():
            self.rows += len(rows)
            yield self.form.lines(self.source.release, rows, self.source.definitions)
        yield self.form.end(self.rows)


def _digest(content: Iterable[bytes]) -> tuple[str, int]:
    """SHA-256 and length in bytes."""
    digest, size = hashlib.sha256(), 0
    for piece in content:
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def _hashed(path: Path) -> tuple[str, int]:
    """Those of a file; of no file, those of nothing."""
    if not path.exists():
        return _digest(())
    with path.open("rb") as found:
        return _digest(iter(lambda: found.read(PIECE_BYTES), b""))


def _write(target: Path, content: Iterable[bytes], published: datetime, pack: bool = False) -> None:
    """Aside, then renamed. The time is that of publication: equal over gateways, as all the rest is."""
    with part_of(target, 0o644) as (part, out):
        with _packing(out) if pack else _as_it_is(out) as writer:
            for piece in content:
                writer.write(piece)
        out.flush()
        os.fchmod(out.fileno(), 0o644)  # whatever the umask
        os.utime(out.fileno(), (published.timestamp(), published.timestamp()))
        os.fsync(out.fileno())
        part.replace(target)
    sync_folder(target.parent)


@contextmanager
def _packing(out: IO[bytes]) -> Iterator[IO[bytes]]:
    with gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=out, mtime=0) as packed:
        yield cast(IO[bytes], packed)


@contextmanager
def _as_it_is(out: IO[bytes]) -> Iterator[IO[bytes]]:
    yield out


def _name(source: Path, name: Path) -> None:
    """Let `name` be a second name of `source`, in one step."""
    if name.exists() and name.samefile(source):
        return
    part = name.with_name(f".{name.name}.part")
    part.unlink(missing_ok=True)
    part.hardlink_to(source)
    part.replace(name)
    sync_folder(name.parent)


def _open_folders(top: Path, place: Path) -> None:
    for folder in (top, *reversed([one for one in place.parents if top in one.parents]), place):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)


def _remove_but(place: Path, names: set[str]) -> None:
    for found in place.glob("*"):
        if found.name not in names:
            found.unlink(missing_ok=True)
