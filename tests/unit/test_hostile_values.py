"""Values that one engine keeps and the other refuses, or neither takes: told to the caller, never a fault of ours."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.spec.ingest_service import Ingest, prepared, running
from tests.stores import Stores
from tests.unit.test_consent_rig import CARDIAC, OWN, Rig, build_house
from tests.unit.test_consent_rig import running as consent_running
from tests.unit.test_ratings_rig import Rig as Ratings
from tests.unit.test_ratings_rig import rig_in

GMC = "9900001"
HOSTILE = [
    "a\0b", "\0", "\udfff", "x" * 5000, str(2**31), str(2**63 - 1), str(2**63), "-1", "'; DROP TABLE ledger; --", "%",
    "\u2028", "\ufeff", "😀" * 40, "NULL", "\\N", " ",
]  # fmt: skip
each = pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
DIGEST = "0" * 64


@pytest.fixture(scope="module")
def consent(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    house = build_house(tmp_path_factory.mktemp("house"), stores)
    with consent_running(house, house.settings(tmp_path_factory.mktemp("consent"))) as rig:
        rig.register(GMC)
        yield rig


@pytest.fixture(scope="module")
def ingest(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"), stores)) as service:
        yield service


@pytest.fixture(scope="module")
def ratings(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ratings]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as rig:
        yield rig


def in_an_address(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def told(answer: httpx.Response) -> None:
    """An answer that is none of ours to be ashamed of, and a problem where it is a refusal."""
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"


@each
def test_consent(consent: Rig, value: str) -> None:
    there = in_an_address(value)
    queries = ("state", "programme", "limit", "cursor")
    for path in (
        f"/v1/consultants/{there}",
        f"/v1/imports/{there}",
        *(f"/v1/consultants?{one}={there}" for one in queries),
    ):
        told(consent.officer("GET", path))
    neighbour: dict[str, Any] = {"auth": consent.house.service("gateway")}
    for query in ("gateway", "incarnation"):
        told(consent.client.get(f"/v1/head?gateway=one&{query}={there}", **neighbour))
    for path in (f"/v1/changes?after={there}&upto={there}", f"/v1/changes?after=0&upto={there}"):
        told(consent.client.get(path, **neighbour))
    told(consent.client.put(f"/v1/gateways/{there}", **neighbour))
    told(consent.client.get(f"/v1/permissions?programme={there}", auth=consent.house.service("ratings")))
    for name in ("programme", "purpose", "act", "channel", "evidence", "notice"):
        body: dict[str, Any] = {"programme": CARDIAC, "purpose": OWN, "act": "asked", "channel": "letter", name: value}
        told(consent.officer("POST", f"/v1/consultants/{GMC}/decisions", content=ascii_json(body), headers=JSON))
    for name in ("programme", "purpose", "channel"):
        body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter", name: value}
        told(consent.officer("POST", f"/v1/consultants/{GMC}/withdrawal", content=ascii_json(body), headers=JSON))


@pytest.mark.parametrize("kind", ["register", "returns"])
def test_lines_of_an_import(consent: Rig, kind: str) -> None:
    columns = {
        "register": "gmc,name,programme",
        "returns": "gmc,programme,purpose,act,notice_version,decided_on,evidence",
    }
    width = columns[kind].count(",") + 1
    cells = [one.encode("utf-8", "surrogatepass").decode("latin-1") for one in HOSTILE]
    lines = [",".join([GMC, *[cell] * (width - 1)]) for cell in cells] + [",".join([cell] * width) for cell in cells]
    report = consent.load(kind, [columns[kind], *lines])
    assert report["applied"] + report["quarantined"] + report["duplicate"] == len(lines)
    kept = consent.officer("GET", f"/v1/imports/{report['id']}")
    assert kept.json() == report


@each
def test_ingest(ingest: Ingest, value: str) -> None:
    there = in_an_address(value)
    queries = ("submissions?feed", "submissions?state", "submissions?before", "submissions?limit", "snapshots?feed",
               "snapshots?before", f"submissions/{DIGEST}?feed", f"submissions/{DIGEST}/quarantine?after")  # fmt: skip
    for path in queries:
        told(ingest.ask("GET", f"/v1/{path}={there}"))
    for path in (
        f"sources/{there}",
        f"submissions/{there}",
        f"snapshots/{there}",
        f"snapshots/sha256:{DIGEST}/files/{there}",
    ):
        told(ingest.ask("GET", f"/v1/{path}"))
    told(ingest.ask("PUT", f"/v1/feeds/{there}/submissions/{DIGEST}", content=b"x"))
    told(ingest.ask("POST", "/v1/snapshots", content=ascii_json({"feed": value}), headers=JSON))


def test_a_file_of_nothing_but_hostile_bytes(ingest: Ingest) -> None:
    """Why it is refused is kept as JSON, which PostgreSQL reads more strictly than SQLite."""
    contents = [one.encode("utf-8", "surrogatepass") for one in HOSTILE]
    for content in (*contents, b"\n".join(contents), bytes(range(256)) * 20):
        assert ingest.send(content)["state"] in {"checked", "refused"}


@each
def test_ratings(ratings: Ratings, value: str) -> None:
    there = in_an_address(value)
    told(ratings.ask("analyst", "GET", f"/v1/releases/{there}"))
    told(ratings.ask("analyst", "POST", f"/v1/releases/{there}/submission"))
    told(ratings.gateway(f"/v1/releases/2026-09-30/views/{there}/files/rows.parquet"))
    told(ratings.gateway(f"/v1/releases/2026-09-30/views/1/files/{there}"))
    for asked in ({"date": value}, {"date": "2026-09-30", "indicators": [value]}):
        told(ratings.ask("analyst", "POST", "/v1/releases", content=ascii_json(asked), headers=JSON))
    body: dict[str, Any] = {"date": "2026-09-30", "correction": {"supersedes": value, "text": value}}
    told(ratings.ask("analyst", "POST", "/v1/releases", content=ascii_json(body), headers=JSON))
    for name in ("day", "title", "reason", "instead_of", "correction_of"):
        body = {"day": "2026-09-30", "title": "A day", name: value}
        told(ratings.ask("publisher", "PUT", "/v1/calendar", content=ascii_json(body), headers=JSON))
    told(ratings.ask("publisher", "GET", "/v1/calendar"))
    for path in (f"{there}/checks", f"{there}/differences", f"2026-09-30/differences?from={there}"):
        told(ratings.ask("reviewer", "GET", f"/v1/releases/{path}"))
    for path, body in (
        (f"checks/{there}/answer", {"passed": True, "note": "x"}),
        ("checks/dpia/answer", {"passed": True, "note": value}),
        ("signature", {"role": "reviewer", "gate": value}), ("signature", {"role": value, "gate": f"sha256:{DIGEST}"}),
    ):  # fmt: skip
        told(ratings.ask("reviewer", "POST", f"/v1/releases/2026-09-30/{path}", content=ascii_json(body), headers=JSON))
    headers = {"Content-Type": b"application/json", "Idempotency-Key": value.encode("utf-8", "surrogatepass")}
    told(ratings.ask("analyst", "POST", "/v1/releases", content=ascii_json({"date": "1999-01-01"}), headers=headers))
    told(ratings.ask("analyst", "POST", "/v1/releases", content=ascii_json({"date": "2026-09-30"}), headers=headers))


JSON = {"Content-Type": "application/json"}


def ascii_json(body: dict[str, Any]) -> bytes:
    """With every character escaped, so that a lone surrogate can be sent too."""
    return json.dumps(body).encode()
