"""View files in the gateway's data directory: `views/<release>/<digest of the manifest>/`, `manifest.json` last, so
that its presence says that the rest is there. `views/index.json` is what was live last."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from services.gateway.view.compile import ViewRefused
from services.gateway.view.live import is_release
from services.gateway.view.room import Room
from shared.contracts.releases import ReadableView, ReadableViews
from shared.contracts.views import PARTS_OF, ViewManifest
from shared.kit.files import sha256_of, write_durably

MANIFEST: Final = "manifest.json"


class Shelf:
    def __init__(self, folder: Path, room: Room) -> None:
        self.folder, self.room = folder, room

    def place(self, entry: ReadableView) -> Path:
        """Of this very view: another one with its number is another folder. Raises ViewRefused."""
        digest = _digest(entry)
        if not re.fullmatch(r"[0-9a-f]{64}", digest):
            raise ViewRefused("the index names a view by something that is no digest")
        return self.folder / entry.release / digest

    def read(self, entry: ReadableView) -> dict[str, bytes] | None:
        """All files of a view that is here whole, else None; a file that is not what it was is not here."""
        place = self.place(entry)
        try:
            told = (place / MANIFEST).read_bytes()
            manifest = check_manifest(entry, told)
            files = {file.name: (place / file.name).read_bytes() for file in manifest.files}
            check_parts(manifest, files)
        except (FileNotFoundError, ViewRefused):
            return None
        return {MANIFEST: told, **files}

    def keep(self, entry: ReadableView, files: Mapping[str, bytes]) -> None:
        """Whole or not at all: half a view would only take room. Raises OSError."""
        place = self.place(entry)
        try:
            for name in (*(one for one in files if one != MANIFEST), MANIFEST):
                write_durably(place / name, files[name])
        except OSError:
            shutil.rmtree(place, ignore_errors=True)
            raise

    def remove_all_but(self, entries: list[ReadableView]) -> None:
        """Delete every view but these: what a withdrawal took out must not stay on a disk."""
        kept = {(entry.release, _digest(entry)) for entry in entries}
        for place in self.folder.glob("*/*"):
            if place.is_dir() and (place.parent.name, place.name) not in kept:
                shutil.rmtree(place)

    def live_last(self) -> ReadableViews:
        """What was live when the gateway last looked; nothing where there is no such record."""
        try:
            return ReadableViews.model_validate_json((self.folder / "index.json").read_bytes())
        except (FileNotFoundError, ValidationError):
            return ReadableViews(views=[])

    def note_live(self, index: ReadableViews) -> None:
        """Raises OSError for any cause but a full disk."""
        if index != self.live_last():
            data = index.model_dump_json().encode()
            self.room.write("index", lambda: write_durably(self.folder / "index.json", data))


def check_manifest(entry: ReadableView, data: bytes) -> ViewManifest:
    """Raises ViewRefused unless these bytes are the manifest that ratings named, in a form that we know."""
    if sha256_of(data) != _digest(entry):
        raise ViewRefused("the manifest has another digest than the index says")
    try:
        manifest = ViewManifest.model_validate_json(data)
    except ValidationError:
        raise ViewRefused("the manifest is not of the known form") from None
    parts = PARTS_OF.get(manifest.view_schema)
    if parts is None or not is_release(manifest.release):
        raise ViewRefused("the manifest is of another schema")
    if (manifest.release, manifest.view) != (entry.release, entry.view):
        raise ViewRefused("the manifest is another view's")
    if manifest.consent_revision != entry.consent_revision:
        raise ViewRefused("the manifest and the index name different consent revisions")
    if {file.name for file in manifest.files} != set(parts):
        raise ViewRefused("the manifest names other files than a view has")
    return manifest


def check_parts(manifest: ViewManifest, files: Mapping[str, bytes]) -> None:
    for file in manifest.files:
        data = files[file.name]
        if len(data) != file.bytes or sha256_of(data) != file.sha256:
            raise ViewRefused(f"{file.name} is not the file that the manifest names")


def _digest(entry: ReadableView) -> str:
    return entry.manifest_sha256.removeprefix("sha256:")
