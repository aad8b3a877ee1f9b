"""One person asks for everything there is about them, and then to be forgotten: the commands, in a house that runs."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli import demo
from cli.demonstration.sizes import Sizes
from tests.system.conftest import standing
from tests.system.house import House

TODAY = datetime.now(UTC).date().isoformat()
YESTERDAY = (datetime.now(UTC) - timedelta(1)).date().isoformat()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One gateway, and a small demonstration, published."""
    for house in standing(House(tmp_path_factory.mktemp("person"))):
        release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=Sizes.small())
        house.wait_published(release)
        house.demo_release = release
        yield house


def shown(house: House) -> list[str]:
    """The numbers of those who may be named, in order."""
    with house.reader() as reader:
        found = reader.get("/v1/releases/latest/consultants", params={"limit": 100}).json()
    return sorted(one["id"] for one in found["data"])


def pieces(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_text().splitlines()]


def test_access_then_as_of_then_erasure(small: House, tmp_path: Path) -> None:
    people = shown(small)
    gmc = people[0]

    index = _access(small, gmc, tmp_path / "before")
    searched = index["searched"]
    assert searched["consent"]["register"] == 1
    assert searched["consent"]["ledger"] >= 1
    assert searched["ingest"]["lines"] > 10
    assert searched["ratings"]["results"] > 0
    assert searched["public"]["results"] > 0
    assert set(searched["logs"].values()) == {0}
    whole = "".join(file.read_text() for file in (tmp_path / "before").iterdir())
    assert [other for other in people[1:] if re.search(rf"\b{other}\b", whole)] == []
    again = small.run("access", gmc, "--out", str(tmp_path / "before"), code=1)
    assert "there already" in again.stderr

    asked = ("consent", "as-of", "--valid", "2026-10-01", "--known", YESTERDAY, "--gmc", gmc)
    first, second = (small.run(*asked, "--json").stdout for _ in range(2))
    assert first == second
    assert json.loads(first)["answers"] == []  # nothing was in the ledger yesterday
    today = small.run("consent", "as-of", "--valid", TODAY, "--known", TODAY, "--gmc", gmc).stdout
    assert (gmc in today, "1 named, 0 withheld" in today) == (True, True)

    told = small.run("erase", gmc, "--yes").stdout
    assert "Erased at" in told
    assert "1 of consultant" in told
    assert "ingest: the files as they were sent" in told
    assert gmc not in shown(small)
    after = _access(small, gmc, tmp_path / "after")["searched"]
    assert (after["consent"]["register"], after["consent"]["erased"]) == (0, 1)
    assert set(after["public"].values()) == {0}
    assert after["ingest"]["lines"] == searched["ingest"]["lines"]
    assert not any(gmc.encode() in file.read_bytes() for file in (small.data / "consent").rglob("*") if file.is_file())
    assert small.run("ledger", "verify", "--data", str(small.data)).stdout.startswith("The ledger holds")


def _access(house: House, gmc: str, folder: Path) -> dict[str, Any]:
    """The index; what it counts is in the files beside it."""
    house.run("access", gmc, "--out", str(folder))
    index: dict[str, Any] = json.loads((folder / "index.json").read_text())
    for service, places in index["searched"].items():
        if service not in index["nobody_of_this_number_in"]:
            assert len(pieces(folder, service)) == sum(places.values())
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}
    return index


def test_a_number_that_nobody_has_is_searched_everywhere_and_said_so(small: House, tmp_path: Path) -> None:
    index = _access(small, "1234567", tmp_path / "nobody")
    assert index["nobody_of_this_number_in"] == ["consent"]
    assert sum(sum(places.values()) for places in index["searched"].values()) == 0
    refused = small.run("erase", "1234567", "--yes", code=1)
    assert "No consultant of this number" in refused.stderr
    assert small.run("access", "99", "--out", str(tmp_path / "x"), code=2).stdout == ""
