"""Who may ask what: every route, every role."""

from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from shared.kit.auth import ServiceToken
from tests.unit.test_consent_rig import CARDIAC, OWN, Rig, house, rig

__all__ = ["house", "rig"]


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: who may ask what is decided before any database is asked."""
    return "sqlite"


GMC = "9900001"
JSON: dict[str, Any] = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
ROUTES: dict[tuple[str, str], tuple[set[str], dict[str, Any]]] = {
    ("GET", "/v1/head"): ({"gateway", "ratings"}, {}),
    ("PUT", "/v1/gateways/{name}"): ({"gateway"}, {}),
    ("POST", "/v1/gateways/{name}/confirmations"): (
        {"gateway"},
        {"json": {"incarnation": "1-" + "0" * 32, "applied": 0}},
    ),
    ("GET", "/v1/gateways"): ({"officer"}, {}),
    ("GET", "/v1/changes"): ({"gateway", "ratings"}, {"params": {"after": 0, "upto": 0}}),
    ("GET", "/v1/permissions"): ({"ratings"}, {}),
    ("GET", "/v1/programmes"): ({"officer", "ratings"}, {}),
    ("POST", "/v1/consultants/{gmc}/decisions"): ({"officer"}, {"json": JSON | {"act": "asked"}}),
    ("POST", "/v1/consultants/{gmc}/withdrawal"): ({"officer"}, {"json": JSON}),
    ("GET", "/v1/consultants"): ({"officer"}, {}),
    ("GET", "/v1/consultants/{gmc}"): ({"officer"}, {}),
    ("POST", "/v1/imports"): (
        {"officer"},
        {
            "params": {"kind": "register"},
            "headers": {"Content-Type": "text/csv"},
            "content": b"gmc,name,programme\n",
        },
    ),
    ("GET", "/v1/imports/{import_id}"): ({"officer"}, {}),
}
PEOPLE = ("steward", "analyst", "reviewer", "publisher", "officer", "auditor")
SERVICES = ("ratings", "gateway")


def ask(rig: Rig, caller: str, method: str, path: str, options: dict[str, Any]) -> int:
    auth = rig.house.service(caller) if caller in SERVICES else rig.house.person(caller)
    path = path.format(gmc=GMC, import_id="i-none", name="elm")
    if (caller, path) == ("gateway", "/v1/head"):  # says which process it is
        given = rig.client.put("/v1/gateways/elm", auth=auth).json()
        options = {"params": {"gateway": "elm", "incarnation": given["incarnation"]}}
    return int(rig.client.request(method, path, auth=auth, **options).status_code)


@pytest.mark.parametrize("caller", [*PEOPLE, *SERVICES])
def test_every_route_is_open_to_its_roles_only(rig: Rig, caller: str) -> None:
    rig.register(GMC)
    for (method, path), (roles, options) in ROUTES.items():
        status = ask(rig, caller, method, path, options)
        allowed = {200, 202, 404} if path.endswith("import_id}") else {200, 202}
        if path.endswith("confirmations"):  # of a process that nobody registered
            allowed = {409}
        assert status in (allowed if caller in roles else {403}), (method, path)


def test_the_table_above_is_complete(rig: Rig) -> None:
    routes = iter_route_contexts(rig.client.app.routes)  # type: ignore[attr-defined]  # a FastAPI application
    declared = {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}
    assert {pair for pair in declared if not str(pair[1]).startswith("/health")} == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nobody_unknown_comes_in(rig: Rig, method: str, path: str) -> None:
    options = ROUTES[method, path][1]
    forged = ServiceToken("ratings", "consent", b"x" * 64)
    elsewhere = ServiceToken("ratings", "ingest", (rig.house.folder / "ratings-consent.key").read_bytes())
    strangers: list[httpx.Auth | None] = [None, forged, elsewhere, httpx.BasicAuth("officer", "wrong")]
    for auth in strangers:
        found = rig.client.request(method, path.format(gmc=GMC, import_id="i-none", name="elm"), auth=auth, **options)
        assert (found.status_code, found.json()["code"]) == (401, "not_signed_in")
    assert rig.revision() == 0
