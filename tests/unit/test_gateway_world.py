"""A small world for the gateway's tests: baked views, a ratings that serves their files, a consent with a real log.

The two peers run on real sockets, because the gateway's consent check is an exchange of bytes.
"""

import asyncio
import hashlib
import secrets
import socket
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, Response

from services.gateway.app import create_app
from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.deadlines import Deadlines
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from services.gateway.tenure import tenure_of
from shared.contracts.consent import (
    Begin,
    Change,
    Changes,
    Confirmation,
    Head,
    News,
    Registration,
    SafeParticipation,
)
from shared.contracts.releases import ReadableView, ReadableViews
from shared.kit.auth import Identity, allow
from shared.kit.people import People
from shared.kit.problems import NotFound, add_problem_handlers
from shared.kit.secretfiles import make_secret, read_secret
from tests.unit.test_gateway_baked import STORE, Baked, first_view, key_of

A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped
QUIET = 3600.0  # seconds between a gateway's own looks, where what is waited for must not come by one
# A stalled disk or a busy processor must not look like a consent that is away: only tests of the deadlines have them.
PATIENT = Deadlines(*[A_LONG_TIME] * len(fields(Deadlines)))


class Consent:
    """A revision log, append-only, behind the contract of the consent service."""

    def __init__(self, revision: int, identity: Identity) -> None:
        self.store, self.identity = STORE, identity
        self.log = [Change(revision=number) for number in range(1, revision + 1)]
        self.heads = 0
        self.read: threading.Event | None = None  # set when a head was read; then `release` is waited for
        self.release: threading.Event | None = None
        self.silent = False
        self.incarnations: dict[str, list[str]] = {}  # by name, oldest first
        self.confirmations: list[tuple[str, int]] = []  # (name, applied), as they came
        self.heard: list[tuple[float, Confirmation]] = []  # the same, each with the monotonic time at which it came
        self.deaf = self.hung = False  # to confirmations
        self.ended: set[str] = set()  # incarnations that somebody has seen the end of
        self.begun: list[tuple[str, str | None]] = []  # (name, who ended before), one for each registration
        self.hints: Literal["true", "absent", "never", "lies"] = "true"
        self.asked_for_hints = self.most_at_once = self.at_once = 0
        self.forgetful = False  # of what it has just registered
        self.app = self._app()

    @property
    def revision(self) -> int:
        return len(self.log)

    def hash_at(self, revision: int) -> str:
        """Of the store and everything up to a revision: another history, another hash."""
        told = [self.store, *(change.model_dump_json() for change in self.log[:revision])]
        return "sha256:" + hashlib.sha256("\n".join(told).encode()).hexdigest()

    def withdraw(self, gmc: str, now: str = "withheld") -> int:
        self.log.append(Change(revision=self.revision + 1, key=key_of(gmc), now=now))
        return self.revision

    def hold(self) -> tuple[threading.Event, threading.Event]:
        """The next head is read at once and answered when the second event is set."""
        self.read, self.release = threading.Event(), threading.Event()
        return self.read, self.release

    def register(self, name: str, key: str | None = None, begin: Begin | None = None) -> Registration:
        known = self.incarnations.setdefault(name, [])
        self.begun.append((name, begin.ended if begin else None))
        token = hashlib.sha256(key.encode()).hexdigest()[:32] if key else secrets.token_hex(16)
        if not known or self.forgetful or not known[-1].endswith(token):
            known.append(f"{len(known) + 1}-{token}")
        return Registration(gateway=name, incarnation=known[-1], store_id=self.store, revision=self.revision)

    def refusal(self, name: str, incarnation: str) -> Response | None:
        known = self.incarnations.get(name, [])
        if incarnation in self.ended:
            return JSONResponse({"code": "incarnation_ended"}, 409, media_type="application/problem+json")
        if known and incarnation == known[-1] and not self.forgetful:
            return None
        code = "incarnation_superseded" if incarnation in known[:-1] else "incarnation_unknown"
        return JSONResponse({"code": code}, 409, media_type="application/problem+json")

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.state.identity = self.identity
        self._registry(app)
        self._hints(app)
        self._choices(app)

        @app.get("/v1/head", dependencies=[Depends(allow("service:gateway"))])
        async def head(
            request: Request, gateway: Annotated[str, Query()], incarnation: Annotated[str, Query()]
        ) -> Response:
            self.heads += 1
            refused = self.refusal(gateway, incarnation)
            if refused is not None:
                return refused
            found = Head(store_id=self.store, revision=self.revision, ledger_head=self.hash_at(self.revision))
            if self.read is not None and self.release is not None:
                read, release = self.read, self.release
                self.read = self.release = None
                read.set()
                while not release.is_set():
                    await asyncio.sleep(0.002)
            while self.silent and not await request.is_disconnected():
                await asyncio.sleep(0.01)
            return Response(found.model_dump_json(), media_type="application/json")

        @app.get("/v1/changes", dependencies=[Depends(allow("service:gateway"))])
        async def changes(after: Annotated[int, Query()], upto: Annotated[int, Query()]) -> Response:
            found = Changes(
                store_id=self.store, after=after, after_head=self.hash_at(after), upto=upto,
                changes=self.log[after:upto],
            )  # fmt: skip
            return Response(found.model_dump_json(), media_type="application/json")

        return add_problem_handlers(app)

    def _choices(self, app: FastAPI) -> None:
        @app.get("/v1/participation", dependencies=[Depends(allow("service:gateway"))])
        async def participation(at: datetime) -> Response:
            nothing = SafeParticipation(at=at, levels=[50], fewest=10, programmes=[])
            return Response(nothing.model_dump_json(), media_type="application/json")

    def _registry(self, app: FastAPI) -> None:
        @app.put("/v1/gateways/{name}", dependencies=[Depends(allow("service:gateway"))])
        async def register(name: str, idempotency_key: Annotated[str, Header()], begin: Begin) -> Response:
            if begin.ended is not None and begin.ended not in self.incarnations.get(name, []):
                return JSONResponse({"code": "value_not_allowed"}, 422, media_type="application/problem+json")
            given = self.register(name, idempotency_key, begin)
            return Response(given.model_dump_json(), media_type="application/json")

        @app.post("/v1/gateways/{name}/confirmations", dependencies=[Depends(allow("service:gateway"))])
        async def confirm(request: Request, name: str, confirmation: Confirmation) -> Response:
            while self.hung and not await request.is_disconnected():
                await asyncio.sleep(0.01)
            if self.deaf:
                return Response(status_code=503)
            refused = None if confirmation.leaving else self.refusal(name, confirmation.incarnation)
            if refused is None:
                self.heard.append((time.monotonic(), confirmation))
                self.confirmations.append((name, confirmation.applied))
            return refused or Response(status_code=204)

    def _hints(self, app: FastAPI) -> None:
        @app.get("/v1/news", dependencies=[Depends(allow("service:gateway"))])
        async def news(
            request: Request, after: Annotated[int, Query()], wait: Annotated[int, Query()],
            gateway: Annotated[str, Query()], incarnation: Annotated[str, Query()],
        ) -> Response:  # fmt: skip
            refused = self.refusal(gateway, incarnation)
            if refused is not None or self.hints == "absent":
                return refused or Response(status_code=404)
            self.asked_for_hints += 1
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            try:
                until = time.monotonic() + min(wait, 0.1)  # sooner than asked for: so a test's server stops soon
                while self.hints == "never" or (self.revision <= after and time.monotonic() < until):
                    await asyncio.sleep(0.01)
                    if await request.is_disconnected():
                        break
            finally:
                self.at_once -= 1
            told = after + 1000 if self.hints == "lies" else self.revision
            return Response(News(revision=told).model_dump_json(), media_type="application/json")


class Ratings:
    """The index of readable views, and their files."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.views: dict[str, tuple[ReadableView, dict[str, bytes]]] = {}
        self.app = self._app()

    def publish(self, baked: Baked, spoil: str | None = None) -> None:
        files = baked.files()
        manifest = baked.manifest(files)
        if spoil:
            files[spoil] = files[spoil][:-1] + bytes([files[spoil][-1] ^ 1])
        entry = ReadableView(
            release=baked.release, view=baked.view, status=baked.status,
            consent_revision=baked.consent_revision, manifest_sha256=hashlib.sha256(manifest).hexdigest(),
        )  # fmt: skip
        self.views[baked.release] = (entry, {**files, "manifest.json": manifest})

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.state.identity = self.identity

        @app.get("/v1/views", dependencies=[Depends(allow("service:gateway"))])
        async def views() -> Response:
            found = ReadableViews(views=[entry for entry, _ in self.views.values()])
            return Response(found.model_dump_json(), media_type="application/json")

        @app.get("/v1/releases/{release}/views/{view}/files/{name}", dependencies=[Depends(allow("service:gateway"))])
        async def file(release: str, view: int, name: str) -> Response:
            entry, files = self.views[release]
            if entry.view != view or name not in files:
                raise NotFound
            return Response(files[name], media_type="application/octet-stream")

        return add_problem_handlers(app)


class Prompt(uvicorn.Server):
    """Looks often whether it is to end: a test waits for that."""

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            await asyncio.sleep(0.01)


class Listening:
    """An application on a socket of its own, in a thread; it can be stopped and started again on the same port."""

    def __init__(self, app: FastAPI, protocol: type[asyncio.Protocol] | None = None) -> None:
        self.app, self.protocol, self.port = app, protocol, 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio leaves Nagle on
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        config = uvicorn.Config(
            self.app, log_level="critical", access_log=False, timeout_graceful_shutdown=1, http=self.protocol or "auto"
        )
        self.server = Prompt(config)
        self.thread = threading.Thread(target=self.server.run, args=([sock],), daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            threading.Event().wait(0.005)

    def begin_to_stop(self) -> None:
        self.server.should_exit = True

    def stop(self) -> None:
        self.begin_to_stop()
        self.thread.join(A_LONG_TIME)
        assert not self.thread.is_alive()


@dataclass
class World:
    folder: Path
    ratings: Ratings
    consent: Consent
    ratings_at: Listening
    consent_at: Listening

    def settings(self, poll_seconds: float = 0.05, name: str = "gateway") -> Settings:
        """Of the gateway of that name, with a data directory of its own. It may look less often than any setting
        allows: what a test waits for must not come by a look."""
        made = Settings(
            data_dir=self.folder / name, name=name, secrets_dir=self.folder / "secrets",
            ratings_url=self.ratings_at.url, consent_url=self.consent_at.url,
        )  # fmt: skip
        return made.model_copy(update={"poll_seconds": poll_seconds})

    @asynccontextmanager
    async def gateway(
        self, barrier_type: type[Barrier] = Barrier, poll_seconds: float = 0.05, name: str = "gateway",
        deadlines: Deadlines = PATIENT,
    ) -> AsyncIterator["Gateway"]:  # fmt: skip
        settings = self.settings(poll_seconds, name)
        with tenure_of(settings.data_dir) as tenure:
            app = create_app(settings, over_http(settings, tenure, deadlines), barrier_type)
            async with self._answering(app) as gateway:
                yield gateway

    @asynccontextmanager
    async def _answering(self, app: FastAPI) -> AsyncIterator["Gateway"]:
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                yield Gateway(app, client)


@dataclass
class Gateway:
    app: FastAPI
    client: httpx.AsyncClient

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.client.get(path if path.startswith("/v1") else f"/v1/releases/2026-09-30{path}", **options)

    async def tick(self) -> None:
        await self.app.state.follower.tick()

    async def reaches_consent(self) -> None:
        """Returns once a check has ended well. After an outage the next reader may still be refused, because somebody
        else's question, such as that for news, is the one that is on its way."""
        async with asyncio.timeout(A_LONG_TIME):
            while True:
                try:
                    await self.app.state.answers.barrier()
                    return
                except ConsentUnreachable:
                    await asyncio.sleep(0.01)

    def wait_for_consent(self, deadlines: Deadlines) -> None:
        """From now on, no longer than that for a check."""
        barrier = self.app.state.answers.barrier
        barrier.limit, barrier.consent.lean.deadline = deadlines.check, deadlines.head


@contextmanager
def world(folder: Path, *baked: Baked, revision: int = 10) -> Iterator[World]:
    for name in ("gateway-ratings", "gateway-consent", "gateway-cursor"):
        make_secret(folder / "secrets", name)

    def identity(service: str) -> Identity:
        secret = read_secret(folder / "secrets", f"gateway-{service}")
        return Identity(service, People(folder / "people.json"), {"gateway": [secret]})

    ratings, consent = Ratings(identity("ratings")), Consent(revision, identity("consent"))
    for one in baked:
        ratings.publish(one)
    made = World(folder, ratings, consent, Listening(ratings.app), Listening(consent.app))
    try:
        yield made
    finally:
        for peer in (made.consent_at, made.ratings_at):
            peer.begin_to_stop()
        for peer in (made.consent_at, made.ratings_at):
            peer.stop()


Scenario = Callable[[Gateway], Awaitable[Any]]


def asked(folder: Path, *paths: str, **options: Any) -> list[httpx.Response]:
    """The answers to `paths`, in one world."""

    async def scenario(gateway: Gateway) -> list[httpx.Response]:
        return [await gateway.get(path, **options) for path in paths]

    found: list[httpx.Response] = within(folder, scenario)
    return found


def within(folder: Path, scenario: Scenario) -> Any:
    async def run() -> Any:
        async with made.gateway() as gateway:
            return await scenario(gateway)

    with world(folder, first_view()) as made:
        return asyncio.run(run())


def test_first_answer(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            answer = await gateway.get("/v1/releases/latest/results")
            assert answer.status_code == 200, answer.text
            assert [one["id"] for one in answer.json()["data"]] == [
                f"r-{number:012x}" for number in (6, 7, 8, 4, 1, 5, 2, 3)
            ]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))
