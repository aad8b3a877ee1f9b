"""`candour proof` over the publishers' files: what it prints, what it records, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli.proof.entries import ENTRIES
from services.gateway.api.proven import RECORD
from shared.contracts.public.proof import ProofRecord

KEYS = {"source", "rows", "required", "reached", "ok"}


def proof(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "proof", *arguments]
    plain = {name: value for name, value in os.environ.items() if name != "CANDOUR_PROOF_DATA"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=plain | environment)


def copied(data: Path, target: Path) -> Path:
    """The folder of the data with links in place of its files, so that one of them can be another."""
    for one in ENTRIES:
        (target / one.path).parent.mkdir(parents=True, exist_ok=True)
        (target / one.path).symlink_to(data / one.path)
    return target


def rewritten(folder: Path, path: str, old: str, new: str) -> None:
    text = (folder / path).read_text()
    assert text.count(old) == 1
    (folder / path).unlink()
    (folder / path).write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def ran(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], ProofRecord]:
    record = tmp_path_factory.mktemp("proof") / "record.json"
    done = proof("--data", str(data), "--json", "--record", str(record))
    return done, ProofRecord.model_validate_json(record.read_bytes())


def test_every_line_of_the_table_meets_its_requirement(
    ran: tuple[subprocess.CompletedProcess[str], ProofRecord],
) -> None:
    done, record = ran
    assert [row for row in record.rows if not row.ok] == []
    assert done.returncode == 0
    assert "california: 5,576 rows of 5,577 lines" in done.stderr


def test_as_json_it_prints_the_table_and_nothing_else(
    ran: tuple[subprocess.CompletedProcess[str], ProofRecord],
) -> None:
    done, record = ran
    printed = json.loads(done.stdout)
    assert set(printed) == {"rows"}
    assert all(set(row) == KEYS for row in printed["rows"])
    named = [row.model_dump(include=KEYS) | {"source": f"{row.source}: {row.what}"} for row in record.rows]
    assert printed["rows"] == named
    assert len({row["source"] for row in printed["rows"]}) == len(named)


def test_what_is_published_is_what_this_build_reproduces(
    ran: tuple[subprocess.CompletedProcess[str], ProofRecord],
) -> None:
    """After a change of method or code: `candour proof --record services/gateway/api/proof.json`, and look at it."""
    published = ProofRecord.model_validate_json(RECORD.read_bytes())
    assert published.model_dump(exclude={"date"}) == ran[1].model_dump(exclude={"date"})


def test_a_figure_that_differs_ends_it_with_one(data: Path, tmp_path: Path) -> None:
    folder = copied(data, tmp_path)
    rewritten(folder, "phe/prevalence_data.csv", "21.2121212121212,", "21.2121212121312,")
    done = proof(CANDOUR_PROOF_DATA=str(folder))
    assert done.returncode == 1
    assert "short" in done.stdout
    assert "does not agree: 607 6 E92000001 1" in " ".join(done.stdout.split())
    assert "fall short" in done.stdout


def test_a_file_of_another_layout_ends_it_with_two(data: Path, tmp_path: Path) -> None:
    folder = copied(data, tmp_path)
    rewritten(folder, "phe/prevalence_data.csv", '"Decile",', '"Tenth",')
    done = proof("--data", str(folder), "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "prevalence_data.csv is refused" in done.stderr
    assert "missing Decile; unexpected Tenth" in done.stderr
    assert "Expected: Period, SchoolYear, AreaCode, Decile" in done.stderr


@pytest.mark.parametrize("path", [ENTRIES[0].path, ENTRIES[-1].path])
def test_a_missing_file_is_named(data: Path, tmp_path: Path, path: str) -> None:
    folder = copied(data, tmp_path)
    (folder / path).unlink()
    done = proof("--data", str(folder))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"\n  {path}\n" in done.stderr
    assert "--data" in done.stderr
