"""Files as they arrive: refused or set aside with a sentence that says what was found, what was expected and where."""

import csv
import hashlib
import json
from pathlib import Path

import pytest

from cli.demonstration.dirt import spoil
from cli.demonstration.files import write
from cli.demonstration.sizes import Sizes
from cli.demonstration.world import make_world
from tests.system.house import House
from tests.system.small_file import HEADER, ROW

GOOD = HEADER + ROW.format(id=1001)


def loaded(house: House, file: Path, code: int) -> str:
    """What `candour load` printed, with the exit code checked."""
    done = house.run("load", "ny-cardiac", str(file), code=code)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("wrong_header.csv", GOOD.replace("Procedure", "Operation").encode(), ["Operation", "Procedure", "line 1"]),
        ("empty.csv", b"", ["empty"]),
        ("workbook.csv", b"PK\x03\x04" + bytes(2000), ["workbook"]),
        ("old_workbook.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), ["workbook"]),
    ],
)
def test_a_file_that_is_not_one_is_refused_whole(
    house: House, tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    told = loaded(house, file, code=1)
    assert "refused" in told
    for word in words:
        assert word.lower() in told.lower()


def test_letters_where_a_number_belongs(house: House, tmp_path: Path) -> None:
    file = tmp_path / "letters.csv"
    file.write_text(HEADER + ROW.format(id=1001) + ROW.format(id=1002).replace(",100,4,", ",many,4,"))
    told = loaded(house, file, code=3)
    assert "1 accepted" in told
    assert "1 quarantined" in told
    line = set_aside(house, file)[0]
    assert line[0] == "3"
    assert "Number of Cases" in line[3]
    assert "many" in line[4]
    assert "number" in line[5]


def test_one_very_long_line(house: House, tmp_path: Path) -> None:
    file = tmp_path / "long.csv"
    with file.open("wb") as out:
        out.write((HEADER + ROW.format(id=1003)).encode())
        for _ in range(64):
            out.write(b"x" * (1 << 20))
        out.write(b"\n" + ROW.format(id=1004).encode())
    told = loaded(house, file, code=3)
    assert "2 accepted" in told
    line = set_aside(house, file)[0]
    assert line[0] == "3"
    assert "line-too-long" in line[2]
    assert f"{64 << 20:,}" in line[4] or str(64 << 20) in line[4]


def set_aside(house: House, file: Path) -> list[list[str]]:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    text = house.run("quarantine", digest).stdout
    rows = list(csv.reader(text.splitlines()))
    assert rows[0] == ["line", "fate", "code", "column", "found", "expected", "text"]
    return rows[1:]


def test_one_line_in_a_hundred_is_broken(house: House, tmp_path: Path) -> None:
    files = write(make_world(7, Sizes.small()), tmp_path / "demo", lambda _text: None)
    broken = tmp_path / "broken.csv"
    counts = spoil(files["episodes.csv"], broken, 0.01, 7)
    told = json.loads(house.run("load", "candour-demo", str(broken), "--json", code=3).stdout)
    fates = told["submission"]["fates"]
    lines = len(broken.read_bytes().splitlines())
    assert sum(fates.values()) == lines == told["submission"]["lines"]
    kinds = {kind.value: count for kind, count in counts.items()}
    repeated = {"duplicate_line", "conflicting_duplicate"}
    assert fates["duplicate"] == kinds["duplicate_line"]
    assert fates["conflict"] == 2 * kinds["conflicting_duplicate"]
    assert fates["quarantined"] == sum(count for kind, count in kinds.items() if kind not in repeated)
    assert told["snapshot"]["rows"] == fates["accepted"]
