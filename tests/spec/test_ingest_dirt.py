"""A demonstration audit with one line in a hundred broken in known ways: each kind is told for what it is."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.demonstration.dirt import Dirt, spoil
from cli.demonstration.files import write
from cli.demonstration.sizes import Sizes
from cli.demonstration.world import make_world
from tests.spec.ingest_service import Ingest, prepared, running, sha256, some

CODES = {
    Dirt.LETTER_FOR_NUMBER: "not-a-number",
    Dirt.UNKNOWN_LEVEL: "not-in-list",
    Dirt.MISSING_FIELD: "missing-value",
    Dirt.SHORT_LINE: "field-count",
    Dirt.IMPOSSIBLE_DATE: "not-a-date",
}


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write(make_world(7, Sizes.small()), tmp_path_factory.mktemp("demonstration"), lambda _text: None)


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path)) as service:
        yield service


@pytest.mark.parametrize(
    ("name", "feed"),
    [
        ("providers.csv", "candour-demo-providers"),
        ("consultants.csv", "candour-demo-consultants"),
        ("episodes.csv", "candour-demo"),
    ],
)
def test_the_clean_demonstration_is_accepted_whole(
    ingest: Ingest, demonstration: dict[str, Path], name: str, feed: str
) -> None:
    content = demonstration[name].read_bytes()
    sent = ingest.send(content, feed)
    assert some(sent["fates"]) == {"header": 1, "accepted": content.count(b"\n") - 1}
    assert ingest.freeze(feed)["rows"] == content.count(b"\n") - 1


def test_every_kind_of_dirt_is_counted(ingest: Ingest, demonstration: dict[str, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv"
    counts = spoil(demonstration["episodes.csv"], broken, 0.01, 7)
    assert min(counts.values()) > 0
    content = broken.read_bytes()
    sent = ingest.send(content, "candour-demo")
    fates = sent["fates"]
    assert sent["lines"] == sum(fates.values()) == content.count(b"\n")
    assert fates["duplicate"] == counts[Dirt.DUPLICATE_LINE]
    assert fates["conflict"] == 2 * counts[Dirt.CONFLICTING_DUPLICATE]
    assert fates["quarantined"] == sum(counts[kind] for kind in CODES)
    told = Counter(line["code"] for line in ingest.aside(content, limit="1000"))
    assert told == {code: counts[kind] for kind, code in CODES.items()} | {"conflict": fates["conflict"]}
    lines = content.decode().split("\n")
    assert all(line["text"] == lines[line["line"] - 1] for line in ingest.aside(content, limit="1000"))
    path = f"/v1/submissions/{sha256(content)}/quarantine"
    table = ingest.ask("GET", path, headers={"Accept": "text/csv"}).text
    assert table.count("\r\n") == 1 + fates["quarantined"] + fates["conflict"]
