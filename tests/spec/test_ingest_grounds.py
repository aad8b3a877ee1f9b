"""Rows of patients are held on a ground that somebody has declared, or no byte of them is kept."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from services.ingest.source import load_sources
from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

FEED = "ward-stays"
SOURCE = """
id = "ward-stays"
label = "Stays on a ward that does not exist"
kind = "episodes"
schema_version = 1
synthetic = true
encodings = ["utf-8"]
content = "patients"
null_tokens = [""]
key = ["stay"]
[[columns]]
name = "stay"
from = "stay"
type = "text"
[[columns]]
name = "days"
from = "days"
type = "int"
min = 0
"""
CONTENT = b"stay,days\nS1,3\nS2,4\n"
OPT_OUT = {"status": "applied", "date": "2026-09-01"}
GROUND = {"kind": "pseudonymised", "instrument": "A direction (invented)", "opt_out": OPT_OUT}


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    sources = tmp_path / "sources"
    sources.mkdir()
    packaged = Path(__file__).parents[2] / "services" / "ingest" / "sources" / f"{NY}.toml"
    (sources / f"{NY}.toml").write_text(packaged.read_text())
    (sources / f"{FEED}.toml").write_text(SOURCE)
    with running(*prepared(tmp_path, stores, sources_dir=sources)) as service:
        yield service


def declare(ingest: Ingest, ground: dict[str, Any], seen: int | None = 0, feed: str = FEED) -> Any:
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return ingest.ask("PUT", f"/v1/feeds/{feed}", json=ground, headers=headers)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_without_a_ground_no_byte_is_kept(ingest: Ingest) -> None:
    assert problem(ingest.put(CONTENT, FEED)) == (409, "ground_needed")
    assert not list((ingest.settings.data_dir / "ingest" / "uploads").iterdir())
    assert ingest.ask("GET", f"/v1/feeds/{FEED}").json() == {"id": FEED, "content": "patients", "version": 0}


def test_with_a_declared_ground_it_is_taken_and_the_feed_says_who_declared_it(ingest: Ingest) -> None:
    answer = declare(ingest, GROUND)
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    assert some(ingest.send(CONTENT, FEED)["fates"]) == {"header": 1, "accepted": 2}
    [_, found] = ingest.ask("GET", "/v1/feeds", "auditor").json()["feeds"]
    assert (found["ground"], found["declared_by"], found["version"]) == (GROUND, "steward", 1)


def test_who_declares_says_what_they_saw(ingest: Ingest) -> None:
    assert problem(declare(ingest, GROUND, None)) == (428, "if_match_needed")
    assert problem(declare(ingest, GROUND, 1)) == (412, "revision_changed")
    assert declare(ingest, GROUND).status_code == 200
    assert problem(declare(ingest, GROUND)) == (412, "revision_changed")
    assert declare(ingest, {"kind": "synthetic", "instrument": "Nobody exists"}, 1).status_code == 200


@pytest.mark.parametrize(
    ("ground", "expected"),
    [
        ({"kind": "aggregate", "instrument": "x"}, (409, "ground_contradicts")),
        ({"kind": "register", "instrument": "x"}, (409, "ground_contradicts")),
        ({"kind": "pseudonymised", "instrument": "x"}, (422, "value_not_allowed")),
        ({"kind": "synthetic", "instrument": "x", "opt_out": OPT_OUT}, (422, "value_not_allowed")),
        (GROUND | {"opt_out": {"status": "applied"}}, (422, "value_not_allowed")),
        (GROUND | {"opt_out": {"status": "not_applicable"}}, (422, "value_not_allowed")),
    ],
)
def test_a_ground_that_cannot_be_is_refused(ingest: Ingest, ground: dict[str, Any], expected: tuple[int, str]) -> None:
    assert problem(declare(ingest, ground)) == expected
    assert problem(ingest.put(CONTENT, FEED)) == (409, "ground_needed")


def test_why_a_ground_cannot_be_is_said_in_words_of_ours(ingest: Ingest) -> None:
    (error,) = declare(ingest, {"kind": "pseudonymised", "instrument": "x"}).json()["errors"]
    assert error["hint"] == "pseudonymised rows of patients, and no others, say what became of opt-outs"


def test_opt_outs_are_not_applied_on_a_day_to_come(ingest: Ingest) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    ground = GROUND | {"opt_out": {"status": "applied", "date": tomorrow}}
    assert problem(declare(ingest, ground)) == (422, "value_not_allowed")


def test_where_the_source_states_its_ground_there_is_nothing_to_declare(ingest: Ingest) -> None:
    found = ingest.ask("GET", f"/v1/feeds/{NY}").json()
    assert found["ground"]["kind"] in ("aggregate", "published")
    assert problem(declare(ingest, {"kind": "aggregate", "instrument": "x"}, 0, NY)) == (409, "ground_contradicts")
    assert ingest.put(ny_file(ny_row()), NY).status_code == 201


def test_a_declaration_is_logged_without_its_words(ingest: Ingest, capfd: pytest.CaptureFixture[str]) -> None:
    secret = "Xyzzy-4711"
    assert declare(ingest, {"kind": "synthetic", "instrument": secret}).status_code == 200
    told = "".join(capfd.readouterr())
    assert "ground_declared" in told
    assert secret not in told
    assert json.dumps(sha256(CONTENT)) not in told


PACKAGED = Path(__file__).parents[2] / "services" / "ingest" / "sources"
OF_ONE_NAME = ("artificial-hes-apc", "artificial-hes-apc-parquet", "artificial-hes-ae", "nhsr-los", "nhsr-news")


UNNAMED: dict[str, str] = {}
OTHERS = ({"name": "Trust_HES_extract_2001.csv"}, {"name": "artificial_hes.csv"}, UNNAMED)


@pytest.fixture
def packaged(tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path)) as service:
        yield service


def test_a_ground_that_holds_for_files_of_a_name_holds_for_no_other(packaged: Ingest) -> None:
    for feed, named in product(OF_ONE_NAME, OTHERS):
        answer = packaged.put(CONTENT, feed, **named)
        assert problem(answer) == (422, "not_its_file")
        told = answer.json()["detail"]
        found = f"The file is called {named['name']}" if named else "The file came without a name"
        assert told.startswith(found)
        assert load_sources(PACKAGED)[feed].recognise.names[0] in told
        assert "a steward declares first. Nothing was kept." in told
    assert not list((packaged.settings.data_dir / "ingest" / "uploads").iterdir())
    told = packaged.put(CONTENT, "artificial-hes-apc", name="Trust_HES_extract_2001.csv").json()["detail"]
    assert "for any other use hes-apc, whose ground a steward declares first" in told
    taken = packaged.put(CONTENT, "nhsr-news", name="some/where/synthetic_news_data.csv")
    assert taken.status_code == 201, taken.text
