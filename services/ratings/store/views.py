"""Views as folders named by the SHA-256 of their manifest: parts and manifest aside, then one rename, and a folder
counts only once the pointer names it. What is written twice is the same, so no process can spoil another's."""

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from shared.contracts.views import ViewManifest
from shared.kit.files import aside, sha256_of, sync_folder, write_durably

MANIFEST = "manifest.json"


class ViewFolders:
    """`<release>/<sha256 of the manifest>/` under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, release: str, manifest_sha256: str) -> Path:
        return self.folder / release / manifest_sha256

    def has(self, release: str, manifest_sha256: str) -> bool:
        """Whether the view is there: its folder gets its name when it is whole."""
        return (self.path(release, manifest_sha256) / MANIFEST).is_file()

    def schema_of(self, release: str, manifest_sha256: str) -> int | None:
        """The schema of the view that is there; None where there is none."""
        try:
            told = (self.path(release, manifest_sha256) / MANIFEST).read_bytes()
        except FileNotFoundError:
            return None
        return ViewManifest.model_validate_json(told).view_schema

    def write(self, release: str, parts: Mapping[str, bytes], manifest: bytes) -> str:
        """The SHA-256 of the manifest; durable when it returns. A view that is there already is left as it is."""
        digest = sha256_of(manifest)
        if not self.has(release, digest):
            target = self.path(release, digest)
            part = aside(target)
            part.mkdir(parents=True, mode=0o700)
            for name, data in parts.items():
                write_durably(part / name, data)
            write_durably(part / MANIFEST, manifest)
            self._name(part, target)
        for folder in (self.folder / release, self.folder):
            sync_folder(folder)
        return digest

    def _name(self, part: Path, target: Path) -> None:
        try:
            part.rename(target)
        except OSError:
            shutil.rmtree(part, ignore_errors=True)
            if not (target / MANIFEST).is_file():
                raise  # else another process was faster with the same view

    def remove(self, release: str, manifest_sha256: str) -> None:
        shutil.rmtree(self.path(release, manifest_sha256), ignore_errors=True)

    def sweep(self, live: Collection[tuple[str, str]]) -> None:
        """Remove everything but the views of these releases and manifests. Call while nobody bakes."""
        for release in self.folder.iterdir():
            for view in release.iterdir():
                if (release.name, view.name) not in live:
                    shutil.rmtree(view, ignore_errors=True)
