"""The views that answer, and the consent revision that they know. Nothing in here awaits: every change is atomic."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping

from services.gateway.view.changelog import ChangeLog
from services.gateway.view.lineage import HighWater, LineageBroken
from services.gateway.view.opened import OpenView
from shared.contracts.consent import Changes, Head


class Live:
    """Views by release, and every key withheld after revision `floor`, up to `revision`.

    A key hides its rows in a view only where it was withheld after that view was baked: an earlier decision is in the
    view already. Nothing shows a hidden row again but a newer view. Whatever hides rows says so to `on_hidden`, with
    the view that showed them until now: what is still going out of them ends before anything else happens.
    """

    def __init__(self, high_water: HighWater, changelog: ChangeLog) -> None:
        self.high_water, self.changelog = high_water, changelog
        self.views: dict[str, OpenView] = {}
        self.status: dict[str, str] = {}
        self.withheld: dict[str, int] = {}
        self.floor: int | None = None
        self.revision = 0
        self.applied: int | None = None  # the newest revision that a check of consent has found and applied
        self.on_applied: Callable[[], None] = lambda: None
        self.on_hidden: Callable[[OpenView, Collection[str] | None], None] = lambda _view, _ids: None
        self.started = False
        self.waiting: set[str] = set()  # releases that are published but cannot be shown yet

    def check_lineage(self, head: Head) -> int | None:
        """The revision at which consent must still `confirm` that it continues what we knew; None where that is plain,
        or where `apply` will see it. Raises LineageBroken."""
        joint = self.high_water.check(head)
        if joint is not None and (self.floor is None or joint != self.revision):
            return joint
        self._start_where_nothing_did(head)
        return None

    def confirm(self, head: Head, joint: Changes) -> None:
        """Raises LineageBroken."""
        self.high_water.confirm(joint)
        self._start_where_nothing_did(head)

    def _start_where_nothing_did(self, head: Head) -> None:
        """The first head ever seen starts the count where no view has done so."""
        if self.floor is None:
            self.start(head.revision)

    def start(self, revision: int) -> None:
        self.floor = self.revision = revision

    def remember(self, head: Head) -> None:
        """A check is complete: every request that begins from now on is answered at `head` or later."""
        self.high_water.raise_to(head)
        self.applied = head.revision
        self.on_applied()

    def extend(self, changes: Changes) -> None:
        """Learn what was withheld before `floor`, for a view that was baked earlier. Raises LineageBroken."""
        _check_gapless(changes)
        if self.floor is None or changes.upto != self.floor:
            raise LineageBroken("these changes do not join on to those known")
        self.high_water.check_changes(changes)
        for change in changes.changes:
            if change.key is not None and change.now == "withheld":
                self.withheld[change.key] = max(self.withheld.get(change.key, 0), change.revision)
        self.floor = changes.after

    def apply(self, changes: Changes) -> None:
        """Hide what was withheld since, in every view. From its return on nothing shows it, and nothing that was
        rendered earlier and does is still going out."""
        _check_gapless(changes)
        if changes.after != self.revision:
            raise LineageBroken("these changes do not follow those applied")
        self.high_water.check_changes(changes)
        keys = []
        for change in changes.changes:
            if change.key is not None and change.now == "withheld":
                self.withheld[change.key] = change.revision
                keys.append(change.key)
        gone = {view.release: view.hide_since(self.withheld, keys) for view in self.views.values()}
        for release, ids in gone.items():
            self._are_hidden(self.views[release], ids)
        self.revision = changes.upto
        for release, ids in gone.items():
            self.changelog.not_published(release, self.views[release].manifest.view, ids)

    def take(self, view: OpenView, status: str) -> OpenView | None:
        """Let `view` answer from now on; the one it replaces, closed. Its store and revision must be in our lineage."""
        hidden = view.hide_since(self.withheld, self.withheld)
        former = self.views.get(view.release)
        gone = former.rows.visible_ids() - view.rows.visible_ids() if former else set()
        self.views[view.release] = view
        self.status[view.release] = status
        if former is not None:
            self._are_hidden(former, gone)
        self.changelog.published(view.release)
        self.changelog.shown_again(view.release, view.manifest.view, view.rows.visible_ids())
        self.changelog.not_published(view.release, view.manifest.view, gone | set(hidden))
        if former is not None:
            former.close()
        self._forget_what_every_view_knows()
        return former

    def drop(self, release: str) -> OpenView:
        view = self.views.pop(release)
        self.status.pop(release)
        self.on_hidden(view, None)
        view.close()
        self._forget_what_every_view_knows()
        return view

    def settle(self, statuses: Mapping[str, str], *, every: bool) -> None:
        """Take the status of releases that can be read, and tell what is other than before. `every`: there are no
        others, as ratings says itself."""
        for release in self.views:
            self.status[release] = statuses[release]
        by_age = sorted(self.views.values(), key=lambda view: (view.published, order_of(view.release)))
        for view in by_age:
            self._tell_standing(view, by_age)
        for view in by_age:
            noted = view.manifest.correction
            if noted is not None and noted.supersedes in self.views:
                self.changelog.corrected(noted.supersedes, view.release)
        for release in sorted(self.changelog.releases - statuses.keys()) if every else ():
            self.changelog.taken_down(release)

    def _tell_standing(self, view: OpenView, by_age: list[OpenView]) -> None:
        if self.status[view.release] == "published":
            self.changelog.reinstated(view.release)
            return
        after = [one.release for one in by_age if one.manifest.supersedes == view.release]
        self.changelog.superseded(view.release, after[-1] if after else None)

    def close(self) -> None:
        for view in self.views.values():
            view.close()
        self.views.clear()

    def latest(self) -> OpenView | None:
        """The newest published release, else the newest there is."""
        newest = max(self.views, key=lambda name: (self.status[name] == "published", order_of(name)), default=None)
        return None if newest is None else self.views[newest]

    def newest_first(self) -> list[OpenView]:
        return [self.views[name] for name in sorted(self.views, key=order_of, reverse=True)]

    def _are_hidden(self, view: OpenView, ids: Collection[str]) -> None:
        if ids:
            self.on_hidden(view, ids)

    def _forget_what_every_view_knows(self) -> None:
        baked = [view.manifest.consent_revision for view in self.views.values() if view.revocable]
        if self.floor is not None and baked:
            self.floor = min(max(self.floor, min(baked)), self.revision)
            self.withheld = {key: when for key, when in self.withheld.items() if when > self.floor}


def order_of(release: str) -> tuple[str, int]:
    """Dates in order, and `.10` after `.2`."""
    date, _, revision = release.partition(".")
    return date, int(revision or 1)


def is_release(name: str) -> bool:
    return re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.[1-9]\d?)?", name) is not None


def _check_gapless(changes: Changes) -> None:
    found: Iterable[int] = (change.revision for change in changes.changes)
    if list(found) != list(range(changes.after + 1, changes.upto + 1)):
        raise LineageBroken("changes with a gap")
