"""Who may ask what, what is refused, and how the answers look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from services.ingest.app import create_app
from shared.contracts.ingest import Snapshot, Source
from shared.kit.jobs import ThreadedJobs
from shared.kit.people import DEMONSTRATION
from tests.spec.ingest_service import (
    EPISODES_HEADER,
    NY,
    Ingest,
    ny_file,
    ny_row,
    prepared,
    running,
    sha256,
)  # fmt: skip
from tests.stores import Stores

CONTENT = ny_file(ny_row())
DIGEST = sha256(CONTENT)
ROLES = {role for roles in DEMONSTRATION.values() for role in roles}
EVERYONE = (*sorted(ROLES), "service:ratings", "")
STEWARD, READERS = {"steward"}, {"steward", "analyst"}
FREEZERS, FETCHERS = STEWARD | {"service:ratings"}, READERS | {"service:ratings"}


@pytest.fixture(scope="module")
def ingest(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"), stores)) as service:
        service.send(CONTENT)
        yield service


@pytest.fixture(scope="module")
def digest(ingest: Ingest) -> str:
    return str(ingest.freeze()["digest"])


def operations(digest: str) -> list[tuple[str, str, set[str], dict[str, Any]]]:
    sent = f"/v1/submissions/{DIGEST}"
    return [
        ("GET", "/v1/sources", READERS, {}),
        ("GET", f"/v1/sources/{NY}", READERS, {}),
        ("GET", "/v1/feeds", READERS | {"auditor"}, {}),
        ("GET", f"/v1/feeds/{NY}", READERS | {"auditor"}, {}),
        ("PUT", f"/v1/feeds/{NY}/submissions/{DIGEST}", STEWARD, {"content": CONTENT}),
        ("GET", f"/v1/feeds/{NY}/submissions/{DIGEST}", STEWARD, {}),
        ("GET", "/v1/submissions", READERS, {}),
        ("GET", sent, READERS, {}),
        ("GET", f"{sent}/quarantine", READERS, {}),
        ("GET", f"{sent}/receipt", READERS, {}),
        ("GET", "/v1/receipt-keys", {*EVERYONE}, {}),
        ("GET", f"{sent}/profile", READERS, {}),
        ("GET", f"{sent}/progress", READERS, {}),
        ("POST", f"{sent}/retraction", STEWARD, {}),
        ("POST", f"{sent}/reruns", STEWARD, {"json": {}}),  # stands again, for those that follow
        ("POST", "/v1/snapshots", FREEZERS, {"json": {"feed": NY}}),
        ("GET", "/v1/snapshots", FETCHERS, {}),
        ("GET", f"/v1/snapshots/{digest}", FETCHERS, {}),
        ("GET", f"/v1/snapshots/{digest}/differences", READERS, {"params": {"from": digest}}),
        ("GET", f"/v1/snapshots/{digest}/files/rows.parquet", FETCHERS, {}),
        ("GET", "/v1/subject-access/9900001", {"auditor"}, {}),
    ]


@pytest.mark.parametrize("who", EVERYONE)
def test_every_role_on_every_operation(ingest: Ingest, digest: str, who: str) -> None:
    for method, path, allowed, options in operations(digest):
        answer = ingest.ask(method, path, who, **options)
        ingest.decided(CONTENT)
        if who in allowed:
            assert answer.status_code in (200, 202), (method, path, answer.text)
        else:
            expected = (401, "not_signed_in") if not who else (403, "role_not_allowed")
            assert (answer.status_code, answer.json()["code"]) == expected, (method, path)
        assert answer.headers["cache-control"] == "no-store", (method, path)


def test_every_operation_is_in_the_table(tmp_path: Path) -> None:
    app: FastAPI = create_app(prepared(tmp_path)[0], ThreadedJobs())
    paths = {route.path for router in app.routes for route in _leaves(router) if route.path.startswith("/v1")}
    templates = {path for _, path, _, _ in operations("{digest}")}
    for value, name in (
        (DIGEST, "{sha256}"), (f"feeds/{NY}", "feeds/{feed}"), (f"sources/{NY}", "sources/{source_id}"),
        ("rows.parquet", "{name}"), ("9900001", "{number}"),
    ):  # fmt: skip
        templates = {path.replace(value, name) for path in templates}
    assert paths == templates


def _leaves(route: Any) -> list[Any]:
    inner = getattr(route, "original_router", None)
    return [route] if inner is None else list(inner.routes)


def test_a_parameter_nobody_declared_is_refused_everywhere(ingest: Ingest, digest: str) -> None:
    for method, path, allowed, options in operations(digest):
        who = "steward" if "steward" in allowed else min(allowed)
        answer = ingest.ask(method, path, who, **options | {"params": options.get("params", {}) | {"limmit": "1"}})
        assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter"), (method, path)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/submissions?limit=1&limit=2", "repeated_parameter"),
        ("/v1/submissions?limit=0", "value_not_allowed"),
        ("/v1/submissions?limit=1001", "value_not_allowed"),
        ("/v1/submissions?state=lost", "value_not_allowed"),
        ("/v1/submissions/not-a-digest", "value_not_allowed"),
        (f"/v1/submissions/{DIGEST.upper()}", "value_not_allowed"),
        ("/v1/snapshots/sha256:12", "value_not_allowed"),
        ("/v1/submissions?before=" + "9" * 30, "value_not_allowed"),
        ("/v1/snapshots?before=" + "9" * 30, "value_not_allowed"),
        (f"/v1/submissions/{DIGEST}/quarantine?after=" + "9" * 30, "value_not_allowed"),
    ],
)
def test_what_is_not_of_the_declared_form_is_refused(ingest: Ingest, path: str, code: str) -> None:
    answer = ingest.ask("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/v1/sources/somewhere-else", {}),
        ("PUT", f"/v1/feeds/somewhere-else/submissions/{DIGEST}", {"content": CONTENT}),
        ("GET", f"/v1/submissions/{sha256(b'never sent')}", {}),
        ("GET", f"/v1/submissions/{DIGEST}?feed=candour-demo", {}),
        ("GET", f"/v1/submissions/{sha256(b'never sent')}/quarantine", {}),
        ("POST", "/v1/snapshots", {"json": {"feed": "somewhere-else"}}),
        ("GET", f"/v1/snapshots/sha256:{DIGEST}", {}),
    ],
)
def test_what_is_not_there(ingest: Ingest, method: str, path: str, options: dict[str, Any]) -> None:
    answer = ingest.ask(method, path, **options)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_snapshot_has_no_other_files(ingest: Ingest, digest: str) -> None:
    for name in ("other.parquet", "..%2F..%2Fingest.sqlite"):
        assert ingest.ask("GET", f"/v1/snapshots/{digest}/files/{name}").status_code == 404


def test_a_feed_without_rows_has_nothing_to_freeze(ingest: Ingest) -> None:
    answer = ingest.ask("POST", "/v1/snapshots", json={"feed": "candour-demo"})
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_accepted")


def test_lists_are_newest_first_and_paged(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores)) as service:
        digests = []
        for number in range(5):
            service.send(ny_file(ny_row(str(number + 1))))
            digests.append(service.freeze()["digest"])
        service.send(EPISODES_HEADER.encode(), "candour-demo")
        pages = [service.ask("GET", "/v1/snapshots", params={"limit": 2}).json()]
        while "next" in pages[-1]:
            pages.append(service.ask("GET", "/v1/snapshots", params={"limit": 2, "before": pages[-1]["next"]}).json())
        assert [one["digest"] for page in pages for one in page["snapshots"]] == digests[::-1]
        assert service.ask("GET", "/v1/snapshots", params={"feed": "candour-demo"}).json() == {"snapshots": []}
        states = [one["state"] for one in service.ask("GET", "/v1/submissions").json()["submissions"]]
        assert states == ["refused"] + ["checked"] * 5
        refused = service.ask("GET", "/v1/submissions", params={"state": "refused", "feed": "candour-demo"}).json()
        assert [one["refusal"]["code"] for one in refused["submissions"]] == ["no-rows"]


def test_the_same_bytes_in_two_feeds_are_two_submissions(ingest: Ingest) -> None:
    content = b"sent to the wrong feed first"
    ingest.send(content)
    ingest.send(content, "candour-demo")
    path = f"/v1/submissions/{sha256(content)}"
    answer = ingest.ask("GET", path)
    assert (answer.status_code, answer.json()["code"]) == (409, "several_feeds")
    assert ingest.ask("GET", path, params={"feed": NY}).json()["feed"] == NY


def test_bodies_are_those_of_the_contracts(ingest: Ingest, digest: str) -> None:
    source = Source.model_validate(ingest.ask("GET", f"/v1/sources/{NY}").json())
    assert source.key == ["provider", "measure", "period_start", "period_end"]
    manifest = ingest.ask("GET", f"/v1/snapshots/{digest}").json()
    assert Snapshot.model_validate(manifest).digest == digest
    assert manifest == ingest.freeze()


def test_head_is_get_without_a_body(ingest: Ingest, digest: str) -> None:
    path = f"/v1/snapshots/{digest}/files/rows.parquet"
    head, get = ingest.ask("HEAD", path), ingest.ask("GET", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]
    assert head.headers["content-length"] == get.headers["content-length"]


def test_health_needs_no_account(ingest: Ingest) -> None:
    assert ingest.ask("GET", "/health/live", "").json() == {"status": "live"}
    assert ingest.ask("GET", "/health/ready", "").json() == {"status": "ready"}


def test_a_number_as_large_as_a_database_holds_is_taken(ingest: Ingest) -> None:
    for path in ("/v1/submissions", "/v1/snapshots"):
        assert ingest.ask("GET", path, params={"before": 2**63 - 1}).status_code == 200, path


@pytest.mark.parametrize("header", ["Basic éé", "Basic ü", "Basic /w==", "Basic eA", "Basic ", "Bearer é"])
def test_credentials_that_are_no_credentials_are_not_signed_in(ingest: Ingest, header: str) -> None:
    answer = ingest.client.get("/v1/submissions", headers={"Authorization": header.encode("latin-1")})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
