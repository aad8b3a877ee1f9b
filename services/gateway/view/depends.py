"""What an answer depends on, and whether a decision has just touched it."""

from collections.abc import Collection
from dataclasses import dataclass

from services.gateway.view.opened import OpenView
from services.gateway.view.selection import Selection


@dataclass(frozen=True, eq=False)
class DependsOn:
    """What an answer shows or counts of one view and a decision could hide: the rows that `wanted` matches; where that
    is not known, or its view is not the one that answers any more, whatever is hidden in its release."""

    view: OpenView
    wanted: Selection | None = None

    def touched_by(self, view: OpenView, ids: Collection[str] | None) -> bool:
        """Whether it depends on one of the rows `ids`, which have just been hidden in `view`; on any row for None."""
        if view.release != self.view.release:
            return False
        if ids is None or self.wanted is None or view is not self.view:
            return True
        return view.rows.any_of(ids, self.wanted)

    def is_before(self, revision: int) -> bool:  # noqa: ARG002
        """Whether it may say what is not so any more at this revision, of which nobody knows whom it concerns."""
        return False


@dataclass(frozen=True, eq=False)
class DependsOnLedger(DependsOn):
    """What an answer says of consent's ledger as it was at `revision`: anything that comes after may undo it."""

    revision: int = 0

    def is_before(self, revision: int) -> bool:
        return self.revision < revision
