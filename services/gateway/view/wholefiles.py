"""Whole files of what no decision can touch: `public/v1/releases/<release>/files/`, so that a front proxy may serve
them by their address, each with its `.gz` beside it.

Every file has two names there. The plain one, `results-fixed.csv`, is for people. The other one carries the digest of
the content, is written once and never replaced: whoever keeps or compares copies uses that.
"""

import gzip
import hashlib
import os
import shutil
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Final, cast

from services.gateway.view.opened import Definitions
from services.gateway.view.queries import Row, ViewRows
from services.gateway.view.selection import KEY_OF, Key, Selection
from services.gateway.view.stored import Fixed, Stored, WholeFile
from shared.contracts.views import ADDED
from shared.kit.files import part_of, sync_folder

PIECE_ROWS: Final = 1000
PIECE_BYTES: Final = 64 * 1024
GZIP_LEVEL: Final = 9
FIXED: Final = Selection({"partition": ("fixed",)})
WORDS: Final = frozenset({"summary", "certainty"})  # may be put otherwise by a later version; figures may not


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

    def rows(self) -> Generator[list[Row], None, None]:
        """All fixed rows in the order of the API, at most PIECE_ROWS at a time."""
        found = ViewRows(self.database)
        try:
            after: Key | None = None
            while rows := found.page(FIXED, "subject", after, PIECE_ROWS):
                yield rows
                after = tuple(str(rows[-1][name]) for name in KEY_OF["subject"])
        finally:
            found.close()

    def fixed(self) -> Fixed:
        figures, content = hashlib.sha256(), hashlib.sha256()
        for entry in self.definitions.indicators.values():
            content.update(entry.model_dump_json().encode())
        for rows in self.rows():
            for row in rows:
                said = {name: value for name, value in row.items() if name != "row"}  # its number is the view's own
                figures.update(repr([value for name, value in said.items() if _is_figure(name, value)]).encode())
                content.update(repr(list(said.values())).encode())
        return Fixed(figures.hexdigest(), content.hexdigest())


def _is_figure(name: str, value: object) -> bool:
    """What was published once and stays. A column that this release did not have when it was built is no figure of it,
    so that the digest is the one that earlier versions took of the same release."""
    return name not in WORDS and not (value is None and any(name in columns for columns in ADDED.values()))


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
        digest, size, rows = _measured(source, form)
        stem, _, suffix = form.name.rpartition(".")
        permanent = f"{stem}-{digest[:16]}.{suffix}"
        plain = Stored(place / permanent, digest, size)
        packed = place / f"{permanent}.gz"
        if not packed.exists() or _hashed(plain.path) != (digest, size):
            _write(plain.path, pieces(source, form), source.published)
            _write(packed, pieces(source, form), source.published, pack=True)  # last: says that both are there
        file = WholeFile(form.name, permanent, form.media_type, rows, plain, Stored(packed, *_hashed(packed)))
        for ending in ("", ".gz"):
            _name(place / f"{permanent}{ending}", place / f"{form.name}{ending}")
        return file


def pieces(source: Source, form: Form) -> Generator[bytes, None, int]:
    """The bytes of one file; returns how many rows it has."""
    count = 0
    yield form.start
    with closing(source.rows()) as found:  # in this thread, whatever becomes of the bytes
        for rows in found:
            count += len(rows)
            yield form.lines(source.release, rows, source.definitions)
    yield form.end(count)
    return count


def _measured(source: Source, form: Form) -> tuple[str, int, int]:
    """SHA-256, length in bytes, and rows of a file that need not be there."""
    digest, size, writing = hashlib.sha256(), 0, pieces(source, form)
    while True:
        try:
            piece = next(writing)
        except StopIteration as ended:
            return digest.hexdigest(), size, ended.value
        digest.update(piece)
        size += len(piece)


def _hashed(path: Path) -> tuple[str, int]:
    """SHA-256 and length in bytes of a file; of no file, those of nothing."""
    digest, size = hashlib.sha256(), 0
    if path.exists():
        with path.open("rb") as found:
            while piece := found.read(PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
    return digest.hexdigest(), size


def _write(target: Path, content: Generator[bytes, None, int], published: datetime, pack: bool = False) -> None:
    """Aside, then renamed. The time is that of publication: equal over gateways, as all the rest is."""
    with part_of(target, 0o644) as (part, out):
        with closing(content), _packing(out) if pack else nullcontext(out) as writer:
            for piece in content:
                writer.write(piece)
        out.flush()
        os.fchmod(out.fileno(), 0o644)  # whatever the umask
        os.utime(out.fileno(), (published.timestamp(), published.timestamp()))
        os.fsync(out.fileno())
        part.replace(target)
    sync_folder(target.parent)


def _packing(out: IO[bytes]) -> AbstractContextManager[IO[bytes]]:
    return cast(
        AbstractContextManager[IO[bytes]],
        gzip.GzipFile(filename="", mode="wb", compresslevel=GZIP_LEVEL, fileobj=out, mtime=0),
    )


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
        if folder.stat().st_mode & 0o777 != 0o755:  # whatever the umask; a volume's own root may be another's
            folder.chmod(0o755)


def _remove_but(place: Path, names: set[str]) -> None:
    for found in place.glob("*"):
        if found.name not in names:
            found.unlink(missing_ok=True)
