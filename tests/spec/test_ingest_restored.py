"""What no backup of ingest has is made again: readings, and the reports on them."""

import os
import shutil
from pathlib import Path

import pytest

from services.ingest.backing_up import backup, restore
from tests.postgres import BIN
from tests.spec.ingest_service import (
    Ingest,
    episode,
    episodes_file,
    ny_file,
    ny_row,
    prepared,
    running,
    sha256,
    some,
)  # fmt: skip
from tests.stores import Stores

FIRST = ny_file(ny_row("1001"), ny_row("1002", cases="many"))
SECOND = ny_file(ny_row("1001", year="2013"), ny_row("1003", year="2013"))


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of PostgreSQL must not be older than its server."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


def told(ingest: Ingest) -> list[object]:
    """All that is asked about two files."""
    paths = [f"/v1/submissions/{sha256(content)}" for content in (FIRST, SECOND)]
    answers = [ingest.ask("GET", path + what) for path in paths for what in ("", "/profile", "/quarantine")]
    assert [answer.status_code for answer in answers] == [200] * 6, [answer.text for answer in answers]
    return [answer.json() for answer in answers]


def to_mend(ingest: Ingest) -> bytes:
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(FIRST)}/quarantine", params={"form": "mend"})
    return bytes(answer.content).replace(b"many", b"100")


def test_a_restored_house_answers_as_before(stores: Stores, tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords) as ingest:
        ingest.send(FIRST)
        ingest.send(SECOND)
        ingest.send(to_mend(ingest), mends=sha256(FIRST))
        before, frozen = told(ingest), ingest.freeze()
    assert backup(settings, tmp_path / "backup") == 0
    shutil.rmtree(settings.data_dir / "ingest")
    assert restore(settings, tmp_path / "backup") == 0
    with running(settings, passwords) as ingest:
        assert list((settings.data_dir / "ingest" / "readings").glob("*")) == []
        assert told(ingest) == before
        assert ingest.freeze() == frozen


def test_what_is_decided_again_after_a_restore_is_read_again(stores: Stores, tmp_path: Path) -> None:
    """The mended lines too: they come before the file whose lines they mend, which is decided as the last."""
    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords) as ingest:
        ingest.send(FIRST)
        mended = to_mend(ingest)
        ingest.send(mended, mends=sha256(FIRST))
    assert backup(settings, tmp_path / "backup") == 0
    shutil.rmtree(settings.data_dir / "ingest")
    assert restore(settings, tmp_path / "backup") == 0
    with running(settings, passwords) as ingest:
        assert ingest.ask("POST", f"/v1/submissions/{sha256(FIRST)}/reruns", json={}).status_code == 202
        assert some(ingest.decided(FIRST)["fates"]) == {"header": 1, "accepted": 1, "quarantined": 1}
        assert some(ingest.decided(mended)["fates"]) == {"header": 1, "accepted": 1}


def test_rows_that_are_kept_as_they_were_read_are_restored(stores: Stores, tmp_path: Path) -> None:
    """Of a file that is long enough to be taken so, in a state that goes on afterwards, and is decided again."""
    feed, settings, passwords = "candour-demo", *prepared(tmp_path, stores)
    first, second, third = (
        episodes_file(*(episode(number) for number in range(start, start + many)))
        for start, many in ((0, 12_000), (12_000, 11_000), (22_990, 20))
    )
    with running(settings, passwords) as ingest:
        ingest.send(first, feed)
        ingest.send(second, feed)
        frozen = ingest.freeze(feed)
        names = {path: path.stat().st_nlink for path in (settings.data_dir / "ingest" / "tables").iterdir()}
        assert sorted(names.values())[-3:] == [1, 2, 2]
    assert backup(settings, tmp_path / "backup") == 0
    shutil.rmtree(settings.data_dir / "ingest")
    assert restore(settings, tmp_path / "backup") == 0
    with running(settings, passwords) as ingest:
        assert ingest.freeze(feed) == frozen
        assert some(ingest.send(third, feed)["fates"]) == {"header": 1, "accepted": 10, "duplicate": 10}
        assert ingest.freeze(feed)["rows"] == 23_010
        assert ingest.ask("POST", f"/v1/submissions/{sha256(first)}/retraction", json={}).status_code == 202
        assert some(ingest.decided(third, feed)["fates"]) == {"header": 1, "accepted": 10, "duplicate": 10}
        assert ingest.freeze(feed)["rows"] == 11_010
