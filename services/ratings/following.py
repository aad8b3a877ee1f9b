"""Follows consent: when decisions change who may be named, every readable release gets a new, smallest view."""

import threading
import time
from collections.abc import Callable

from services.ratings.workflow.baking import digest_of, permitted_for, prepare_view
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions
from shared.contracts.releases import ReleaseStatus
from shared.kit.logs import log
from shared.kit.problems import Problem

STOP_SECONDS = 10.0  # a turn that hangs on a silent peer is left behind: nothing of it is half visible
READABLE = {ReleaseStatus.PUBLISHED.value, ReleaseStatus.SUPERSEDED.value}


class Follower:
    """Asks consent for its head every `every` seconds; at most one bake runs, and `gap` seconds lie between two.

    All changes until a bake reads the permissions are covered by it. Nothing depends on this thread for safety:
    gateways hide at once by the quarantine sets that they hold; a new view only brings back what may be shown.
    """

    def __init__(self, office: Office, every: float, gap: float) -> None:
        self.office, self.every, self.gap = office, every, gap
        self.checked: dict[str, tuple[str, int]] = {}  # release -> store and revision that needed no new view
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="following-consent", daemon=True)
        self.trouble = ""

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(STOP_SECONDS)

    def _run(self) -> None:
        wait = self.every
        while not self.stopping.wait(wait):
            wait = self.gap if self._quietly(self.follow) else self.every

    def _quietly(self, work: Callable[[], list[str]]) -> list[str]:
        """A peer that is away or a full disk ends this turn, not the thread; said once, when it begins."""
        try:
            baked = work()
            self.trouble = ""
        except (Problem, OSError) as error:
            if self.trouble != type(error).__name__:
                self.trouble = type(error).__name__
                log.warning("consent_not_followed", kind=self.trouble)
            return []
        return baked

    def follow(self) -> list[str]:
        """Bake what has to be baked now; gives the releases that got a new view."""
        with self.office.store.reading() as tx:
            known = {row.id: (pointer.consent_store, pointer.consent_revision) for row, pointer in tx.readable()}
        if not known:
            return []
        head = self.office.peers.head()
        now = (head.store_id, head.revision)
        behind = [release for release, seen in known.items() if self.checked.get(release, seen) != now and seen != now]
        if not behind:
            return []
        began = time.perf_counter()
        with self.office.baking:
            permissions = self.office.peers.permissions()
            baked = [release for release in behind if self._follow_one(release, permissions)]
        if baked:
            log.info("views_baked", releases=len(baked), seconds=round(time.perf_counter() - began, 3))
        return baked

    def _follow_one(self, release: str, permissions: Permissions) -> bool:
        if not self._is_stale(release, permissions):
            self.checked[release] = (permissions.store_id, permissions.revision)
            return False
        with self.office.store.reading() as tx:
            published = tx.release(release).published
        assert published is not None
        prepared = prepare_view(self.office, release, permissions, published)
        with self.office.store.transaction() as tx:
            if tx.release(release).status not in READABLE:
                return False
            former = prepared.flip(tx)
            tx.record("ratings", "release.baked", release, view=prepared.view, consent_revision=permissions.revision)
        if former is not None:
            self.office.views.remove(release, former)
        return True

    def _is_stale(self, release: str, permissions: Permissions) -> bool:
        """Whether other people may be named than at the last bake, or somebody's permission went and came back: the
        gateways keep hiding them until a view is newer than that."""
        with self.office.store.reading() as tx:
            row, pointer = tx.release(release), tx.pointer(release)
        assert pointer is not None
        permitted = permitted_for(self.office, row.indicators, permissions)
        if pointer.consent_store != permissions.store_id or digest_of(permitted) != pointer.permissions:
            return True
        _, after = self.checked.get(release, (pointer.consent_store, pointer.consent_revision))
        keys = {named.key for programme in permitted.values() for named in programme.values()}
        return bool(keys) and bool(
            keys & self.office.peers.changed_keys(max(after, pointer.consent_revision), permissions.revision)
        )
