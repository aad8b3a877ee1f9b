"""Rules about files rather than imports: sizes, what must never be committed, and documents that must not lie."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, sources_under

LONGEST = 400
NEVER = {
    "a registry's address": re.compile(
        r"https?://[^\s\"']*/(?:simple|packages)/|index" + r"-url|\"resolved" + r"\": *\"http"
    ),
    "a lock file that names hosts": re.compile(r"^registry = ", re.MULTILINE),
    "a promise instead of code": re.compile(r"\b(?:TODO|FIXME)\b|\bNotImplementedError\b"),
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout, so there is no list of tracked files")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_has_become_the_service() -> None:
    sources = sources_under("services", "shared", "cli", "tests", "benchmarks", "tools")
    long = {str(path): lines for path in sources if (lines := len(path.read_text().splitlines())) > LONGEST}
    assert long == {}


@pytest.mark.parametrize("what", NEVER)
def test_never_in_a_tracked_file(what: str) -> None:
    here = Path(__file__)
    found = [str(path) for path in tracked() if path != here and NEVER[what].search(_text(path))]
    assert found == []


@pytest.mark.parametrize(
    ("what", "planted"),
    [
        ("a registry's address", "https://host.example/" + "simple/"),
        ("a lock file that names hosts", "registry" + " = 'x'"),
        ("a promise instead of code", "# TO" + "DO later"),
    ],
)
def test_the_ban_bites(what: str, planted: str) -> None:
    assert NEVER[what].search(planted)


def test_no_path_of_a_machine_is_tracked() -> None:
    """Where this checkout lies, and where machines keep what passes."""
    parents = (str(ROOT.parent) + "/", "/ro" + "ot/", "/t" + "mp/", "/ho" + "me/")
    assert [str(path) for path in tracked() if any(parent in _text(path) for parent in parents)] == []


def test_no_reference_data_was_copied() -> None:
    data = ROOT.parent / "shared" / "data"
    if not data.is_dir():
        pytest.skip("../shared/data is not beside this checkout")
    names = {path.name for path in data.rglob("*.csv")}
    assert [str(path) for path in tracked() if path.name in names] == []


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", errors="replace")
