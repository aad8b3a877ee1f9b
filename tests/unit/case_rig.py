"""Outlier cases as their tests see them: the real services with a clock in the test's hand, one hospital whose deaths
are too many, and the public's gateway beside them."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final

import httpx
import polars as pl
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from services.gateway.app import create_app as create_gateway
from services.gateway.peers import over_http
from services.gateway.settings import Settings as GatewaySettings
from shared.kit.secretfiles import make_secret
from tests.people import change_person
from tests.stores import Stores
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, Listening
from tests.unit.test_ratings_rig import Rig, rig_in, small_world

HOSPITAL, SURGEON, SPECIALTY = "ZZ009", "9900034", "vascular-surgery"
INDICATOR: Final = "vascular-surgery-mortality-30d"
DEMONSTRATION: Final = "outlier_policy_demonstration"


class Clock:
    """The moment that a test says it is; ten o'clock in the morning of a day, in winter and summer time alike."""

    def __init__(self, day: date) -> None:
        self.moment = datetime.combine(day, time(10), UTC)

    def __call__(self) -> datetime:
        return self.moment

    def to(self, day: date) -> None:
        self.moment = datetime.combine(day, time(10), UTC)


def episodes(deaths: int) -> bytes:
    """The invented audit's operations, with so many more deaths in HOSPITAL than there are."""
    rows = small_world().episodes
    survivors = (pl.col("provider") == HOSPITAL) & (pl.col("specialty") == SPECIALTY) & (pl.col("died_30_days") == 0)
    nth = pl.when(survivors).then(survivors.cum_sum())
    died = pl.when(nth <= deaths).then(pl.lit(1)).otherwise(pl.col("died_30_days"))
    return rows.with_columns(died_30_days=died).write_csv().encode()


@dataclass
class Desk:
    """Who does what, on which day."""

    rig: Rig
    clock: Clock

    def deliver(self, deaths: int) -> None:
        """The hospital's data as they are now, in place of what was sent before."""
        data = episodes(deaths)
        path, steward = (
            f"/v1/feeds/candour-demo/submissions/{hashlib.sha256(data).hexdigest()}",
            self.rig.person("steward"),
        )
        sent = self.rig.ingest.put(path, params={"supersede": "true"}, content=data, auth=steward)
        assert sent.is_success, sent.text
        until = monotonic() + A_LONG_TIME
        while (state := self._submission(data)) == "received" and monotonic() < until:
            sleep(0.02)
        assert state == "checked"

    def _submission(self, data: bytes) -> str:
        path = f"/v1/submissions/{hashlib.sha256(data).hexdigest()}"
        return str(self.rig.ingest.get(path, auth=self.rig.person("steward")).json()["state"])

    def build(self, day: str, indicators: tuple[str, ...] = (INDICATOR,)) -> str:
        return str(self.rig.build(day, list(indicators))["release"])

    def submit(self, release: str) -> None:
        self.rig.announce(release[:10])
        self.rig.step("analyst", release, "submission")

    def publish(self, release: str) -> None:
        """A release that was submitted before."""
        self.rig.approve_submitted(release)
        self.rig.sign(release, "publisher")
        self.rig.step("publisher", release, "publication")

    def cases(self, who: str = "analyst", **asked: str) -> list[dict[str, Any]]:
        return list(self.rig.done(who, "GET", "/v1/cases", params=asked)["cases"])

    def overdue(self, who: str = "analyst") -> list[str]:
        return [one["case"] for one in self.rig.done(who, "GET", "/v1/cases/overdue")["cases"]]

    def alarm(self, level: str = "provider", subject: str = HOSPITAL) -> str:
        """The name of the one alarm about this subject."""
        (found,) = (
            one["case"]
            for one in self.cases(kind="alarm")
            if (one["level"], one["subject"], one["indicator"]) == (level, subject, INDICATOR)
        )
        return str(found)

    def read(self, case: str, who: str = "analyst") -> dict[str, Any]:
        return self.rig.done(who, "GET", f"/v1/cases/{case}")

    def sees(self, case: str, who: str) -> bool:
        """As the list and the page alike say."""
        answer = self.rig.ask(who, "GET", f"/v1/cases/{case}")
        assert answer.status_code in {200, 404}
        assert (answer.status_code == 200) == (case in {one["case"] for one in self.cases(who)})
        return bool(answer.status_code == 200)

    def take(self, who: str, case: str, step: str, **said: str) -> httpx.Response:
        """Under what is seen now; by an auditor's eyes, who sees every case."""
        body = {"step": step, "note": f"{step}: as the minutes say"} | said
        seen = f'"{self.read(case, "auditor")["sequence"]}"'
        return self.rig.ask(who, "POST", f"/v1/cases/{case}/steps", json=body, headers={"If-Match": seen})

    def taken(self, who: str, case: str, step: str, **said: str) -> dict[str, Any]:
        answer = self.take(who, case, step, **said)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def desk_in(folder: Path, stores: Stores, day: date, outliers: str = DEMONSTRATION) -> Iterator[Desk]:
    """With the registers and decisions of the invented audit; no operations yet."""
    clock = Clock(day)
    with rig_in(folder, stores, clock, outliers=outliers) as rig:
        world = small_world()
        rig.send("candour-demo-providers", world.providers.write_csv().encode())
        rig.send("candour-demo-consultants", world.consultants.write_csv().encode())
        rig.import_csv("register", world.register)
        rig.import_csv("returns", world.returns)
        yield Desk(rig, clock)


class Running:
    """An application whose life another server began: here it only answers."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            raise RuntimeError("begun elsewhere")
        await self.app(scope, receive, send)


class Public:
    """What anybody reads: the gateway itself, on a socket."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=A_LONG_TIME)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get(path, headers=headers)

    def bytes_of(self, path: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Status, headers in order and body, but for the moment and the name of the request."""
        answer = self.get(path)
        named = answer.headers.get("x-request-id", "no-request-id").encode()
        kept = [(name, value) for name, value in answer.headers.multi_items() if name not in {"date", "x-request-id"}]
        return answer.status_code, tuple(kept), answer.content.replace(named, b"")

    def ready(self) -> None:
        """Waits until the gateway says so."""
        until = monotonic() + A_LONG_TIME
        while self.get("/health/ready").status_code != 200:
            assert monotonic() < until
            sleep(0.02)

    def await_release(self, release: str) -> None:
        """Until the gateway shows it as the current one."""
        until = monotonic() + A_LONG_TIME
        while self.get("/v1/releases/latest").json()["release"] != release:
            assert monotonic() < until
            sleep(0.02)

    def crawl(self) -> list[str]:
        """Addresses that can be come to from the front pages in two steps, nearest first."""
        found = dict.fromkeys(("/", "/v1", "/v1/openapi.json", "/v1/releases/latest/results", "/health/live"))
        for _ in range(2):
            for path in list(found):
                found |= dict.fromkeys(self._links(path))
        return list(found)

    def every_route(self) -> list[str]:
        """One address of each route; the one about the hospital or its surgeon where there is such a one."""
        crawled, found = self.crawl(), []
        people = sorted(one[-7:] for one in crawled if re.search(r"/consultants/[0-9]{7}$", one))
        anybody = SURGEON if SURGEON in people else people[0]  # who is shown, and who hides somebody else, is by lot
        for path in (route.path for route in iter_route_contexts(self.app.routes) if route.path is not None):
            pattern, _, _ = compile_path(path)
            matching = [one for one in crawled if pattern.match(one.partition("?")[0])]
            theirs = [one for one in matching if one.endswith((HOSPITAL, SURGEON)) or f"/{HOSPITAL}/" in one]
            found.append([*theirs, *matching][0] if matching else _filled(path, anybody))
        return found

    def _links(self, path: str) -> list[str]:
        answer = self.get(path)
        kind = answer.headers.get("content-type", "")
        if answer.status_code != 200 or not re.search("html|json", kind):
            return []
        quoted = re.findall(r'"(/[^"\s<>{}]*)"', answer.text)
        return [one.replace("&amp;", "&").partition("#")[0] for one in quoted]


def _filled(path: str, person: str) -> str:
    """An address that no page leads to."""
    subject = {"providers": HOSPITAL, "consultants": person}.get(path.split("/")[4] if path.count("/") > 4 else "")
    told = {"release": "latest", "subject": subject or INDICATOR, "name": "results-fixed.csv", "slug": "not-found"}
    return path.format_map(told)


@contextmanager
def public_of(rig: Rig) -> Iterator[Public]:
    """The gateway beside these services, once it is ready."""
    make_secret(rig.secrets, "gateway-cursor")
    servers = [Listening(Running(client.app)) for client in (rig.ratings, rig.consent)]  # type: ignore[arg-type]
    ratings, consent = servers
    settings = GatewaySettings(
        data_dir=rig.secrets / "gateway", name="gateway", secrets_dir=rig.secrets, ratings_url=ratings.url,
        consent_url=consent.url, poll_seconds=0.05,
    )  # fmt: skip
    app = create_gateway(settings, over_http(settings, deadlines=PATIENT))
    servers.append(Listening(app))
    try:
        yield Public(app, servers[-1].url)
    finally:
        for one in reversed(servers):
            one.stop()


def be(rig: Rig, name: str, subject: str) -> None:
    """From now on this account's own record is that of `subject`."""
    change_person(rig.secrets / "people.json", name, subject=subject)
