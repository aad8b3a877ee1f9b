"""Every route of ratings, every account: a row each, and each of its cells tested. A missing route fails."""

from collections.abc import Iterator
from typing import Any, Final

import pytest
from fastapi.routing import iter_route_contexts

from shared.kit.people import DEMONSTRATION
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, rig_in

ACCOUNTS: Final = (
    "analyst", "auditor", "consultant", "lead", "officer", "practice", "publisher", "regulator", "reviewer", "steward",
)  # fmt: skip
MEASURED: Final = "consultant lead practice"
MAKERS: Final = "analyst reviewer publisher"
CONCERNED: Final = f"analyst reviewer auditor {MEASURED} regulator"
GATEWAY, CONSENT = "service:gateway", "service:consent"
RELEASE: Final = "2026-09-30"
FILL: Final = {
    "release": RELEASE, "check": "dpia", "number": "1", "case": "k-000000000000", "result": "r-aaaaaaaaaaaa",
    "view": "1", "name": "rows.parquet",
}  # fmt: skip
ONE: Final = "/v1/releases/{release}"
ROUTES: Final[dict[tuple[str, str], str]] = {
    ("GET", "/v1/releases"): f"{MAKERS} auditor",
    ("POST", "/v1/releases"): "analyst",
    ("GET", ONE): f"{MAKERS} auditor",
    ("POST", f"{ONE}/submission"): "analyst",
    ("POST", f"{ONE}/return"): "reviewer",
    ("POST", f"{ONE}/approval"): "reviewer",
    ("POST", f"{ONE}/publication"): "publisher",
    ("POST", f"{ONE}/takedown"): "publisher",
    ("GET", f"{ONE}/checks"): MAKERS,
    ("POST", f"{ONE}/checks/{{check}}/answer"): "reviewer publisher",
    ("POST", f"{ONE}/signature"): "reviewer publisher",
    ("GET", f"{ONE}/differences"): MAKERS,
    ("GET", f"{ONE}/roster"): "steward auditor",
    ("POST", f"{ONE}/replay"): f"{MAKERS} auditor",
    ("GET", f"{ONE}/replay"): f"{MAKERS} auditor",
    ("GET", f"{ONE}/views/{{view}}/files/{{name}}"): GATEWAY,
    ("GET", "/v1/views"): GATEWAY,
    ("GET", "/v1/impact"): CONSENT,
    ("GET", "/v1/indicators"): MAKERS,
    ("GET", "/v1/calendar"): f"{MAKERS} auditor {MEASURED}",
    ("PUT", "/v1/calendar"): "publisher",
    ("GET", "/v1/subject-access/{number}"): "auditor",
    ("GET", "/v1/cases"): CONCERNED,
    ("GET", "/v1/cases/overdue"): CONCERNED,
    ("GET", "/v1/cases/policies"): "analyst reviewer auditor",
    ("GET", "/v1/cases/{case}"): CONCERNED,
    ("POST", "/v1/cases/{case}/steps"): f"analyst {MEASURED}",
    ("GET", "/v1/me/results"): MEASURED,
    ("GET", "/v1/me/cases"): MEASURED,
    ("GET", "/v1/me/pack"): MEASURED,
    ("PUT", "/v1/me/replies/{result}"): MEASURED,
    ("DELETE", "/v1/me/texts/{number}"): MEASURED,
    ("PUT", "/v1/me/commentary"): MEASURED,
    ("POST", "/v1/me/comments"): MEASURED,
    ("POST", "/v1/queries"): MEASURED,
    ("GET", "/v1/queries"): f"steward {MEASURED}",
    ("POST", "/v1/queries/{number}/answer"): "steward",
    ("DELETE", "/v1/queries/{number}/disputed"): MEASURED,
    ("GET", "/v1/replies"): "reviewer",
    ("POST", "/v1/replies/{number}/moderation"): "reviewer",
    ("GET", "/v1/comments"): "analyst reviewer",
}
BODIES: Final[dict[tuple[str, str], dict[str, Any]]] = {
    ("POST", "/v1/releases"): {"date": "1999-01-01"},
    ("POST", f"{ONE}/takedown"): {"reason": "r"},
    ("POST", f"{ONE}/checks/{{check}}/answer"): {"passed": True, "note": "n"},
    ("POST", f"{ONE}/signature"): {"role": "reviewer", "gate": f"sha256:{'0' * 64}"},
    ("PUT", "/v1/calendar"): {"day": "2031-01-01", "title": "A release"},
    ("POST", "/v1/cases/{case}/steps"): {"step": "take_up", "note": "n"},
    ("PUT", "/v1/me/replies/{result}"): {"text": "Words"},
    ("PUT", "/v1/me/commentary"): {"release": RELEASE, "text": "Words"},
    ("POST", "/v1/me/comments"): {"release": RELEASE, "text": "Words"},
    ("POST", "/v1/queries"): {"result": "r-aaaaaaaaaaaa", "records": "r", "about": "a"},
    ("POST", "/v1/queries/{number}/answer"): {"answer": "a", "data_changed": False},
    ("POST", "/v1/replies/{number}/moderation"): {"outcome": "accepted"},
}
OPEN: Final = ("/health", "/metrics", "/v1/openapi.json")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), Stores(None)) as running:
        yield running


def asked(route: tuple[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {"headers": {"Idempotency-Key": "k"}}
    return options | ({"json": BODIES[route]} if route in BODIES else {})


def test_the_table_is_complete(rig: Rig) -> None:
    assert {*ACCOUNTS} == {role for roles in DEMONSTRATION.values() for role in roles}, "a role that nobody asks with"
    declared = {
        (method, str(route.path))
        for route in iter_route_contexts(rig.ratings.app.routes)  # type: ignore[attr-defined]  # a FastAPI application
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {pair for pair in declared if pair[1].startswith("/v1/") and pair[1] not in OPEN} == set(ROUTES)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_route_is_open_to_its_roles_only(rig: Rig, account: str) -> None:
    wrong = {}
    for (method, path), roles in ROUTES.items():
        found = rig.ask(account, method, path.format_map(FILL), **asked((method, path)))
        refused = found.status_code in (401, 403) and found.json()["code"] in ("role_not_allowed", "not_signed_in")
        not_a_signer = path.endswith("/signature") and account == "publisher"  # who may sign, though not as a reviewer
        if refused is (account in roles.split()) and not not_a_signer:
            wrong[method, path] = (found.status_code, found.text[:200])
    assert wrong == {}


@pytest.mark.parametrize("service", ["gateway", "consent"])
def test_a_service_finds_its_own_routes_only(rig: Rig, service: str) -> None:
    token = ServiceToken(service, "ratings", read_secret(rig.secrets, f"{service}-ratings"))
    wrong = {}
    for (method, path), roles in ROUTES.items():
        found = rig.ratings.request(method, path.format_map(FILL), auth=token, **asked((method, path)))
        if (found.status_code in (401, 403)) is (f"service:{service}" in roles.split()):
            wrong[method, path] = (found.status_code, found.text[:200])
    assert wrong == {}


def test_nobody_finds_a_route(rig: Rig) -> None:
    for method, path in ROUTES:
        found = rig.ratings.request(method, path.format_map(FILL), **asked((method, path)))
        assert found.status_code == 401, (method, path)
