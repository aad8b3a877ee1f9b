"""Files refused as a whole: one sentence each, and nothing of them taken."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spec.ingest_service import (
    EPISODES_HEADER,
    NY_HEADER,
    Ingest,
    episode,
    episodes_file,
    ny_file,
    ny_row,
    prepared,
    running,
    some,
)  # fmt: skip
from tests.stores import Stores

RENAMED = NY_HEADER.replace("Number of Deaths", "Deaths")
SWAPPED = NY_HEADER.replace("Number of Cases,Number of Deaths", "Number of Deaths,Number of Cases")


@pytest.fixture(scope="module")
def ingest(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"), stores)) as service:
        yield service


@pytest.mark.parametrize(
    ("content", "code", "words", "line"),
    [
        (b"", "empty-file", ["empty"], None),
        (b"\xef\xbb\xbf", "empty-file", ["empty"], None),
        (b"\n  \n\t\r\n", "empty-file", ["empty"], None),
        (b"PK\x03\x04" + bytes(200), "not-text", ["workbook (XLSX)", "CSV"], 1),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200), "not-text", ["workbook (XLS)", "CSV"], 1),
        (ny_file(ny_row()).decode().encode("utf-16"), "not-text", ["UTF-16"], 1),
        (ny_file(ny_row(), ny_row(name="A\0Hospital")), "not-text", ["Line 3", "NUL"], 3),
        ((RENAMED + "\n" + ny_row()).encode(), "wrong-header", ["missing Number of Deaths", "unexpected Deaths"], 1),
        ((SWAPPED + "\n" + ny_row()).encode(), "wrong-header", ["column 7 should be Number of Cases"], 1),
        ((NY_HEADER + ",Region\n").encode(), "wrong-header", ["repeated Region"], 1),
        ((ny_row() + "\n").encode(), "wrong-header", ["missing Facility ID"], 1),
        (("\n" + NY_HEADER + "\n" + ny_row()).encode(), "wrong-header", ["Line 1 is blank"], 1),
        ((NY_HEADER + "," + "x" * 70_000 + "\n" + ny_row()).encode(), "wrong-header", ["Line 1 is not a header"], 1),
        (b"x" * (9 << 20), "wrong-header", ["Line 1 is not a header"], 1),
        (NY_HEADER.encode(), "no-rows", ["no rows"], None),
        ((NY_HEADER + "\r\n\r\n").encode(), "no-rows", ["no rows"], None),
        (ny_file(ny_row(name="Hôpital")) + ny_row("2", name="Ü").encode("cp1252"), "encoding", ["Line 3"], 3),
        (ny_file(ny_row()) + b"\x81" + b"\n", "encoding", ["Line 3", "UTF-8"], 3),
    ],
)
def test_a_file_is_refused_with_a_sentence(
    ingest: Ingest, content: bytes, code: str, words: list[str], line: int | None
) -> None:
    sent = ingest.send(content)
    assert sent["state"] == "refused"
    assert "fates" not in sent
    assert "lines" not in sent
    refusal = sent["refusal"]
    assert refusal["code"] == code
    assert refusal.get("line") == line
    assert refusal["found"]
    assert refusal["expected"]
    assert all(word in refusal["detail"] for word in words), refusal["detail"]
    assert refusal["detail"].endswith(".")
    assert ingest.aside(content) == []


def test_a_source_in_utf_8_only_says_in_which_line_it_is_not(ingest: Ingest) -> None:
    content = episodes_file(episode(1)) + "é".encode("latin-1")
    refusal = ingest.send(content, "candour-demo")["refusal"]
    assert (refusal["code"], refusal["line"], refusal["found"]) == ("encoding", 3, "byte 0xE9")


def test_nothing_is_half_loaded_after_a_refusal(stores: Stores, tmp_path: Path) -> None:
    """The byte that spoils the file comes after more good lines than one block of reading holds."""
    with running(*prepared(tmp_path, stores)) as service:
        standing = episodes_file(episode(9_999_999))
        service.send(standing, "candour-demo")
        before = service.freeze("candour-demo")
        many = [episode(number) for number in range(120_000)]
        spoilt = episodes_file(*many) + b"\xff\n"
        assert len(spoilt) > 8 << 20
        assert service.send(spoilt, "candour-demo")["state"] == "refused"
        assert service.freeze("candour-demo") == before
        mended = service.send(episodes_file(*many), "candour-demo")
        assert some(mended["fates"]) == {"header": 1, "accepted": 120_000}


def test_a_feed_with_only_refused_files_has_nothing_to_freeze(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores)) as service:
        service.send(EPISODES_HEADER.encode(), "candour-demo")
        answer = service.ask("POST", "/v1/snapshots", json={"feed": "candour-demo"})
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing_accepted")
