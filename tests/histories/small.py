"""Small histories: two gateways and a consent in this process, on real sockets; half a second each. The same readers as
in the large ones, and an officer whose withdrawals fall into every moment of a check."""

import asyncio
import contextlib
import hashlib
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cli.check.judging import Judgement, judge
from cli.check.lines import LINE
from cli.check.reading import history_of
from services.gateway.api import bulk
from services.gateway.app import create_app
from services.gateway.peers import over_http
from shared.contracts.releases import ReadableView
from tests.histories.door import note_nothing, note_what_is_sent
from tests.histories.mutants import Gateway
from tests.histories.public import NEXT, Public, Reader
from tests.histories.recorder import now
from tests.histories.routes import EVERYBODY
from tests.histories.town import RELEASES, Town, manifest
from tests.histories.wire import Request
from tests.unit.test_gateway_baked import STORE, key_of
from tests.unit.test_gateway_world import Listening, World, world

ROUNDS: Final = 4
EFFECTIVE_SECONDS: Final = 1.0
LATE_SECONDS: Final = 0.03
NAMES: Final = ("gateway-1", "gateway-2")
PIECE_ROWS: Final = 20  # of a long file, so that a small town has long ones
WALK: Final = "/v1/releases/2026-09-30/results?level=consultant&limit=10"


class Link:
    """The way to consent. `late`: a check's answer is read at once, and waits; `refuse`: there is none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.mode = app, "open"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != "/v1/head" or self.mode == "open":
            await self.app(scope, receive, send)
            return
        if self.mode == "refuse":
            await send({"type": "http.response.start", "status": 503, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        waiting: list[Message] = []

        async def keep(message: Message) -> None:
            waiting.append(message)

        await self.app(scope, receive, keep)
        await asyncio.sleep(LATE_SECONDS)
        for message in waiting:
            await send(message)


class Notes:
    """What a recorder is to the readers, in memory."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def line(self, found: dict[str, Any]) -> None:
        self.lines.append(found)


class Small:
    """A town of 24, and gateways of one kind. Every history begins with everybody shown."""

    def __init__(self, made: World, kind: Gateway) -> None:
        self.made, self.kind, self.town = made, kind, Town(24)
        self.link = Link(made.consent.app)
        made.consent_at.stop()
        made.consent_at = Listening(self.link)  # type: ignore[arg-type]  # an application all the same
        self.view, self.last = 0, dict.fromkeys(self.town.people, 0)
        self.withdrawn: set[str] = set()
        self.notes = Notes()
        self.bake()
        self.gateways: dict[str, Listening] = {}

    @contextlib.contextmanager
    def up(self) -> Iterator["Small"]:
        with self.kind.plant(), patch.object(bulk, "PIECE_ROWS", PIECE_ROWS):
            for name in NAMES:
                settings = self.made.settings(name=name)
                app = self.kind.wrap(create_app(settings, over_http(settings), self.kind.barrier))
                self.gateways[name] = SmallBuffers(app, self.kind.protocol)
            names = {one.port: name for name, one in self.gateways.items()}
            note_what_is_sent(self.town, names, lambda port, at, shown: self.notes.line(
                {"f": "sent", "proc": names[port], "at": at, "shown": sorted(shown)}))  # fmt: skip
            try:
                yield self
            finally:
                note_nothing()
                for one in self.gateways.values():
                    one.stop()

    def bake(self) -> None:
        """Views in which everybody is who may be named now."""
        named = {gmc: key_of(gmc) for gmc in self.town.people if gmc not in self.withdrawn}
        self.view += 1
        revision = self.made.consent.revision
        for release in RELEASES:
            files = self.town.files(release, named)
            described = manifest(release, self.view, STORE, revision, files)
            entry = ReadableView(release=release, view=self.view,
                                 status="published" if release == RELEASES[0] else "superseded",
                                 consent_revision=revision,
                                 manifest_sha256=hashlib.sha256(described).hexdigest())  # fmt: skip
            self.made.ratings.views[release] = (entry, {**files, "manifest.json": described})

    # One history

    async def history(self, seed: int) -> Judgement:
        """Everybody is granted again and shown; then four withdrawals, and what was seen of them."""
        chance, self.notes = random.Random(seed), Notes()
        public = Public(self.town, self.notes, chance)
        everybody = [Reader(public, "officer", name, one.url) for name, one in self.gateways.items()]
        await self._everybody_shown(everybody)
        self.notes.lines.clear()
        revision = self.made.consent.revision
        readers = [Reader(public, f"reader-{number}", name, one.url)
                   for name, one in self.gateways.items() for number in range(3)]  # fmt: skip
        slow = [Reader(public, "slow", name, one.url, 4096) for name, one in self.gateways.items()]
        working = [asyncio.create_task(one.work()) for one in readers]
        working += [asyncio.create_task(one.work_slowly()) for one in slow]
        working += [asyncio.create_task(_walks(one)) for one in everybody]
        try:
            for _ in range(ROUNDS):
                await asyncio.sleep(chance.uniform(0.02, 0.1))
                await self._round(public, chance)
        finally:
            public.stopping = True
            self.link.mode = "open"
            await asyncio.gather(*working)
        asked = {"withdrawals": ROUNDS, "reads": 30}
        header = {"f": "header", "format": 1, "asked": asked, "seed": seed, "revision": revision}
        return judge(history_of([LINE.validate_python(line) for line in [header, *self.notes.lines]]))

    async def _everybody_shown(self, readers: list[Reader]) -> None:
        for gmc in sorted(self.withdrawn):
            self._granted(gmc)
        self.bake()
        for reader in readers:
            for gmc in self.town.people:
                for release in RELEASES:
                    request, until = Request(f"/v1/releases/{release}/consultants/{gmc}"), now() + 60
                    while (await reader.read(request, [gmc], "shown")).status != 200:
                        assert now() < until, (self.kind.number, gmc)
                        await asyncio.sleep(0.01)

    async def _round(self, public: Public, chance: random.Random) -> None:
        """One withdrawal, in a moment in which checks may be under way, late, or impossible, and hints may be lost."""
        consent = self.made.consent
        self.link.mode = chance.choice(("open", "late", "late", "refuse"))
        consent.hints = chance.choice(("true", "never"))
        await asyncio.sleep(chance.uniform(0.005, 0.05))
        gmc = chance.choice([one for one in self.town.people if one not in self.withdrawn])
        began = now()
        revision = consent.withdraw(gmc)
        self._line("withdraw", gmc, began, revision)
        self.withdrawn.add(gmc)
        public.focus.append(gmc)
        probes = [Reader(public, "officer", name, one.url) for name, one in self.gateways.items()]
        for release in (*RELEASES, "latest"):
            for reader in probes:
                await reader.read(Request(f"/v1/releases/{release}/results?consultant={gmc}"), [gmc], "at once")
        await asyncio.sleep(chance.uniform(0.0, 0.05))
        self.link.mode = "open"
        await self._effective(gmc, revision)
        await asyncio.sleep(chance.uniform(0.05, 0.15))
        for reader in probes:
            reader.wire.close()

    async def _effective(self, gmc: str, revision: int) -> None:
        began = now()
        while now() < began + EFFECTIVE_SECONDS:
            far = {name for name, applied in self.made.consent.confirmations if applied >= revision}
            if far >= set(NAMES):
                self.notes.line({"f": "effective", "proc": "officer", "c": gmc, "revision": revision, "inv": began,
                                 "end": now(), "outcome": "ok"})  # fmt: skip
                return
            await asyncio.sleep(0.005)

    def _granted(self, gmc: str) -> None:
        began, expects = now(), self.last[gmc]
        self._line("grant", gmc, began, self.made.consent.withdraw(gmc, now="named"), expects=expects)
        self.withdrawn.discard(gmc)

    def _line(self, f: str, gmc: str, began: float, revision: int, **more: int) -> None:
        self.notes.line({"f": f, "proc": "officer", "c": gmc, "inv": began, "end": now(), "outcome": "ok",
                         "revision": revision} | more)  # fmt: skip
        self.last[gmc] = revision


class SmallBuffers(Listening):
    """With little room in the kernel: what a slow reader has not taken waits in the gateway."""

    def start(self) -> None:
        super().start()
        for server in self.server.servers:
            for one in server.sockets:  # what is accepted here has as little
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)


async def _walks(reader: Reader) -> None:
    """Page by page, slowly."""
    while not reader.public.stopping:
        path: str | None = WALK
        while path is not None and not reader.public.stopping:
            answer = await reader.read(Request(path), EVERYBODY, "pages")
            following = NEXT.search(answer.content)
            path = following[1].decode() if following else None
            await asyncio.sleep(reader.chance.uniform(0.01, 0.1))
    reader.wire.close()


@contextlib.contextmanager
def small(folder: Path, kind: Gateway) -> Iterator[Small]:
    """Gateways of that kind, in a world of their own."""
    with world(folder) as made, Small(made, kind).up() as found:
        yield found


@dataclass(frozen=True)
class Caught:
    """`histories`: how many there were, the one that broke the promise the last; `laws`: which it broke, how often."""

    histories: int
    reads: int
    laws: dict[str, int]


def histories_until_caught(folder: Path, kind: Gateway, most: int, seed: int) -> Caught:
    """No laws where none of `most` histories broke any."""
    reads = 0
    with small(folder, kind) as found:
        for number in range(1, most + 1):
            judgement = asyncio.run(found.history(seed + number))
            reads += int(judgement.figures["reads"])
            if judgement.verdict == "VIOLATION":
                return Caught(number, reads, {law: times for law, times in judgement.breaches.items() if times})
    return Caught(most, reads, {})
