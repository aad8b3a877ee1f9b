"""Follows ratings' index of readable views: fetch, verify, compile aside, catch up with consent, swap."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.peers import Peers
from services.gateway.view.compile import ViewRefused, compile_view
from services.gateway.view.disk import MANIFEST, Shelf, check_manifest, check_parts
from services.gateway.view.figures import Figures
from services.gateway.view.lineage import LineageBroken
from services.gateway.view.live import Live
from services.gateway.view.opened import Definitions, OpenView
from services.gateway.view.wholefiles import PublicFolder, Source
from shared.contracts.releases import ReadableView, ReadableViews
from shared.contracts.views import ViewManifest
from shared.kit.logs import log
from shared.kit.peers import PeerRefused, PeerUnreachable

AGAIN_AFTER_SECONDS: Final = 10.0
ROOM_AFTER_SECONDS: Final = 2.0
DATABASE: Final = "view.sqlite"


@dataclass(frozen=True)
class Kept:
    """What a gateway keeps on its disk of the releases that it shows."""

    shelf: Shelf
    figures: Figures
    public: PublicFolder


@dataclass(frozen=True)
class Opened:
    """A view that may begin to answer."""

    entry: ReadableView
    view: OpenView


class Follower:
    """One task. What it cannot take now it tries again; what it takes has seen every consent decision first."""

    def __init__(self, live: Live, kept: Kept, peers: Peers, barrier: Barrier, every: float) -> None:
        self.live, self.kept, self.peers, self.barrier, self.every = live, kept, peers, barrier, every
        self.shelf = kept.shelf
        self.entries: dict[str, ReadableView] = {}  # of the live views
        self.not_before: dict[str, float] = {}
        self.files_not_before = 0.0
        self.said: set[str] = set()
        self.failed = False
        self.one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(self.every)
            try:
                await self.tick()
                self.failed = False
            except (
                Exception
            ) as error:  # unforeseen: told, shown as not ready, and tried again; the barrier still stands
                log.critical("following_failed", cause=f"{type(error).__name__}: {error}")
                self.failed = True

    async def tick(self) -> None:
        """One look at the index, and one consent check, so that withdrawals are told without a reader's request."""
        async with self.one_at_a_time:
            await self._tick()

    async def _tick(self) -> None:
        await self.shelf.room.look_again()
        try:
            await self.follow()
            self.said.discard("views_not_followed")
        except (PeerUnreachable, PeerRefused, ValidationError, OSError) as error:
            self._say("views_not_followed", error)
        if self.peers.consent.incarnation or any(view.revocable for view in self.live.views.values()):
            await self._heartbeat()

    async def follow(self) -> None:
        index, restoring = await self.index()
        if restoring and not index.views:
            return  # nothing on disk, and ratings does not say that there is nothing
        wanted = {entry.release: entry for entry in index.views}
        await self._follow_all(index.views)
        for release in [name for name in self.live.views if name not in wanted]:
            self.live.drop(release)
            del self.entries[release]
        self.live.settle({release: entry.status for release, entry in wanted.items()}, every=not restoring)
        self.live.waiting = set(wanted) - set(self.live.views)
        self.live.started = True
        self._tidy(index)

    async def _follow_all(self, entries: Sequence[ReadableView]) -> None:
        """New views are opened one after the other, and begin to answer together: who is hidden in one release is
        hidden with an eye to what the others show. One that cannot be opened keeps none of them waiting."""
        opened: list[Opened] = []
        try:
            for entry in entries:
                if (one := await self._try(entry)) is not None:
                    opened.append(one)
        finally:
            self._take(opened)
        for entry in entries:
            await self._try_files(entry)

    async def index(self) -> tuple[ReadableViews, bool]:
        """What ratings says; at start, where it says nothing, what was live last."""
        try:
            index = await self.peers.ratings.views()
            self.said.discard("views_from_disk")
            return index, False
        except PeerUnreachable as error:
            if self.live.views:
                raise
            self._say("views_from_disk", error)
            return self.shelf.live_last(), True

    async def _try(self, entry: ReadableView) -> Opened | None:
        former = self.live.views.get(entry.release)
        if former is not None and former.manifest_sha256 == entry.manifest_sha256:
            return None
        if self.not_before.get(entry.manifest_sha256, 0.0) > time.monotonic():
            return None
        try:
            return await self.load(entry)
        except (ViewRefused, LineageBroken, pl.exceptions.PolarsError) as error:
            log.error("view_refused", release=entry.release, view=entry.view, cause=f"{type(error).__name__}: {error}")
            self.not_before[entry.manifest_sha256] = time.monotonic() + AGAIN_AFTER_SECONDS
        except ConsentUnreachable as error:
            self._say("view_waits_for_consent", error)
        except (PeerUnreachable, PeerRefused) as error:  # the others must not wait for this one
            self._say("view_not_fetched", error)
        except OSError as error:
            self._say("view_not_kept", error)
            self.not_before[entry.manifest_sha256] = time.monotonic() + ROOM_AFTER_SECONDS
        return None

    async def _try_files(self, entry: ReadableView) -> None:
        """Whole files that found no room when their view went live."""
        view = self.live.views.get(entry.release)
        if view is None or view.files is not None or self.files_not_before > time.monotonic():
            return
        self.files_not_before = time.monotonic() + ROOM_AFTER_SECONDS
        await self._write_files(view, self._source(self.entries[entry.release], view))

    async def _write_files(self, view: OpenView, source: Source) -> None:
        """A view does not wait for room on the disk: what it says is in it already."""
        try:
            view.files = await run_in_threadpool(self.kept.public.write, source)
            self.said.discard("files_not_written")
        except OSError as error:
            self._say("files_not_written", error)

    def _source(self, entry: ReadableView, view: OpenView) -> Source:
        return Source(view.release, view.published, view.definitions, self.shelf.place(entry) / DATABASE)

    async def load(self, entry: ReadableView) -> Opened:
        """A view that may go live. Raises ViewRefused, LineageBroken; ConsentUnreachable where a new view may not go
        live unchecked."""
        files = await run_in_threadpool(self.shelf.read, entry)
        if files is None:
            files = await self._fetch(entry)
            await run_in_threadpool(self.shelf.keep, entry, files)
        manifest = check_manifest(entry, files[MANIFEST])
        view = await self._open(entry, manifest, files)
        ready = False
        try:
            figures = await self._fixed_part(entry, view)
            await self._catch_up(view, was_live=self._was_live(entry))
            self.kept.figures.keep(entry.release, figures)
            ready = True
        finally:
            if not ready:
                view.close()
        self.said -= {"view_not_fetched", "view_not_kept"}
        return Opened(entry, view)

    def _take(self, opened: Sequence[Opened]) -> None:
        """No await in here: all of them begin to answer at once. The one that was baked first goes first: once every
        live view knows a change it is forgotten, and this one may still need it."""
        for one in sorted(opened, key=lambda one: one.view.manifest.consent_revision):
            self.live.take(one.view, one.entry.status)
            self.entries[one.entry.release] = one.entry
            log.info("view_live", release=one.view.release, view=one.view.manifest.view)

    async def _fixed_part(self, entry: ReadableView, view: OpenView) -> str:
        """Its whole files; the digest of its figures. Raises ViewRefused where other ones were published."""
        source, former = self._source(entry, view), self.live.views.get(entry.release)
        view.fixed = await run_in_threadpool(source.fixed)
        self.kept.figures.check(entry.release, view.fixed.figures)
        if former is not None and former.fixed == view.fixed and former.files is not None:
            view.files = former.files  # a withdrawal, as a rule: it has changed nothing here
        else:
            await self._write_files(view, source)
        return view.fixed.figures

    async def _fetch(self, entry: ReadableView) -> dict[str, bytes]:
        async def get(name: str) -> bytes:
            return await self.peers.ratings.file(entry.release, entry.view, name)

        files = {MANIFEST: await get(MANIFEST)}
        manifest = check_manifest(entry, files[MANIFEST])
        for file in manifest.files:
            files[file.name] = await get(file.name)
        check_parts(manifest, files)
        return files

    async def _open(self, entry: ReadableView, manifest: ViewManifest, files: Mapping[str, bytes]) -> OpenView:
        target = self.shelf.place(entry) / DATABASE
        try:
            definitions = Definitions.of(files)
        except ValidationError:
            raise ViewRefused("a part of the view is not of the known form") from None
        await run_in_threadpool(compile_view, files, target)
        return OpenView(manifest, entry.manifest_sha256, definitions, target)

    async def _catch_up(self, view: OpenView, was_live: bool) -> None:
        """Know every change after the view's own revision. A view that was live before a restart may go live while
        consent is silent: its fixed rows answer, and the barrier stands before the others."""
        if not view.revocable:
            return
        store, baked = view.manifest.consent_store, view.manifest.consent_revision
        mark = self.live.high_water.mark
        if mark is not None and mark.store_id != store:
            raise LineageBroken("the view was baked from another consent store")
        self.live.high_water.raise_to_view(store, baked)
        if self.live.floor is None:
            self.live.start(baked)
        try:
            await self._learn_since(baked)
        except (ConsentUnreachable, PeerUnreachable) as error:
            knows_enough = self.live.floor is not None and self.live.floor <= baked
            if not (was_live and knows_enough):
                raise ConsentUnreachable from error

    async def _learn_since(self, baked: int) -> None:
        """What was withheld before the floor is learnt only after the barrier has confirmed whose history it is."""
        earlier = None
        if self.live.floor is not None and baked < self.live.floor:
            earlier = await self.peers.consent.changes(baked, self.live.floor)
        await self.barrier()
        if earlier is not None:
            self.live.extend(earlier)

    async def _heartbeat(self) -> None:
        try:
            await self.barrier()
            self.said -= {"consent_silent", "view_waits_for_consent"}
        except ConsentUnreachable as error:
            self._say("consent_silent", error)

    def _was_live(self, entry: ReadableView) -> bool:
        return any(one.manifest_sha256 == entry.manifest_sha256 for one in self.shelf.live_last().views)

    def _tidy(self, index: ReadableViews) -> None:
        live = list(self.entries.values())
        if live:
            self.shelf.note_live(ReadableViews(views=live))
        self.shelf.remove_all_but([*index.views, *live])
        shown = {entry.release: self.live.views.get(entry.release) for entry in (*index.views, *live)}
        self.kept.public.remove_all_but(
            {name: view.files.values() if view and view.files else None for name, view in shown.items()}
        )

    def _say(self, event: str, error: Exception) -> None:
        """Once for each new state, not twice a second."""
        if event not in self.said:
            log.warning(event, cause=f"{type(error).__name__}: {error}")
            self.said.add(event)
