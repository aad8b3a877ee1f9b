"""A small world for the gateway's tests: baked views, a ratings that serves their files, a consent with a real log.

The two peers run on real sockets, because the gateway's consent check is an exchange of bytes.
"""

import asyncio
import hashlib
import json
import re
import socket
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any

import httpx
import polars as pl
import uvicorn
from fastapi import Depends, FastAPI, Query
from fastapi.responses import Response

from services.gateway.app import create_app
from services.gateway.barrier import Barrier
from services.gateway.peers import over_http
from services.gateway.settings import Settings
from shared.contracts.consent import Change, Changes, Head
from shared.contracts.releases import ReadableView, ReadableViews
from shared.contracts.views import (
    ROW_COLUMNS,
    ROW_TYPES,
    CurvePoint,
    FunnelCurves,
    IndicatorEntry,
    ProviderEntry,
    RiskModelEntry,
    ViewFile,
    ViewManifest,
)
from shared.kit.auth import Identity, allow
from shared.kit.people import People
from shared.kit.problems import NotFound, add_problem_handlers
from shared.kit.secretfiles import make_secret, read_secret

STORE = "store-a"
PERIOD = "2023-04_2026-03"
FIXED, MIXED = "cabg-new-york", "hip-death-30-days"
ADAMS, BAKER, CLARK = "9900001", "9900002", "9900003"
DAY = date(2026, 9, 1)


def key_of(gmc: str) -> str:
    return hashlib.sha256(f"key {gmc}".encode()).hexdigest()[:32]


def indicator(name: str, revocable: bool) -> IndicatorEntry:
    return IndicatorEntry(
        id=name, version="2026.1", status="synthetic", label=f"Deaths, {name}", unit="percent",
        polarity="lower_is_better", decimals=2, rounding="half_even", numerator="Deaths within 30 days",
        denominator="Operations", why_it_matters="Most people survive.", does_not_show=["quality of life"],
        levels=["provider", "consultant"] if revocable else ["provider"], periods=["2020-04_2023-03", PERIOD],
        specialty="orthopaedic-surgery" if revocable else None, interval_level=0.95, interval_method="byar",
        limits_method="exact_poisson", test="two-sided", min_denominator="10", min_expected="1", min_power="none",
        risk_model=RiskModelEntry(id="hip-2026.1", variables=["age", "sex"]) if revocable else None,
        authored_by="A Author", checked_by="B Checker", next_review=date(2027, 6, 1), revocable=revocable,
        synthetic=True, source="demonstration",
    )  # fmt: skip


def provider(name: str, region: str = "London") -> ProviderEntry:
    return ProviderEntry(id=name, name=f"Éxample Hospital {name}", kind="hospital", region=region,
                         register_source="demo", register_as_of=DAY, synthetic=True)  # fmt: skip


def row_of(number: int, **given: Any) -> dict[str, Any]:
    """A published, rated row of a provider, and whatever is `given`."""
    row: dict[str, Any] = dict.fromkeys(ROW_COLUMNS)
    row |= {
        "row": number, "id": f"r-{number:012x}", "status": "published", "partition": "fixed", "level": "provider",
        "provider_kind": "hospital", "indicator_id": MIXED, "period_id": PERIOD, "period_start": date(2023, 4, 1),
        "period_end": date(2026, 3, 31), "value_kind": "risk_adjusted_rate", "estimate": 2.1, "interval_level": 0.95,
        "interval_lower": 1.58, "interval_upper": 2.72, "interval_method": "byar", "observed": 56, "expected": 61.25,
        "denominator": 2310, "standardised_ratio": 0.92, "benchmark_scope": "England", "benchmark_value": 2.29,
        "comparison_status": "rated", "position": "within", "band": "as_expected", "limits_method": "exact_poisson",
        "warning_lower": 1.44, "warning_upper": 3.65, "control_lower": 1.1, "control_upper": 4.77,
        "reliability": 0.71, "power_to_detect_doubling": 0.99, "min_detectable_ratio": 1.39, "quality_flags": "",
        "legal_basis": "public_task", "disclosure_rule": "2026.1", "summary": "Within the range expected.",
        "certainty": "Enough operations.",
    }  # fmt: skip
    row |= given
    if row["provider_id"] is not None:
        row["provider_name"] = f"Éxample Hospital {row['provider_id']}"
    return row


def person(number: int, gmc: str, at: str, name: str) -> dict[str, Any]:
    return row_of(number, level="consultant", partition="revocable", consultant_id=gmc, consultant_name=name,
                  provider_id=at, legal_basis="consent", provider_kind=None, comparison_status="not_rated",
                  not_rated_reason="too_few_cases", position=None, band=None)  # fmt: skip


def absent_row(number: int, at: str) -> dict[str, Any]:
    found = row_of(number, provider_id=at, status="suppressed", reason="small_numbers")
    kept = {"row", "id", "status", "reason", "partition", "level", "provider_id", "provider_name", "provider_kind",
            "indicator_id", "period_id", "period_start", "period_end", "legal_basis", "disclosure_rule"}  # fmt: skip
    return {name: value if name in kept else None for name, value in found.items()}


@dataclass
class Baked:
    """Rows in any order; quarantine by GMC number."""

    rows: list[dict[str, Any]]
    quarantine: dict[str, list[str]]
    release: str = "2026-09-30"
    view: int = 1
    consent_revision: int = 10
    status: str = "published"
    supersedes: str | None = None
    store: str = STORE
    consultants: dict[str, tuple[str, str]] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        ordered = sorted(self.rows, key=lambda r: (r["level"], r["consultant_id"] or r["provider_id"],
                                                   r["indicator_id"], r["period_id"]))  # fmt: skip
        rows = [{**row, "row": place} for place, row in enumerate(ordered)]
        place = {row["id"]: row["row"] for row in rows}
        schema = {name: {"int": pl.Int64(), "float": pl.Float64(), "text": pl.String(), "date": pl.Date()}[kind]
                  for name, kind in ROW_TYPES.items()}  # fmt: skip
        keys = [(key_of(gmc), place[one]) for gmc, ids in self.quarantine.items() for one in ids if one in place]
        people = sorted({(row["consultant_id"], row["consultant_name"], "orthopaedic-surgery") for row in rows
                         if row["consultant_id"]})  # fmt: skip
        curve = [CurvePoint(x=10.0, warning_lower=0.5, warning_upper=1.8, control_lower=0.3, control_upper=2.5)]
        curves = [FunnelCurves(indicator=name, period=PERIOD, level="provider", target=1.0,
                               limits_method="exact_poisson", curve=curve) for name in (FIXED, MIXED)]  # fmt: skip
        providers = [provider("ZZ001"), provider("ZZ002", "Wessex"), provider("ZZ003", "Wessex")]
        return {
            "rows.parquet": _parquet(pl.DataFrame(rows, schema=schema)),
            "quarantine.parquet": _parquet(
                pl.DataFrame(keys, schema={"key": pl.String, "row": pl.Int64}, orient="row")
            ),
            "consultants.parquet": _parquet(
                pl.DataFrame(people, schema={"gmc": pl.String, "name": pl.String, "specialty": pl.String}, orient="row")
            ),
            "providers.json": _json(providers),
            "indicators.json": _json([indicator(FIXED, False), indicator(MIXED, True)]),
            "funnels.json": _json(curves),
        }

    def manifest(self, files: dict[str, bytes]) -> bytes:
        named = [ViewFile(name=name, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), rows=0)
                 for name, data in files.items()]  # fmt: skip
        return ViewManifest(
            view_schema=1, release=self.release, view=self.view, consent_store=self.store,
            consent_revision=self.consent_revision, published=datetime(2026, 9, 30, 8, 30, tzinfo=UTC),
            supersedes=self.supersedes, synthetic=True, method_version="1", inputs=[f"sha256:{'0' * 64}"],
            results_digest=f"sha256:{'1' * 64}", code="candour 0.1.0", files=named,
        ).model_dump_json().encode()  # fmt: skip


def _parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def _json(entries: Sequence[Any]) -> bytes:
    return json.dumps([entry.model_dump(mode="json") for entry in entries]).encode()


def first_view(**given: Any) -> Baked:
    """ZZ001 has Adams and Baker and a revocable total; ZZ002 has Clark; New York's rows depend on nobody."""
    rows = [
        row_of(1, provider_id="ZZ001", partition="revocable"),
        row_of(2, provider_id="ZZ002"),
        absent_row(3, "ZZ003"),
        row_of(4, provider_id="ZZ001", indicator_id=FIXED, crude=2.42),
        row_of(5, provider_id="ZZ002", indicator_id=FIXED, position="above_control", band="worse_than_expected"),
        person(6, ADAMS, "ZZ001", "Dr Ann Adams"),
        person(7, BAKER, "ZZ001", "Dr Ben Baker"),
        person(8, CLARK, "ZZ002", "Dr Cy Clark"),
    ]
    quarantine = {ADAMS: [f"r-{6:012x}", f"r-{1:012x}"], BAKER: [f"r-{7:012x}"], CLARK: [f"r-{8:012x}"]}
    return Baked(rows, quarantine, **given)


class Consent:
    """A revision log, append-only, behind the contract of the consent service."""

    def __init__(self, revision: int, identity: Identity) -> None:
        self.store, self.identity = STORE, identity
        self.log = [Change(revision=number) for number in range(1, revision + 1)]
        self.heads = 0
        self.read: threading.Event | None = None  # set when a head was read; then `release` is waited for
        self.release: threading.Event | None = None
        self.silent = False
        self.app = self._app()

    @property
    def revision(self) -> int:
        return len(self.log)

    def withdraw(self, gmc: str, now: str = "withheld") -> int:
        self.log.append(Change(revision=self.revision + 1, key=key_of(gmc), now=now))
        return self.revision

    def hold(self) -> tuple[threading.Event, threading.Event]:
        """The next head is read at once and answered when the second event is set."""
        self.read, self.release = threading.Event(), threading.Event()
        return self.read, self.release

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.state.identity = self.identity

        @app.get("/v1/head", dependencies=[Depends(allow("service:gateway"))])
        async def head() -> Response:
            self.heads += 1
            found = Head(store_id=self.store, revision=self.revision)
            if self.read is not None and self.release is not None:
                read, release = self.read, self.release
                self.read = self.release = None
                read.set()
                while not release.is_set():
                    await asyncio.sleep(0.002)
            if self.silent:
                await asyncio.sleep(1.2)
            return Response(found.model_dump_json(), media_type="application/json")

        @app.get("/v1/changes", dependencies=[Depends(allow("service:gateway"))])
        async def changes(after: Annotated[int, Query()], upto: Annotated[int, Query()]) -> Response:
            found = Changes(store_id=self.store, after=after, upto=upto, changes=self.log[after:upto])
            return Response(found.model_dump_json(), media_type="application/json")

        return add_problem_handlers(app)


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


class Listening:
    """An application on a socket of its own, in a thread; it can be stopped and started again on the same port."""

    def __init__(self, app: FastAPI) -> None:
        self.app, self.port = app, 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # or asyncio leaves Nagle on
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        config = uvicorn.Config(self.app, log_level="critical", access_log=False, timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, args=([sock],), daemon=True)
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            threading.Event().wait(0.005)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive()


@dataclass
class World:
    folder: Path
    ratings: Ratings
    consent: Consent
    ratings_at: Listening
    consent_at: Listening

    def settings(self, poll_seconds: float = 0.05) -> Settings:
        return Settings(
            data_dir=self.folder / "gateway", people_file=self.folder / "people.json",
            secrets_dir=self.folder / "secrets", ratings_url=self.ratings_at.url, consent_url=self.consent_at.url,
            poll_seconds=poll_seconds,
        )  # fmt: skip

    @asynccontextmanager
    async def gateway(
        self, barrier_type: type[Barrier] = Barrier, poll_seconds: float = 0.05
    ) -> AsyncIterator["Gateway"]:
        settings = self.settings(poll_seconds)
        app = create_app(settings, over_http(settings), barrier_type)
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


@contextmanager
def world(folder: Path, *baked: Baked, revision: int = 10) -> Iterator[World]:
    for name in ("gateway-ratings", "gateway-consent", "gateway-cursor"):
        make_secret(folder / "secrets", name)

    def identity(service: str) -> Identity:
        secret = read_secret(folder / "secrets", f"gateway-{service}")
        return Identity(service, People(folder / "people.json"), {"gateway": secret})

    ratings, consent = Ratings(identity("ratings")), Consent(revision, identity("consent"))
    for one in baked:
        ratings.publish(one)
    made = World(folder, ratings, consent, Listening(ratings.app), Listening(consent.app))
    try:
        yield made
    finally:
        made.consent_at.stop()
        made.ratings_at.stop()


def test_the_world_is_of_the_contract(tmp_path: Path) -> None:
    files = first_view().files()
    assert tuple(pl.read_parquet(BytesIO(files["rows.parquet"])).columns) == ROW_COLUMNS
    assert re.fullmatch(r"[0-9a-f]{32}", key_of(ADAMS))


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
