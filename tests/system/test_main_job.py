"""New York's published table through all four services, read back from the public API: embedded on SQLite, and by the
compose file's own commands on PostgreSQL, with two gateways behind nginx."""

import csv
import io
import json
import math
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.system.completeness import NUMERIC, check_release, csv_violations, row_violations
from tests.system.conftest import NY_DATE, NY_INDICATORS, NewYork, new_york
from tests.system.published import VERDICT, Key, PublishedRow, published_rows


@pytest.fixture(scope="module", params=["embedded", "production"])
def job(request: pytest.FixtureRequest, ny: Path) -> NewYork:
    """In each shape."""
    if request.param == "embedded":
        return new_york(request.getfixturevalue("house"), ny)
    found: NewYork = request.getfixturevalue("composed_new_york")
    return found


def all_results(reader: httpx.Client, release: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    path: str | None = f"/v1/releases/{release}/results?partition=fixed&limit=1000"
    while path:
        page = reader.get(path).raise_for_status().json()
        rows += page["data"]
        path = page["links"].get("next")
    return rows


def test_every_line_has_its_fate(job: NewYork) -> None:
    submission = job.told["submission"]
    fates = {fate: count for fate, count in submission["fates"].items() if count}
    assert submission["lines"] == 1610
    assert fates == {"header": 1, "accepted": 1578, "aggregate": 31}


def test_the_same_file_again_changes_nothing(job: NewYork, ny: Path) -> None:
    again = json.loads(job.house.candour("load", "ny-cardiac", str(ny / "hospital_2008_2015.csv"), "--json").stdout)
    assert again["snapshot"]["digest"] == job.told["snapshot"]["digest"]
    assert again["submission"] == job.told["submission"]


def test_the_2015_extract_is_41_duplicates(job: NewYork, ny: Path) -> None:
    file = ny / "hospital_cabg_2011_extract_2015.csv"
    extract = json.loads(job.house.candour("load", "ny-cardiac", str(file), "--json").stdout)
    fates = {fate: count for fate, count in extract["submission"]["fates"].items() if count}
    assert fates == {"header": 1, "duplicate": 41}
    assert extract["snapshot"]["digest"] == job.told["snapshot"]["digest"]


def test_1578_of_1578_from_json(job: NewYork, ny: Path) -> None:
    printed = published_rows(ny / "hospital_2008_2015.csv")
    found: dict[Key, tuple[float, float, float, str, str]] = {}
    with job.house.reader() as reader:
        for row in all_results(reader, job.release):
            value, interval = row["value"], row["value"]["interval"]
            period = row["period"]
            at = (row["subject"]["id"], row["indicator"]["id"], period["start"], period["end"])
            figures = (value["estimate"], interval["lower"], interval["upper"])
            found[at] = (*figures, row["comparison"]["position"], row["words"]["summary"])
    compare(printed, found)


def test_1578_of_1578_from_csv(job: NewYork, ny: Path) -> None:
    printed = published_rows(ny / "hospital_2008_2015.csv")
    with job.house.reader("gateway-2") as reader:
        text = reader.get(f"/v1/releases/{job.release}/results.csv?partition=fixed").raise_for_status().text
    found = {
        (row["provider_id"], row["indicator_id"], row["period_start"], row["period_end"]): (
            float(row["estimate"]),
            float(row["interval_lower"]),
            float(row["interval_upper"]),
            row["position"],
            row["summary"],
        )
        for row in csv.DictReader(io.StringIO(text))
    }
    compare(printed, found)


def compare(printed: dict[Key, PublishedRow], found: dict[Key, tuple[float, float, float, str, str]]) -> None:
    assert len(printed) == 1578
    assert found.keys() == printed.keys()
    figures = [at for at, row in printed.items() if not (row.agrees(row.printed) and row.agrees(found[at][:3]))]
    verdicts = [at for at, row in printed.items() if found[at][3] not in VERDICT[row.verdict]]
    words = [at for at, row in printed.items() if found[at][4] != row.verdict]
    assert (figures, verdicts, words) == ([], [], [])


def test_nothing_is_missing_without_a_reason(job: NewYork) -> None:
    """Every page of JSON and the whole CSV; the same over the demonstration in test_truth.py."""
    with job.house.reader() as reader:
        rows, _ = check_release(reader, job.release)
    assert len(rows) >= 1578
    assert all(row["indicator"]["id"].startswith("ny-") for row in rows)


ROW: dict[str, Any] = {
    "id": "r-1", "status": "published", "comparison": {"status": "rated", "position": "within"},
    "value": {"estimate": 1.0, "observed": 1, "expected": 1.0, "denominator": 9,
              "interval": {"level": 0.95, "lower": 0.1, "upper": 5.0, "method": "byar"}},
}  # fmt: skip
ABSENT: dict[str, Any] = {
    "id": "r-2", "status": "suppressed", "absence": {"reason": "small_numbers", "explanation": "Too few."},
}  # fmt: skip


@pytest.mark.parametrize(
    "planted",
    [
        ROW | {"value": {}},
        ROW | {"value": ROW["value"] | {"estimate": None}},
        ROW | {"value": ROW["value"] | {"estimate": math.nan}},
        ROW | {"value": ROW["value"] | {"interval": {"level": 0.95, "lower": 0.1, "method": "byar"}}},
        ROW | {"comparison": {"status": "rated"}},
        ROW | {"comparison": {"status": "not_rated"}},
        ROW | {"comparison": {"status": "not_rated", "reason": "too_few_cases", "band": "as_expected"}},
        ROW | {"absence": ABSENT["absence"]},
        ABSENT | {"absence": {}},
        ABSENT | {"value": ROW["value"]},
        ABSENT | {"basis": None},
    ],
)
def test_a_row_that_lacks_something_is_seen(planted: dict[str, Any]) -> None:
    assert row_violations(ROW) == row_violations(ABSENT) == []
    assert row_violations(planted) != []


@pytest.mark.parametrize(
    "planted",
    [
        {"estimate": ""}, {"estimate": "nan"}, {"estimate": "1,5"}, {"estimate": "*"}, {"expected": ""},
        {"position": ""}, {"reason": "small_numbers"}, {"summary": "None"}, {"interval_upper": "inf"},
    ],
)  # fmt: skip
def test_a_line_that_lacks_something_is_seen(planted: dict[str, str]) -> None:
    text = ("result_id", "status", "reason", "not_rated_reason", "position", "interval_method", "comparison_status",
            "summary")  # fmt: skip
    line = dict.fromkeys((*text, *NUMERIC), "") | {
        "result_id": "r-1", "status": "published", "position": "within", "comparison_status": "rated",
        "interval_method": "byar", "estimate": "1.0", "observed": "1", "expected": "1.0", "denominator": "9",
        "interval_level": "0.95", "interval_lower": "0.1", "interval_upper": "5.0",
    }  # fmt: skip
    assert csv_violations(line) == []
    assert csv_violations(line | planted) != []


def test_a_release_taken_down_is_gone_and_the_one_before_is_current_again(job: NewYork) -> None:
    """At the gateways: a proxy goes on with what it has kept, until it is emptied."""
    with job.house.reader("gateway-2") as reader:
        before = reader.get("/v1/releases/latest").json()
    revision = job.house.publish(NY_DATE, *NY_INDICATORS)
    wanted = ["release", "take-down", revision, "--reason", "an extract of the wrong year"]
    for _ in range(2):  # a repeat after a lost answer is content
        assert job.house.candour(*wanted).stdout == f"{revision} taken_down\n"
    for gateway in job.house.gateway_names:
        with job.house.reader(gateway) as reader:
            until = time.monotonic() + 10
            while (gone := reader.get(f"/v1/releases/{revision}")).status_code == 200:
                assert time.monotonic() < until
                time.sleep(0.05)
            assert (gone.status_code, gone.json()["code"]) == (410, "release_taken_down")
            latest = reader.get("/v1/releases/latest").json()
            assert (latest["release"], latest["status"]) == (before["release"], "current")
