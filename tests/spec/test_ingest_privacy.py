"""What was sent about patients is told to whoever mends it, and to nobody else."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from tests.spec.ingest_service import NY, Ingest, episode, episodes_file, ny_file, ny_row, prepared, running, sha256
from tests.stores import Stores

DEMO = "candour-demo"
NUMBER = "943 476 5919"


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


@pytest.mark.parametrize("feed", [NY, DEMO])
def test_lines_as_they_were_sent_are_told_to_stewards_alone(ingest: Ingest, feed: str) -> None:
    """A line is set aside for the first thing that is wrong with it: another cell may tell who somebody is."""
    broken = {
        NY: ny_file(ny_row(cases="many", name=NUMBER)),
        DEMO: episodes_file(episode(1, sex="none", urgency=NUMBER)),
    }
    content = broken[feed]
    ingest.send(content, feed)
    path = f"/v1/submissions/{sha256(content)}/quarantine"
    for accept in ("application/json", "text/csv"):
        steward, analyst = (ingest.ask("GET", path, who, headers={"Accept": accept}) for who in ("steward", "analyst"))
        assert (steward.status_code, analyst.status_code) == (200, 200)
        assert NUMBER in steward.text
        assert NUMBER not in analyst.text
    [line] = ingest.ask("GET", path, "analyst").json()
    assert {"line", "code", "column", "found", "expected"} <= set(line)
    assert "text" not in line
    refused = ingest.ask("GET", path, "analyst", params={"form": "mend"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")
    assert NUMBER not in refused.text


def test_of_patients_no_cell_is_quoted_to_others(ingest: Ingest) -> None:
    """A key that stands in another column is a key all the same, and no shape tells it."""
    moved = episode(1, age_band="HOSPITAL-KEY-1")
    twice = episodes_file(moved, episode(2), episode(2, died_30_days="1"), '"HOSPITAL-KEY-2' + episode(3))
    ingest.send(twice, DEMO)
    path = f"/v1/submissions/{sha256(twice)}/quarantine"
    steward, analyst = (ingest.ask("GET", path, who) for who in ("steward", "analyst"))
    assert ("HOSPITAL-KEY-1" in steward.text, "HOSPITAL-KEY-2" in steward.text) == (True, True)
    assert "KEY" not in analyst.text
    told = [(line["line"], line["code"]) for line in steward.json()]
    assert [(line["line"], line["code"]) for line in analyst.json()] == told
    assert [code for _, code in told] == ["not-in-list", "conflict", "conflict", "quote-not-closed"]
    assert not any("as in line" in line["expected"] for line in analyst.json())


def test_what_differs_of_one_patient_is_told_to_stewards_alone(ingest: Ingest) -> None:
    ingest.send(episodes_file(episode(1), episode(2)), DEMO)
    earlier = ingest.freeze(DEMO)["digest"]
    ingest.send(episodes_file(episode(2, died_30_days="1"), episode(3)), DEMO, supersede="true")
    path = f"/v1/snapshots/{ingest.freeze(DEMO)['digest']}/differences"
    steward, analyst = (ingest.ask("GET", path, who, params={"from": earlier}).json() for who in ("steward", "analyst"))
    assert [(change["kind"], change.get("column")) for change in steward["changes"]] == [
        ("changed", "died_30_days"), ("new", None),
    ]  # fmt: skip
    assert (analyst["changes"], "next" in analyst) == ([], False)
    counts = ("new", "gone", "changed", "unchanged")
    assert [analyst[name] for name in counts] == [steward[name] for name in counts] == [1, 0, 1, 1]


@pytest.mark.parametrize("name", [f"Smith {NUMBER}.csv", "9434765919.csv", "Mr_John_Smith.csv", "/a/Mrs A Patel.csv"])
def test_a_file_is_not_called_by_a_patient(ingest: Ingest, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    content = ny_file(ny_row())
    answer = ingest.put(content, name=name)
    assert (answer.status_code, answer.json()["code"]) == (422, "value_not_allowed")
    assert name not in answer.text
    assert ingest.ask("GET", f"/v1/submissions/{sha256(content)}").status_code == 404
    assert NUMBER not in "".join(capfd.readouterr())
    assert ingest.put(content, name="RTT waits 2024-06-30 LS1 revised.csv").status_code == 201


def test_rows_of_patients_may_be_fetched_by_whom_it_is_logged(
    ingest: Ingest, capsys: pytest.CaptureFixture[str]
) -> None:
    """By stewards and analysts, and by ratings, who computes with them: the rows that stand, and nothing set aside."""
    broken = episode(3, sex="none", urgency=NUMBER)
    ingest.send(episodes_file(episode(1), episode(2), broken), DEMO)
    path = f"/v1/snapshots/{ingest.freeze(DEMO)['digest']}/files/rows.parquet"
    answers = {who: ingest.ask("GET", path, who) for who in (*ingest.passwords, "service:ratings", "")}
    may = {who for who, answer in answers.items() if answer.status_code == 200}
    assert may == {"steward", "steward-2", "analyst", "service:ratings"}
    assert {answers[who].status_code for who in answers.keys() - may} == {401, 403}
    assert answers[""].status_code == 401
    assert len({answers[who].content for who in may}) == 1
    assert pl.read_parquet(BytesIO(answers["analyst"].content))["episode"].to_list() == ["E0000001", "E0000002"]
    logged = [line for line in capsys.readouterr().out.splitlines() if "rows_of_patients_fetched" in line]
    assert [[who for who in sorted(answers) if f"actor={who} " in f"{line} "] for line in logged] == [
        [who] for who in ingest.passwords if who in may
    ]


def test_lines_as_they_were_sent_are_fetched_by_whom_it_is_logged(
    ingest: Ingest, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have what was set aside of a patient, so more than the rows that stand. Nothing of them is logged."""
    content = episodes_file(episode(1), episode(2, urgency=NUMBER))
    ingest.send(content, DEMO)
    path = f"/v1/submissions/{sha256(content)}/quarantine"
    for who in ("steward", "analyst"):
        for accept in ("application/json", "text/csv"):
            answer = ingest.ask("GET", path, who, headers={"Accept": accept})
            assert (answer.status_code, NUMBER in answer.text) == (200, who == "steward")
    assert ingest.ask("GET", path, "steward", params={"form": "mend"}).status_code == 200
    told = capsys.readouterr().out
    logged = [line for line in told.splitlines() if "lines_of_patients_fetched" in line]
    assert len(logged) == 3
    assert all("actor=steward " in f"{line} " and sha256(content) in line for line in logged)
    assert NUMBER not in told


def test_that_rows_about_nobody_were_fetched_is_not_logged(ingest: Ingest, capsys: pytest.CaptureFixture[str]) -> None:
    ingest.send(ny_file(ny_row()))
    ingest.rows(ingest.freeze())
    ingest.aside(ny_file(ny_row()))
    told = capsys.readouterr().out
    assert "rows_of_patients_fetched" not in told
    assert "lines_of_patients_fetched" not in told
