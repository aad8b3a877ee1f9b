"""Follows consent: when decisions change who may be named, every readable release gets a new, smallest view."""

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from services.ratings.store.remembering import some_return
from services.ratings.workflow.baking import digest_of, permitted_for, prepare_views
from services.ratings.workflow.deciding import is_of_policy
from services.ratings.workflow.office import Office
from shared.contracts.consent import Head, Permissions
from shared.contracts.views import VIEW_SCHEMA
from shared.kit.logs import log

STOP_SECONDS = 10.0  # a turn that hangs on a silent peer is left behind: nothing of it is half visible
PATIENCE_SECONDS = 10.0  # turns that fail for longer are told by `ready`


class OtherHistory(Exception):
    """Consent is older than what it said before, or tells another history: nothing is baked from it."""


class Follower:
    """Asks consent for its head every `every` seconds; at most one bake runs, and `gap` seconds lie between two.

    All changes until a bake reads the permissions are covered by it. Nothing depends on this thread for safety:
    gateways hide at once by the quarantine sets that they hold; a new view only brings back what may be shown.
    """

    def __init__(self, office: Office, every: float, gap: float) -> None:
        self.office, self.every, self.gap = office, every, gap
        self.checked: dict[str, tuple[str, int]] = {}  # release -> store and revision that needed no new view
        self.whole: set[str] = set()  # manifests of live views that are of our schema
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, name="following-consent", daemon=True)
        self.trouble = ""
        self.failing_since: float | None = None  # monotonic seconds
        self.known: Head | None = None  # the newest that consent told, in this life of the service

    def ready(self) -> str | None:
        """Why consent is not being followed, None where it is."""
        if not self.thread.is_alive():
            return "consent is not being followed: the follower has ended"
        failing = self.failing_since
        if failing is not None and time.monotonic() - failing > PATIENCE_SECONDS:
            return "consent is not being followed: every turn fails"
        return None

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
        """Whatever fails ends this turn, not the thread: a peer away, a full disk, the database. Only its kind is said,
        once, when it begins; `ready` tells what lasts."""
        try:
            baked = work()
            self.trouble, self.failing_since = "", None
        except Exception as error:
            self.failing_since = self.failing_since or time.monotonic()
            if self.trouble != type(error).__name__:
                self.trouble = type(error).__name__
                log.warning("consent_not_followed", kind=self.trouble)
            return []
        return baked

    def follow(self) -> list[str]:
        """Bake what has to be baked now; gives the releases that got a new view. Where several processes follow, one
        bakes, and the others find it done."""
        known = self._known()
        if not known:
            return []
        head = self.office.peers.head()
        self._check_history(head, known.values())
        now = (head.store_id, head.revision)
        behind = [one for one, seen in known.items() if self._is_behind(one, seen, now)]
        if not behind:
            return []
        began = time.perf_counter()
        with self.office.baking():
            permissions = self.office.peers.permissions()
            self._check_history(_head_of(permissions), self._known().values())
            baked = self._follow_all(behind, permissions)
        if baked:
            log.info("views_baked", releases=len(baked), seconds=round(time.perf_counter() - began, 3))
        return baked

    def _known(self) -> dict[str, tuple[str, int]]:
        with self.office.store.reading() as tx:
            return {row.id: (pointer.consent_store, pointer.consent_revision) for row, pointer in tx.readable()}

    def _is_behind(self, release: str, seen: tuple[str, int], now: tuple[str, int]) -> bool:
        unseen = self.checked.get(release, seen) != now and seen != now
        return unseen or self._is_missing(release) or self._returns(release)

    def _returns(self, release: str) -> bool:
        """Whether somebody was kept back by the live view who may be shown by the next one. Gateways get as long as two
        turns to take up the view that knows what to hide, should whoever returns withdraw once more."""
        with self.office.store.reading() as tx:
            pointer = tx.pointer(release)
            if pointer is None or datetime.now(UTC) - pointer.baked < timedelta(seconds=2 * self.gap):
                return False
            return some_return(tx, tx.release(release).indicators)

    def _is_missing(self, release: str) -> bool:
        """Whether the folder of a live view is gone, as after a restore: views are not backed up. A view of an earlier
        schema counts as gone: gateways still read it, but it has not what this version tells; and so does one that was
        hidden by another rule or policy."""
        with self.office.store.reading() as tx:
            pointer = tx.pointer(release)
        if pointer is None:
            return False
        if not is_of_policy(self.office, pointer):
            return True
        if pointer.manifest_sha256 not in self.whole:
            if self.office.views.schema_of(release, pointer.manifest_sha256) != VIEW_SCHEMA:
                return True
            self.whole.add(pointer.manifest_sha256)
        return not self.office.views.has(release, pointer.manifest_sha256)

    def _check_history(self, head: Head, pointers: Iterable[tuple[str, int]]) -> None:
        """Raises OtherHistory where `head` does not continue what was known of the same store: an older copy that was
        restored has fewer revisions, and when it has grown again, another hash."""
        if head.revision < max((revision for store, revision in pointers if store == head.store_id), default=0):
            raise OtherHistory("consent is older than a view that was baked from it")
        known = self.known
        if known is not None and known.store_id == head.store_id:
            if head.revision < known.revision:
                raise OtherHistory("consent is older than what it said before")
            same = head.revision == known.revision
            told = head.ledger_head if same else self.office.peers.ledger_head_at(known.revision)
            if told != known.ledger_head:
                raise OtherHistory("consent tells another history than before")
        self.known = head

    def _follow_all(self, behind: Iterable[str], permissions: Permissions) -> list[str]:
        """New views of those that need one, and of whatever changes with them; all go live together."""
        due = [one for one in behind if self._is_missing(one) or self._returns(one) or self._is_stale(one, permissions)]
        self.checked |= {one: (permissions.store_id, permissions.revision) for one in behind if one not in due}
        if not due:
            return []
        prepared = prepare_views(self.office, due, permissions)
        with self.office.store.transaction() as tx:
            prepared.flip(tx)
        prepared.forget_former(self.office)
        return [one.release for one in prepared.views]

    def _is_stale(self, release: str, permissions: Permissions) -> bool:
        """Whether other people may be named than at the last bake, or somebody's permission went and came back: the
        gateways keep hiding them until a view is newer than that."""
        with self.office.store.reading() as tx:
            row, pointer = tx.release(release), tx.pointer(release)
        if pointer is None:  # taken down since it was seen
            return False
        permitted = permitted_for(self.office, row.indicators, permissions)
        if pointer.consent_store != permissions.store_id or digest_of(permitted) != pointer.permissions:
            return True
        _, after = self.checked.get(release, (pointer.consent_store, pointer.consent_revision))
        keys = {named.key for programme in permitted.values() for named in programme.values()}
        return bool(keys) and bool(
            keys & self.office.peers.changed_keys(max(after, pointer.consent_revision), permissions.revision)
        )


def _head_of(permissions: Permissions) -> Head:
    return Head(
        store_id=permissions.store_id, revision=permissions.revision, ledger_head=permissions.ledger_head
    )  # fmt: skip
