"""Grounds, differences, reruns and retractions by command, against a real ingest service in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import load
from cli.calls import Service
from cli.main import app
from cli.source import feeds, folder
from tests.spec.ingest_service import NY, ny_file, ny_row, prepared, running

PROMS = "audit-cases"


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    settings, passwords = prepared(tmp_path / "ingest")
    with running(settings, passwords) as house:
        service = Service("ingest", "steward", passwords["steward"], "http://testserver")
        house.client.auth = ("steward", passwords["steward"])
        service.http = house.client
        for module in (feeds, folder, load):
            monkeypatch.setattr(module, "Service", lambda _name, _account: service)
        yield service


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def sent(ingest: Service, tmp_path: Path, *rows: str, how: load.How | None = None) -> str:
    file = tmp_path / f"file{len(list(tmp_path.iterdir()))}.csv"
    file.write_bytes(ny_file(*rows))
    submission = load.send(ingest, NY, file, how)
    assert submission["state"] == "checked"
    load.freeze(ingest, NY)
    return str(submission["sha256"])


def test_differences_are_of_the_last_two_snapshots(ingest: Service, tmp_path: Path) -> None:
    sent(ingest, tmp_path, ny_row(facility="1", cases="100"), ny_row(facility="2"))
    said = run("source", "differences", NY, code=1)
    assert "has no two snapshots to compare" in said
    sent(ingest, tmp_path, ny_row(facility="1", cases="120"), ny_row(facility="3"), how=load.How(supersede=True))
    said = run("source", "differences", NY)
    assert "1 new, 0 gone, 1 changed, 1 unchanged" in said
    assert "cases: 100 -> 120" in said


def test_what_is_retracted_is_not_in_the_next_snapshot_and_a_rerun_brings_it_back(
    ingest: Service, tmp_path: Path
) -> None:
    sent(ingest, tmp_path, ny_row(facility="1"))
    second = sent(ingest, tmp_path, ny_row(facility="2"))
    assert load.freeze(ingest, NY)["rows"] == 2
    assert "is retracted" in run("source", "retract", second)
    ingest.wait("/v1/submissions", lambda body: all(one["state"] != "received" for one in body["submissions"]))
    assert load.freeze(ingest, NY)["rows"] == 1
    assert "1 accepted" in run("source", "rerun", second)
    assert load.freeze(ingest, NY)["rows"] == 2


def test_a_ground_is_declared_with_what_became_of_opt_outs(ingest: Service) -> None:
    needing = next(one["id"] for one in ingest.json("GET", "/v1/feeds")["feeds"] if "ground" not in one)
    ground = ("--ground", "pseudonymised", "--instrument", "A direction of 2024")
    assert "opt" in run("source", "declare", needing, *ground, code=1)
    said = run("source", "declare", needing, *ground, "--opt-out-date", "2024-05-01")
    assert f"{needing} is held as pseudonymised: A direction of 2024" in said
    assert ingest.json("GET", f"/v1/feeds/{needing}")["ground"]["opt_out"]["date"] == "2024-05-01"
    both = run("source", "declare", needing, *ground, "--opt-out-date", "2024-05-01", "--no-opt-out", "x", code=2)
    assert "give one of the two" in both.replace("\n", " ")


def test_a_source_with_its_own_ground_is_told_so(ingest: Service) -> None:
    assert "states its ground itself" in run(
        "source", "declare", NY, "--ground", "aggregate", "--instrument", "Whatever", code=1
    )


def test_a_folder_is_loaded_in_the_order_of_periods_and_a_revised_file_supersedes(
    ingest: Service, tmp_path: Path
) -> None:
    folder_of = tmp_path / "files"
    (folder_of / "deeper").mkdir(parents=True)
    (folder_of / "README.md").write_text("About the others.\n")
    (folder_of / "hospital_2012_revised.csv").write_bytes(ny_file(ny_row(facility="1", cases="120", year="2012")))
    (folder_of / "hospital_2012.csv").write_bytes(ny_file(ny_row(facility="1", cases="100", year="2012")))
    (folder_of / "deeper" / "hospital_2011.csv").write_bytes(ny_file(ny_row(facility="1", year="2011")))
    (folder_of / "deeper" / "other.csv").write_text("a,b\n1,2\n")
    said = run("load-folder", str(folder_of), "--json", str(tmp_path / "table.json"), code=1)
    assert "left out: README.md" in said
    assert "4 files: 3 loaded, 1 refused; 6 lines, 6 with a fate" in said
    assert "deeper/other.csv is refused (not-recognised)" in said
    assert load.freeze(ingest, NY)["rows"] == 2
    names = [one["name"] for one in ingest.json("GET", "/v1/submissions")["submissions"]]
    assert names == ["hospital_2012_revised.csv", "hospital_2012.csv", "hospital_2011.csv"]  # the newest first
