"""Digests of the fixed figures of each release: what was published once is never shown otherwise."""

from pathlib import Path

from pydantic import RootModel, ValidationError

from services.gateway.view.compile import ViewRefused
from services.gateway.view.room import Room
from shared.contracts.base import ReleaseId, Sha256
from shared.kit.files import write_durably


class Known(RootModel[dict[ReleaseId, Sha256]]):
    """By release."""


class Figures:
    """Kept in the data directory, and also of releases that are gone: copies of these figures live longer, because
    caches may keep them for a year without asking."""

    def __init__(self, target: Path, room: Room) -> None:
        self.target, self.room = target, room
        self.known: dict[str, str] = {}
        if target.exists():
            try:
                self.known = dict(Known.model_validate_json(target.read_bytes()).root)
            except ValidationError:
                target.unlink()  # a record that cannot be read says nothing: what is published now is taken down anew

    def check(self, release: str, digest: str) -> None:
        """Raises ViewRefused where other fixed figures of this release were shown before: a correction is a revision,
        with a name of its own."""
        if self.known.get(release, digest) != digest:
            raise ViewRefused(f"fixed figures of {release} are not those published before; publish a revision instead")

    def keep(self, release: str, digest: str) -> None:
        if self.known.get(release) == digest:
            return
        known = {**self.known, release: digest}
        data = Known(known).model_dump_json().encode()
        self.room.write("figures", lambda: write_durably(self.target, data))
        self.known = known
