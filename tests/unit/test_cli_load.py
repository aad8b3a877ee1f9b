"""`candour load` and `candour quarantine` against a real ingest service, in this process."""

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
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


Sent = list[tuple[str | None, int]]


@pytest.fixture
def sent(ingest: Service) -> Sent:
    """Of each upload from now on where it begins, and how many bytes it brings."""
    seen: Sent = []

    def see(request: httpx.Request) -> None:
        if request.method == "PUT":
            seen.append((request.headers.get("Upload-Offset"), int(request.headers["Content-Length"])))

    ingest.http.event_hooks = {"request": [see], "response": []}
    return seen


def partial(tmp_path: Path, kept: bytes) -> None:
    """What somebody left who broke off."""
    folder = tmp_path / "ingest" / "data" / "ingest" / "partials"
    (folder / hashlib.sha256(CONTENT.encode()).hexdigest()).write_bytes(kept)


def test_what_is_kept_of_a_file_is_not_sent_again(ingest: Service, file: Path, sent: Sent, tmp_path: Path) -> None:
    partial(tmp_path, CONTENT.encode()[:100])
    told: list[tuple[int, int]] = []
    load.send(ingest, DEMO, file, watch=lambda now: told.append((now["done"], now["total"])) if now else None)
    assert sent == [("100", len(CONTENT) - 100)]
    assert told[0] == (100, len(CONTENT))
    load.send(ingest, DEMO, file)
    load.send(ingest, NY, file)
    assert sent[1:] == [(str(len(CONTENT)), 0)] * 2


@pytest.mark.parametrize(
    ("kept", "uploads"),
    [
        (100, [("100", len(CONTENT) - 100), (None, len(CONTENT))]),
        (len(CONTENT), [(str(len(CONTENT)), 0), (None, len(CONTENT))]),
        (100_000, [(None, len(CONTENT))]),
    ],
    ids=["something else", "all of something else", "more than there is"],
)
def test_what_is_kept_and_is_none_of_the_file_is_sent_from_the_first(
    ingest: Service, file: Path, sent: Sent, kept: int, uploads: Sent
) -> None:
    partial(file.parent, b"x" * kept)
    assert load.send(ingest, DEMO, file)["bytes"] == len(CONTENT)
    assert sent == uploads


@pytest.mark.parametrize("kept", [0, 100])
def test_what_was_named_and_not_recorded_is_sent(
    ingest: Service, file: Path, sent: Sent, tmp_path: Path, kept: int
) -> None:
    """By a service that was killed between the two; or its database is of a day before, from a backup."""
    partial(tmp_path, CONTENT.encode()[:kept])
    uploads = tmp_path / "ingest" / "data" / "ingest" / "uploads"
    (uploads / hashlib.sha256(CONTENT.encode()).hexdigest()).write_text(CONTENT)
    assert load.send(ingest, DEMO, file)["bytes"] == len(CONTENT)
    assert sent == [(str(kept) if kept else None, len(CONTENT) - kept)]


def test_another_sender_may_be_faster(ingest: Service, file: Path, sent: Sent, tmp_path: Path) -> None:
    """Between the question and the bytes."""
    partial(tmp_path, CONTENT.encode()[:100])
    asked: list[int] = []

    def faster(request: httpx.Request) -> None:
        asked.append(1)
        if request.method == "PUT" and len(asked) == 2:
            partial(tmp_path, CONTENT.encode()[:150])

    ingest.http.event_hooks["request"].append(faster)
    assert load.send(ingest, DEMO, file)["bytes"] == len(CONTENT)
    assert sent == [("100", len(CONTENT) - 100), ("150", len(CONTENT) - 150)]


def test_what_is_refused_is_refused_at_once(ingest: Service, file: Path, sent: Sent) -> None:
    for source, code in (("nothing-of-ours", "not_found"), ("hes-apc", "pseudonym_key_missing")):
        with pytest.raises(Refused) as refused:
            load.send(ingest, source, file)
        assert refused.value.code == code
    assert len(sent) == 1
