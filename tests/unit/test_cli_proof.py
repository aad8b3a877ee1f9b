"""`candour proof` where it cannot run: it ends with 2, and says which, what was expected, and what to do."""

import os
import resource
import signal
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.proof.command import _print, _write
from cli.proof.entries import ENTRIES, missing_in
from cli.proof.running import CouldNotRun, _python, _record, run
from shared.contracts.public.proof import ProofRecord, ProofRow

MET = ProofRow(
    source="phe-prevalence", what="rates", tolerance="equal", rows=240, required=240, reached=240, ok=True,
    exceptions=[], why="", entries=["prevalence"],
)  # fmt: skip
PARTLY = ProofRow(
    source="ca-hospitals", what="ratings", tolerance="equal", rows=2327, required=2252, reached=2320, ok=True,
    exceptions=[f"hospital {number} [AMI]" for number in range(7)], why="Rates are rounded.", entries=["california"],
)  # fmt: skip
SHORT = MET.model_copy(update={"reached": 239, "ok": False, "exceptions": ["607 6 1"]})


def record(*rows: ProofRow) -> ProofRecord:
    return ProofRecord(date="2026-09-30", code="candour 1.0.0", method_version="2026.1", files=[], rows=list(rows))


def test_a_folder_without_the_files_is_said_to_lack_each(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["proof", "--data", str(tmp_path / "nowhere")])
    assert done.exit_code == 2
    assert all(one.path in done.output for one in ENTRIES)
    assert missing_in(tmp_path) == [one.path for one in ENTRIES]


def test_without_any_folder_it_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.proof.command.beside_the_checkout", lambda: None)
    monkeypatch.delenv("CANDOUR_PROOF_DATA", raising=False)
    done = CliRunner().invoke(app, ["proof"])
    assert (done.exit_code, "--data" in done.output) == (2, True)


def test_entries_are_named_once() -> None:
    assert len({one.entry for one in ENTRIES}) == len({one.path for one in ENTRIES}) == len(ENTRIES)


def test_the_table_says_what_does_not_agree(capsys: pytest.CaptureFixture[str]) -> None:
    _print(record(MET, PARTLY), as_json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "ca-hospitals, ratings: 7 rows do not agree: hospital 0 [AMI]," in printed
    assert "hospital 4 [AMI] and 2 more. Rates are rounded." in printed
    assert "all 2 meet their requirement (candour 1.0.0, methods 2026.1, 2026-09-30)" in printed


def test_the_table_says_what_falls_short(capsys: pytest.CaptureFixture[str]) -> None:
    _print(record(MET, SHORT), as_json=False)
    printed = " ".join(capsys.readouterr().out.split())
    assert "240 239 240 short" in printed
    assert "1 of 2 fall short" in printed


def test_a_record_is_read_back_as_it_was(tmp_path: Path) -> None:
    _write(tmp_path / "record.json", record(PARTLY))
    assert ProofRecord.model_validate_json((tmp_path / "record.json").read_bytes()) == record(PARTLY)


def test_a_record_that_cannot_be_written_ends_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _write(tmp_path / "nowhere" / "record.json", record(MET))
    assert ended.value.code == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_disk_that_fills_up_leaves_the_record_of_the_last_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "record.json"
    _write(path, record(MET))
    before, (soft, hard) = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))
    try:
        with pytest.raises(SystemExit):
            _write(path, record(MET, PARTLY))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, heard)
    assert "cannot be written" in capsys.readouterr().err
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["record.json"]
    assert path.stat().st_mode & 0o444 == 0o444  # it goes into an image that other users run


def test_a_record_may_go_into_a_pipe_and_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(tmp_path / "record.json")
    _write(tmp_path / "link.json", record(MET))
    assert (tmp_path / "link.json").is_symlink()
    assert ProofRecord.model_validate_json((tmp_path / "record.json").read_bytes()) == record(MET)
    reading, writing = os.pipe()
    _write(Path(f"/dev/fd/{writing}"), record(MET))
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert ProofRecord.model_validate_json(pipe.read()) == record(MET)


def test_without_a_temporary_folder_it_could_not_run_which_is_not_falling_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(CouldNotRun, match="temporary folder cannot be used"):
        run(tmp_path, lambda _: None)


def test_what_a_part_of_it_cannot_do_is_said_with_what_to_do() -> None:
    with pytest.raises(CouldNotRun, match=r"services\.ingest\.trial ended with code 2; .* Do this\."):
        _python("services.ingest.trial", else_do="Do this")
    with pytest.raises(CouldNotRun, match="did not answer in the expected form"):
        _record(b"{}", b'{"rows": [{}]}')
    with pytest.raises(CouldNotRun, match="did not answer in the expected form"):
        _record(b"{}", b"not JSON")
    with pytest.raises(CouldNotRun, match="did not answer in the expected form"):
        _record(b'{"one": {"lines": 1}}', b'{"method_version": "1", "rows": []}')
