"""Which history of consent this gateway follows: never another one, and never an earlier state of the same."""

from pathlib import Path

from pydantic import ValidationError

from services.gateway.view.room import Room
from shared.contracts.base import Contract, Count, Digest
from shared.contracts.consent import Changes, Head
from shared.kit.files import write_durably


class LineageBroken(Exception):
    """Consent is another store than before, has lost revisions, or tells another history: closed until a person has
    looked."""


class Mark(Contract):
    """What is kept: the newest head that consent gave, and `baked`, the newest revision that a view was baked at.

    A view's manifest has a revision and no hash. A file from before hashes were kept has none either: the head that
    consent gives next at that revision or later is taken, once.
    """

    store_id: str
    revision: Count
    ledger_head: Digest | None = None
    baked: Count | None = None


class HighWater:
    """The consent store that this gateway follows, the highest revision it ever saw there, and its hash. Durable; on a
    disk without any room, as soon as there is some."""

    def __init__(self, target: Path, room: Room) -> None:
        self.target, self.room = target, room
        self.mark: Mark | None = None
        if target.exists():
            try:
                self.mark = Mark.model_validate_json(target.read_bytes())
            except ValidationError as error:
                raise LineageBroken("the record of consent's revision cannot be read") from error

    def check(self, head: Head) -> int | None:
        """The revision at which consent's hash must be compared before a newer `head` is taken. Raises LineageBroken.

        A store restored from an older copy that has grown again since has the revisions, and not the hash.
        """
        mark = self.mark
        if mark is None:
            return None
        if head.store_id != mark.store_id:
            raise LineageBroken("consent is another store than before")
        if head.revision < max(mark.revision, mark.baked or 0):
            raise LineageBroken("consent is older than what it said before")
        if mark.ledger_head is None:
            return None
        if head.revision > mark.revision:
            return mark.revision
        if head.ledger_head != mark.ledger_head:
            raise LineageBroken("consent tells another history than before")
        return None

    def confirm(self, joint: Changes) -> None:
        """Changes from the marked revision on, however few. Raises LineageBroken."""
        if self.mark is None or joint.after != self.mark.revision:
            raise LineageBroken("these changes do not begin where they were asked for")
        self.check_changes(joint)

    def check_changes(self, changes: Changes) -> None:
        """Raises LineageBroken. At a revision whose hash is not known there is nothing to compare."""
        mark = self.mark
        if mark is None:
            return
        if changes.store_id != mark.store_id:
            raise LineageBroken("these changes are another store's")
        if changes.after == mark.revision and mark.ledger_head not in (None, changes.after_head):
            raise LineageBroken("these changes continue another history")

    def raise_to(self, head: Head) -> None:
        """Remember a head that was checked, and confirmed where it had to be."""
        mark = self.mark
        if mark is None or head.revision > mark.revision or mark.ledger_head is None:
            baked = mark.baked if mark is not None else None
            told = Mark(store_id=head.store_id, revision=head.revision, ledger_head=head.ledger_head, baked=baked)
            self._keep(told)

    def raise_to_view(self, store_id: str, revision: int) -> None:
        """A consent store that does not know the revision of a view has lost some."""
        mark = self.mark
        if mark is None:
            self._keep(Mark(store_id=store_id, revision=revision))
        elif revision > max(mark.revision, mark.baked or 0):
            self._keep(mark.model_copy(update={"baked": revision}))

    def _keep(self, mark: Mark) -> None:
        data = mark.model_dump_json().encode()
        self.room.write("high_water", lambda: write_durably(self.target, data))
        self.mark = mark
