"""Every physical line has exactly one fate; the New York files, and what two files say of one key."""

import io
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from tests.spec.ingest_service import (
    DATA,
    NY,
    Ingest,
    episode,
    episodes_file,
    ny_file,
    ny_row,
    prepared,
    running,
    some,
)  # fmt: skip
from tests.stores import Stores


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


@pytest.fixture
def main_file() -> bytes:
    if not DATA.is_dir():
        pytest.skip("../shared/data/ny-cardiac is not beside this checkout")
    return (DATA / "hospital_2008_2015.csv").read_bytes()


@pytest.fixture
def extract(main_file: bytes) -> bytes:
    return (DATA / "hospital_cabg_2011_extract_2015.csv").read_bytes()


def test_new_york_has_1578_hospital_lines_and_31_statewide(ingest: Ingest, main_file: bytes) -> None:
    sent = ingest.send(main_file)
    assert sent["state"] == "checked"
    assert sent["lines"] == 1610
    assert some(sent["fates"]) == {"header": 1, "accepted": 1578, "aggregate": 31}
    assert set(sent["fates"]) == {
        "header", "accepted", "duplicate", "conflict", "quarantined", "aggregate", "footer", "blank",
    }  # fmt: skip
    assert ingest.aside(main_file) == []


def test_the_snapshot_holds_canonical_values_in_order_of_the_key(ingest: Ingest, main_file: bytes) -> None:
    ingest.send(main_file)
    snapshot = ingest.freeze()
    rows = pl.read_parquet(io.BytesIO(ingest.rows(snapshot)))
    assert snapshot["rows"] == rows.height == 1609
    assert (snapshot["first_day"], snapshot["last_day"]) == ("2008-01-01", "2015-12-31")
    assert rows.columns == [
        "provider", "provider_name", "region", "measure", "period_start", "period_end", "cases", "observed",
        "expected_percent", "aggregate", "published_rate", "published_lower", "published_upper", "published_verdict",
    ]  # fmt: skip
    key = ["provider", "measure", "period_start", "period_end"]
    assert rows.equals(rows.sort(key))
    statewide = rows.filter("aggregate")
    assert statewide.height == 31
    assert set(statewide["provider"]) == {"0000"}
    assert statewide["published_upper"].null_count() == 31
    assert set(rows["measure"]) == {
        "all-pci", "non-emergency-pci", "emergency-pci", "cabg", "valve-or-valve-cabg", "tavr",
    }  # fmt: skip
    cabg = rows.filter(pl.col("measure") == "cabg", pl.col("period_start") == pl.date(2011, 1, 1))
    assert cabg.filter(~pl.col("aggregate")).select("cases", "observed").sum().row(0) == (8627, 107)


def test_the_same_file_twice_is_one_submission_and_one_snapshot(ingest: Ingest, main_file: bytes) -> None:
    first = ingest.put(main_file)
    ingest.decided(main_file)
    frozen = ingest.freeze()
    second = ingest.put(main_file)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert ingest.freeze() == frozen
    assert ingest.ask("POST", "/v1/snapshots", json={"feed": NY}).status_code == 200
    assert some(ingest.decided(main_file)["fates"]) == {"header": 1, "accepted": 1578, "aggregate": 31}


def test_the_extract_of_2015_is_41_duplicates(ingest: Ingest, main_file: bytes, extract: bytes) -> None:
    ingest.send(main_file)
    before = ingest.freeze()["digest"]
    assert some(ingest.send(extract)["fates"]) == {"header": 1, "duplicate": 41}
    assert ingest.freeze()["digest"] == before


def test_sent_first_the_extract_is_what_stands(ingest: Ingest, main_file: bytes, extract: bytes) -> None:
    assert some(ingest.send(extract)["fates"]) == {"header": 1, "accepted": 40, "aggregate": 1}
    assert some(ingest.send(main_file)["fates"]) == {"header": 1, "accepted": 1538, "aggregate": 30, "duplicate": 41}


def test_a_changed_value_sets_both_lines_aside(ingest: Ingest) -> None:
    earlier = ny_file(ny_row("1001"), ny_row("1002"))
    later = ny_file(ny_row("1002", deaths="5"), ny_row("1003"))
    ingest.send(earlier)
    assert some(ingest.send(later)["fates"]) == {"header": 1, "conflict": 1, "accepted": 1}
    assert some(ingest.submission(earlier)["fates"]) == {"header": 1, "conflict": 1, "accepted": 1}
    [line] = ingest.aside(later)
    assert (line["line"], line["fate"], line["code"], line["column"]) == (2, "conflict", "conflict", "Number of Deaths")
    assert line["found"] == "5"
    assert line["expected"].startswith("4, as in line 3 of submission ")
    [overtaken] = ingest.aside(earlier)
    assert (overtaken["line"], overtaken["fate"], overtaken["text"]) == (3, "conflict", ny_row("1002"))
    assert ingest.freeze()["rows"] == 2


def test_a_statewide_line_in_conflict_leaves_the_aggregates(ingest: Ingest) -> None:
    total = {"lower": "", "upper": "", "verdict": "Statewide Rate"}
    earlier = ny_file(ny_row("0", **total), ny_row())
    ingest.send(earlier)
    assert some(ingest.send(ny_file(ny_row("0000", cases="101", **total)))["fates"]) == {"header": 1, "conflict": 1}
    assert some(ingest.submission(earlier)["fates"]) == {"header": 1, "conflict": 1, "accepted": 1}


def test_a_key_in_conflict_stays_so_until_superseded(ingest: Ingest) -> None:
    first, second = ny_file(ny_row(deaths="4")), ny_file(ny_row(deaths="5"))
    third = ny_file(ny_row(deaths="4"), ny_row("1002"))
    ingest.send(first)
    ingest.send(second)
    assert some(ingest.send(third)["fates"]) == {"header": 1, "conflict": 1, "accepted": 1}
    final = ny_file(ny_row(deaths="6"))
    assert some(ingest.send(final, supersede="true")["fates"]) == {"header": 1, "accepted": 1}
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    assert dict(rows.select("provider", "observed").iter_rows()) == {"1001": 6, "1002": 4}
    assert some(ingest.send(ny_file(ny_row(deaths="6"), ny_row("1003")))["fates"]) == {
        "header": 1, "duplicate": 1, "accepted": 1,
    }  # fmt: skip


def test_bytes_already_sent_can_be_asked_to_supersede(ingest: Ingest) -> None:
    """A conflict is settled by naming the file that is right; nobody has to change a byte of it."""
    wrong, right = ny_file(ny_row(deaths="4")), ny_file(ny_row(deaths="5"))
    ingest.send(wrong)
    ingest.send(right)
    receipt = ingest.put(right).json()
    answer = ingest.put(right, supersede="true")
    assert (answer.status_code, answer.json()) == (200, receipt)
    settled = ingest.decided(right)
    assert settled["supersedes"] is True
    assert some(settled["fates"]) == {"header": 1, "accepted": 1}
    assert ingest.aside(right) == []
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    assert rows["observed"].to_list() == [5]


def test_within_one_file_the_first_stands_and_conflicts_take_both(ingest: Ingest) -> None:
    sent = ingest.send(
        ny_file(
            ny_row("1001"), ny_row("1001"), ny_row("01001"[1:]), ny_row("1002"), ny_row("1002", deaths="9"),
            ny_row("58"), ny_row("0058", expected="2.50"),
        )
    )  # fmt: skip
    assert some(sent["fates"]) == {"header": 1, "accepted": 2, "duplicate": 3, "conflict": 2}


def test_a_superseding_file_replaces_only_its_keys(ingest: Ingest) -> None:
    ingest.send(ny_file(ny_row("1001"), ny_row("1002")))
    ingest.send(ny_file(ny_row("1002", deaths="9")), supersede="true")
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    assert rows["observed"].to_list() == [4, 9]


def test_a_snapshot_names_the_submissions_behind_it_in_order(ingest: Ingest) -> None:
    files = [ny_file(ny_row("1003")), ny_file(ny_row("1002")), ny_file(ny_row("1001"))]
    digests = [ingest.send(content)["sha256"] for content in files]
    assert ingest.freeze()["submissions"] == digests


def test_lineage_is_not_in_the_digest(stores: Stores, tmp_path: Path) -> None:
    rows = [ny_row("1001"), ny_row("1002")]
    ways = ([ny_file(*rows)], [ny_file(rows[1]), ny_file(rows[0])])
    digests = set()
    for number, files in enumerate(ways):
        with running(*prepared(tmp_path / str(number), stores)) as service:
            for content in files:
                service.send(content)
            digests.add(service.freeze()["digest"])
    assert len(digests) == 1


def test_an_empty_comorbidity_is_missing_and_other_blanks_are_refused(ingest: Ingest) -> None:
    sent = episodes_file(episode(1, comorbidity=""), episode(2, sex=""), episode(3, comorbidity="3+"))
    fates = ingest.send(sent, "candour-demo")["fates"]
    assert some(fates) == {"header": 1, "accepted": 2, "quarantined": 1}
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze("candour-demo"))))
    assert rows["comorbidity"].to_list() == ["missing", "3+"]
    assert rows.schema["died_30_days"] == pl.Int8
    assert rows.schema["date"] == pl.Date
