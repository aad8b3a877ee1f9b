"""Views as folders: parts first, manifest last, and a folder counts only once the pointer names it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from shared.kit.files import sync_folder, write_durably

MANIFEST = "manifest.json"


class ViewFolders:
    """`<release>/<view>/` under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, release: str, view: int) -> Path:
        return self.folder / release / str(view)

    def write(self, release: str, view: int, parts: Mapping[str, bytes], manifest: bytes) -> None:
        """Durable when it returns. What an interrupted bake left under the same number is removed first."""
        self.remove(release, view)
        target = self.path(release, view)
        target.mkdir(parents=True, mode=0o700)
        for name, data in parts.items():
            write_durably(target / name, data)
        write_durably(target / MANIFEST, manifest)
        for folder in (target.parent, self.folder):
            sync_folder(folder)

    def remove(self, release: str, view: int) -> None:
        shutil.rmtree(self.path(release, view), ignore_errors=True)

    def sweep(self, live: Mapping[str, int]) -> None:
        """Remove every view that no pointer names."""
        for release in self.folder.iterdir():
            for view in release.iterdir():
                if str(live.get(release.name)) != view.name:
                    shutil.rmtree(view, ignore_errors=True)
