"""Grounds, differences, reruns and retractions by command, against a real ingest service in this process."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from cli import load
from cli.advice import sentence_of
from cli.calls import Refused, Service
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
    said = run("source", "retract", second)
    assert "is retracted" in said
    now = load.freeze(ingest, NY)
    assert now["rows"] == 1
    assert f"snapshot {now['digest']} (1 rows of {NY})" in said
    said = run("source", "rerun", second)
    now = load.freeze(ingest, NY)
    assert "1 accepted" in said
    assert f"snapshot {now['digest']} (2 rows of {NY})" in said


def test_after_a_retraction_differences_are_of_what_it_took_out(ingest: Service, tmp_path: Path) -> None:
    sent(ingest, tmp_path, ny_row(facility="1"))
    first = load.freeze(ingest, NY)["digest"]
    second = sent(ingest, tmp_path, ny_row(facility="2"))
    then = load.freeze(ingest, NY)["digest"]
    run("source", "retract", second)
    said = run("source", "differences", NY)
    assert f"from {then} (2 rows, first frozen " in said
    assert f"to {first} (1 rows, first frozen " in said
    assert "0 new, 1 gone, 0 changed, 1 unchanged" in said
    assert "--from and --to choose others" in said
    asked = run("source", "differences", NY, "--from", first, "--to", then)
    assert "1 new, 0 gone" in asked


def test_what_was_retracted_and_is_sent_again_is_told_how_it_counts_again(ingest: Service, tmp_path: Path) -> None:
    digest = sent(ingest, tmp_path, ny_row(facility="1"))
    file = next(tmp_path.glob("file*.csv"))
    said = run("source", "retract", digest)
    assert f"no snapshot: no row of {NY} stands" in said
    again = run("load", NY, str(file), code=1)
    assert f"candour source rerun {digest} --source {NY}" in again


def revised(ingest: Service, tmp_path: Path) -> Path:
    """A file that contradicts one of two rows that stand."""
    sent(ingest, tmp_path, ny_row(facility="1"), ny_row(facility="2"))
    file = tmp_path / "revised file.csv"
    file.write_bytes(ny_file(ny_row(facility="1", cases="120")))
    return file


def test_two_files_that_contradict_each_other_are_told_apart_from_lines_to_mend(
    ingest: Service, tmp_path: Path
) -> None:
    file = revised(ingest, tmp_path)
    said = run("load", NY, str(file), code=3)
    assert "1 lines of earlier files that stood before are out now: two files contradict each other." in said
    assert f"candour load {NY} '{file}' --supersede\n" in said
    assert f"candour load {NY} '{file}' --supersede --whole-period" in said
    assert "mend" not in said
    said = run("load", NY, str(file), "--supersede")
    assert "1 accepted" in said
    assert f"(2 rows of {NY})" in said


def test_a_file_that_was_sent_to_the_wrong_feed_is_told_its_own(ingest: Service, tmp_path: Path) -> None:
    file = tmp_path / "hospital_2016 (1).csv"
    file.write_bytes(ny_file(ny_row()))
    said = run("load", "ae-monthly", str(file), code=1)
    assert f"It is a file of {NY}: candour load {NY} '{file}'" in said
    file.write_bytes(b"a,b,c\n1,2,3\n")
    said = run("load", "ae-monthly", str(file), code=1)
    assert "is not the header that this source has" in said
    assert "It is a file of" not in said


def test_a_file_under_another_name_is_told_whose_header_it_has(ingest: Service, tmp_path: Path) -> None:
    file = tmp_path / "download (3).csv"
    file.write_bytes(ny_file(ny_row()))
    said = run("load", "auto", str(file), code=1)
    assert f"Found: its header is that of {NY}, whose files have other names." in said
    assert ingest.json("GET", "/v1/submissions")["submissions"] == []


def test_where_no_row_stands_any_more_it_says_so_and_what_to_do(ingest: Service, tmp_path: Path) -> None:
    sent(ingest, tmp_path, ny_row(facility="1"))
    file = tmp_path / "revised.csv"
    file.write_bytes(ny_file(ny_row(facility="1", cases="120"), ny_row(facility="2", cases="many")))
    said = run("load", NY, str(file), code=3)
    assert f"no snapshot: no row of {NY} stands" in said
    assert said.index("--supersede") < said.index("1 lines were quarantined") < said.index("--to-mend")


def test_lines_of_one_file_that_contradict_each_other_are_not_to_be_superseded(ingest: Service, tmp_path: Path) -> None:
    file = tmp_path / "twice.csv"
    file.write_bytes(ny_file(ny_row(facility="1"), ny_row(facility="1", cases="120"), ny_row(facility="2")))
    said = run("load", NY, str(file), code=3)
    assert "Both are in this file." in said
    assert "supersede" not in said
    assert "mend" not in said


def test_a_ground_that_is_needed_comes_with_the_command_that_declares_it() -> None:
    body = {"code": "ground_needed", "detail": "Declare the ground of hes-apc first."}
    said = sentence_of(Refused(httpx.Response(409, json=body)), "hes-apc")
    assert said.startswith("Declare the ground of hes-apc first. By command: candour source declare hes-apc --ground ")


def test_a_table_that_a_program_reads_has_a_line_for_each_file_and_whole_digests(
    ingest: Service, tmp_path: Path
) -> None:
    folder_of = tmp_path / ("deep" * 30) / ("deeper" * 20)
    folder_of.mkdir(parents=True)
    (folder_of / "hospital_2012.csv").write_bytes(ny_file(ny_row(facility="1", year="2012")))
    said = run("load-folder", str(tmp_path / ("deep" * 30)))
    row = next(line for line in said.splitlines() if "hospital_2012.csv" in line)
    assert NY in row
    assert load.freeze(ingest, NY)["digest"] in row


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


def test_a_source_that_may_be_left_out_is_not_required() -> None:
    said = run("load", "--help")
    assert "[SOURCE] [FILE]" in said
    assert "[required]" not in said
