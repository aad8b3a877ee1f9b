"""`candour load` and `candour quarantine` against a real ingest service, in this process."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import load
from cli.calls import Refused, Service
from tests.spec.ingest_service import EPISODES_HEADER, NY, episode, prepared, running

DEMO = "candour-demo"
CONTENT = f"{EPISODES_HEADER}\n{episode(1)}\n{episode(2, sex='unclear')}\n"


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Service]:
    settings, passwords = prepared(tmp_path / "ingest")
    with running(settings, passwords) as house:
        service = Service("ingest", "steward", passwords["steward"], "http://testserver")
        house.client.auth = ("steward", passwords["steward"])
        service.http = house.client
        yield service


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "episodes.csv"
    file.write_text(CONTENT)
    return file


def test_the_same_bytes_for_a_second_source(ingest: Service, file: Path) -> None:
    first, second = load.send(ingest, NY, file), load.send(ingest, DEMO, file)
    assert (first["feed"], first["state"]) == (NY, "refused")
    assert (second["feed"], second["state"]) == (DEMO, "checked")
    assert load.send(ingest, NY, file) == first


def test_set_aside_lines_of_one_of_two_sources(ingest: Service, file: Path) -> None:
    load.send(ingest, DEMO, file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    alone = load.set_aside(ingest, digest)
    rows = list(csv.DictReader(alone.splitlines()))
    assert [(row["line"], row["column"], row["found"]) for row in rows] == [("3", "sex", "unclear")]
    load.send(ingest, NY, file)
    with pytest.raises(Refused) as refused:
        load.set_aside(ingest, digest)
    assert (refused.value.status, refused.value.code) == (409, "several_feeds")
    assert load.set_aside(ingest, digest, DEMO) == alone
