"""The embargo: every new route, asked by every role, about one's own and about another's; and what the public gets."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest
from fastapi.routing import APIRoute

from services.ratings.routes import answers, mine
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.stores import Stores
from tests.unit.test_gateway_world import Gateway, World, world
from tests.unit.test_told_first import Served
from tests.unit.told_rig import Json, Told, told_in

ROLES: Final = (
    "steward", "analyst", "reviewer", "publisher", "officer", "consultant", "lead", "practice", "auditor",
)  # fmt: skip
MEASURED: Final = "consultant lead practice"
PUBLISHED, REVIEWED = "2026-07-01", "2026-09-30"


@dataclass(frozen=True)
class Row:
    """Who may; with what; and what they are answered about their own, and about another's."""

    who: str
    body: Json | None = None
    own: int = 200
    others: int = 404
    headers: dict[str, str] = field(default_factory=dict)


KEY: Final = {"Idempotency-Key": "k"}
ROUTES: Final[dict[tuple[str, str], Row]] = {
    ("GET", "/v1/me/results"): Row(MEASURED, others=200),
    ("GET", "/v1/me/cases"): Row(MEASURED, others=200),
    ("GET", "/v1/me/pack"): Row(MEASURED, others=200),
    ("PUT", "/v1/me/replies/{result}"): Row(MEASURED, {"text": "Mine."}),
    ("DELETE", "/v1/me/texts/{text}"): Row(MEASURED),
    ("PUT", "/v1/me/commentary"): Row(MEASURED, {"release": REVIEWED, "text": "All mine."}),
    ("POST", "/v1/me/comments"): Row(
        MEASURED, {"release": REVIEWED, "text": "To you.", "result": "{result}"}, own=201, headers=KEY
    ),
    ("POST", "/v1/queries"): Row(
        MEASURED, {"result": "{result}", "records": "One", "about": "Wrong."}, own=201, headers=KEY
    ),
    ("GET", "/v1/queries"): Row(f"{MEASURED} steward", others=200),
    ("DELETE", "/v1/queries/{query}/disputed"): Row(MEASURED),
    ("POST", "/v1/queries/{query}/answer"): Row("steward", {"answer": "So it is.", "data_changed": False}, others=200),
    ("GET", "/v1/replies"): Row("reviewer", others=200),
    ("POST", "/v1/replies/{text}/moderation"): Row("reviewer", {"outcome": "accepted"}, others=200),
    ("GET", "/v1/comments"): Row("analyst reviewer", others=200),
}


@pytest.fixture(scope="module")
def engine() -> str:
    """Roles are looked at before any database; what is written is tested on both engines beside this."""
    return "sqlite"


@pytest.fixture(scope="module")
def told(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """One release is public; the next, with the same figures, is under review."""
    with told_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        running.submitted(PUBLISHED)
        running.publish(PUBLISHED)
        running.submitted(REVIEWED)
        yield running


@dataclass(frozen=True)
class Owner:
    """Somebody with a result, a query and a text in the release under review."""

    account: str
    subject: str
    result: str
    query: int
    text: int

    def filled(self, value: Any) -> Any:
        told = {"{result}": self.result, "{query}": str(self.query), "{text}": str(self.text)}
        written = json.dumps(value)
        for name, found in told.items():
            written = written.replace(name, found)
        return json.loads(written)


def owner(told: Told, account: str, subject: str) -> Owner:
    level = "consultant" if account == "consultant" else "provider"
    results = told.own(level, subject, REVIEWED)
    told.be(account, subject)
    result = next(one["result"]["id"] for one in results if one["public"] == "shown")
    key = {"Idempotency-Key": f"{account} {subject}"}
    body = {"result": result, "records": "Two", "about": "They are odd."}
    query = told.rig.ask(account, "POST", "/v1/queries", json=body, headers=key)
    body = {"release": REVIEWED, "text": "Everything."}
    text = told.rig.ask(account, "PUT", "/v1/me/commentary", json=body)
    return Owner(account, subject, result, query.json()["number"], text.json()["number"])


@pytest.fixture(scope="module")
def owners(told: Told) -> dict[str, tuple[Owner, Owner]]:
    """For each role two records; those of the consultants are of one hospital. The account is bound to the first."""
    results = told.results(REVIEWED)
    units = sorted(results.filter(pl.col("level") == "provider")["subject"].unique())
    shown = [one for one in sorted(results.filter(pl.col("level") == "consultant")["subject"])
             if any(own["public"] == "shown" for own in told.own("consultant", one, REVIEWED))]  # fmt: skip
    where = dict(results.filter(pl.col("level") == "consultant").select("subject", "provider_id").iter_rows())
    first = shown[0]
    colleague = next(one for one in shown[1:] if where[one] == where[first])
    pairs = {"consultant": (first, colleague), "lead": (units[0], units[1]), "practice": (units[2], units[3])}
    return {role: (owner(told, role, other), owner(told, role, own))[::-1] for role, (own, other) in pairs.items()}


def test_every_route_of_this_room_is_in_the_table() -> None:
    routes = [route for router in (mine.router, answers.router) for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    declared = {
        (method, route.path) for route in routes if isinstance(route, APIRoute) for method in route.methods or ()
    }
    assert declared == {
        (method, path.replace("{query}", "{number}").replace("{text}", "{number}")) for method, path in ROUTES
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_route_opens_to_its_roles_for_their_own_and_to_nobody_else(
    told: Told, owners: dict[str, tuple[Owner, Owner]], role: str
) -> None:
    own, other = owners.get(role, owners["consultant"])
    if role in owners:
        told.be(role, own.subject)
    for (method, path), row in ROUTES.items():
        for about, expected in ((own, row.own), (other, row.others)):
            sent: Json = {"headers": {name: f"{value} {role}" for name, value in row.headers.items()}}
            sent |= {"json": about.filled(row.body)} if row.body else {}
            answer = told.rig.ask(role, method, about.filled(path), **sent)
            if role not in row.who.split():
                assert (answer.status_code, answer.json()["code"]) == (403, "role_not_allowed"), (role, method, path)
            elif role in owners:
                wanted = {expected, 428} if about is own and method == "PUT" else {expected}
                if about is other and path in {"/v1/me/commentary"}:
                    wanted = {200, 428}  # it has no address of another's: it is one's own whatever is asked
                assert answer.status_code in wanted, (role, method, path, answer.text)
                assert answer.headers["Cache-Control"] == "no-store"
            else:
                assert answer.status_code == expected, (role, method, path, answer.text)


def test_nothing_of_a_colleague_is_in_any_answer(told: Told, owners: dict[str, tuple[Owner, Owner]]) -> None:
    """Nor of anybody else in the release under review; whom the pack names is published already."""
    own, colleague = owners["consultant"]
    told.be("consultant", own.subject)
    for path in ("/v1/me/results", "/v1/me/cases", "/v1/queries"):
        text = told.rig.ask("consultant", "GET", path).text
        assert own.subject in text
        assert colleague.subject not in text
        assert colleague.result not in text
    text = told.rig.ask("consultant", "GET", "/v1/me/pack").text
    assert colleague.result not in text
    named = {one["subject"] for result in json.loads(text)["releases"][0]["results"] for one in result["better"]}
    public = told.rig.table(PUBLISHED, "rows").filter(pl.col("status") == "published")
    assert named <= set(public["consultant_id"])


def test_services_and_strangers_get_nothing(told: Told) -> None:
    token = ServiceToken("gateway", "ratings", read_secret(told.rig.secrets, "gateway-ratings"))
    for (method, path), row in ROUTES.items():
        where = path.format(result="r-aaaaaaaaaaaa", query=1, text=1)
        body = {"json": row.body} if row.body else {}
        assert told.rig.ratings.request(method, where, auth=token, **body).status_code == 403
        assert told.rig.ratings.request(method, where, **body).status_code == 401


def test_the_public_gets_the_same_bytes_whatever_is_seen_and_said(
    told: Told, owners: dict[str, tuple[Owner, Owner]], tmp_path: Path
) -> None:
    """Every public answer, with its headers, before and after looks, packs, queries, comments and texts that wait."""

    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            before = await _public(told, gateway)
            await asyncio.to_thread(_see_and_say, told, owners["lead"][0])
            made.ratings.publish(Served(told.rig, PUBLISHED))  # type: ignore[arg-type]  # what it takes
            await gateway.tick()
            assert await _public(told, gateway) == before

    with world(tmp_path, Served(told.rig, PUBLISHED)) as made:  # type: ignore[arg-type]  # what its ratings takes
        asyncio.run(scenario(made))


def _see_and_say(told: Told, own: Owner) -> None:
    rows = told.own("provider", own.subject, REVIEWED)
    for path in ("/v1/me/results", "/v1/me/cases", "/v1/me/pack"):
        told.rig.done("lead", "GET", path)
    former = next(one for one in rows if one["result"]["id"] == own.result).get("reply", {})
    assert told.say("lead", own.result, "Not moderated.", seen=former.get("number")).status_code == 200
    key = {"Idempotency-Key": "again"}
    asked = {"result": own.result, "records": "Ten", "about": "Wrong again.", "disputed": True}
    said = {"release": REVIEWED, "text": "For you alone."}
    for path, body in (("/v1/queries", asked), ("/v1/me/comments", said)):
        assert told.rig.ask("lead", "POST", path, json=body, headers=key).status_code == 201


async def _public(told: Told, gateway: Gateway) -> dict[str, tuple[int, bytes, dict[str, str]]]:
    """Status, body and headers of every row and every list of the public release."""
    assert [one["release"] for one in told.rig.gateway("/v1/views").json()["views"]] == [PUBLISHED]
    base = f"/v1/releases/{PUBLISHED}"
    indicators = [one["id"] for one in told.rig.entries(PUBLISHED, "indicators")]
    paths = ["/v1", "/v1/releases", base, f"{base}/indicators", f"{base}/providers", f"{base}/results?limit=1000",
             f"{base}/results.csv", f"{base}/consultants?limit=1000", "/v1/changes?after=0",
             *(f"{base}/indicators/{one}/funnel" for one in indicators),
             *(f"{base}/results/{one}" for one in told.rig.table(PUBLISHED, "rows")["id"])]  # fmt: skip
    found = {path: await gateway.get(path) for path in paths}
    assert {answer.status_code for answer in found.values()} == {200}
    return {
        path: (one.status_code, one.content, {name: value for name, value in one.headers.items() if name not in MOVING})
        for path, one in found.items()
    }


MOVING: Final = {"date", "x-request-id", "age"}
