"""The tables as migrated, frames and views as files."""

from pathlib import Path

import polars as pl
import pytest

from services.ratings.__main__ import MIGRATIONS
from services.ratings.disclosure import Memory
from services.ratings.store.frames import Frames, Snapshots, WrongBytes
from services.ratings.store.remembering import keep_named, keys_of_named, memories, remember
from services.ratings.store.store import Store
from services.ratings.store.views import ViewFolders
from shared.contracts.consent import Named, Regime
from shared.kit.files import sha256_of
from shared.kit.frames import content_digest
from shared.kit.migrating import migrate


@pytest.fixture
def url(store_url: str) -> str:
    migrate(store_url, MIGRATIONS)
    return store_url


def test_the_partners_order_is_made_once_and_differs_between_houses(url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'another.sqlite'}"
    migrate(other, MIGRATIONS)
    migrate(url, MIGRATIONS)
    keys = []
    for address in (url, url, other):
        store = Store(address)
        with store.reading() as tx:
            keys.append(tx.partner_order())
        store.close()
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 32


def test_what_is_remembered_of_an_indicator_replaces_what_was_and_leaves_others_alone(url: str) -> None:
    store = Store(url)
    key, other = ("indicator", "period"), ("indicator", "another")
    first = Memory({"9900001": 3, "9900002": 4}, {"9900001": 3}, {"2026-09-30 ZZ001": 4, "2026-10-31.2 ZZ001": 2}, 4)
    for _ in range(2):
        with store.transaction() as tx:
            remember(tx, {key: first, other: first})
    with store.reading() as tx:
        assert memories(tx) == {key: first, other: first}
    later = Memory({"9900002": 4}, {}, {"2026-09-30 ZZ001": 5}, 5)
    with store.transaction() as tx:
        remember(tx, {key: later})
    with store.reading() as tx:
        assert memories(tx) == {key: later, other: first}
    store.close()


def test_keys_of_who_could_be_named_are_those_of_the_last_bake(url: str) -> None:
    store = Store(url)
    one, two = (Named(subject=f"990000{n}", key=f"{n}" * 32, basis=Regime.CONSENT) for n in (1, 2))
    with store.transaction() as tx:
        keep_named(tx, {"first": {one.subject: one, two.subject: two}, "second": {one.subject: one}})
    with store.transaction() as tx:
        keep_named(tx, {"first": {two.subject: two}})
    with store.reading() as tx:
        assert keys_of_named(tx) == {("first", two.key): two.subject, ("second", one.key): one.subject}
    store.close()


def test_partners_of_an_older_house_count_as_hidden_from_the_start(store_url: str) -> None:
    migrate(store_url, MIGRATIONS, "0001")
    store = Store(store_url)
    with store.database.transaction() as session:
        session.connection().exec_driver_sql("insert into partner values ('indicator', 'period', '9900001')")
    store.close()
    migrate(store_url, MIGRATIONS)
    store = Store(store_url)
    with store.reading() as tx:
        assert memories(tx) == {("indicator", "period"): Memory({"9900001": 0})}
    store.close()


def test_a_frame_is_kept_once_under_its_content(tmp_path: Path) -> None:
    frames = Frames(tmp_path)
    frame = pl.DataFrame({"key": ["b", "a"], "value": [2.5, None]})
    digest = frames.keep(frame, ["key"])
    assert digest == frames.keep(frame.reverse(), ["key"]) == content_digest(frame, ["key"])
    assert frames.load(digest).equals(frame.sort("key"))
    assert [path.name for path in tmp_path.iterdir()] == [f"{digest.removeprefix('sha256:')}.parquet"]


def test_a_snapshot_with_other_bytes_is_not_kept(tmp_path: Path) -> None:
    kept = Snapshots(tmp_path)
    digest = sha256_of(b"the right bytes")
    with pytest.raises(WrongBytes):
        kept.keep(digest, [b"the wrong ", b"bytes"])
    assert not kept.has(digest)
    assert list(tmp_path.iterdir()) == []
    kept.keep(digest, [b"the right ", b"bytes"])
    assert kept.has(digest)


def test_a_view_that_no_pointer_names_is_swept(tmp_path: Path) -> None:
    views = ViewFolders(tmp_path)
    _, live = (views.write("2026-09-30", {"rows.parquet": b"rows"}, manifest) for manifest in (b"{}", b"{ }"))
    views.write("2026-09-29", {"rows.parquet": b"rows"}, b"{ }")
    views.sweep({("2026-09-30", live)})
    assert [(path.parent.name, path.name) for path in tmp_path.glob("*/*")] == [("2026-09-30", live)]


def test_a_view_is_there_whole_or_not_at_all_and_the_same_view_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views, parts = ViewFolders(tmp_path), {"rows.parquet": b"rows"}
    digest = sha256_of(b"{}")
    with monkeypatch.context() as killed:
        killed.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("as if killed just before its name")))
        with pytest.raises(OSError, match="as if killed"):
            views.write("2026-09-30", parts, b"{}")
    assert not views.has("2026-09-30", digest)
    assert {views.write("2026-09-30", parts, b"{}") for _ in range(2)} == {digest}
    assert views.has("2026-09-30", digest)
    assert {path.name: path.read_bytes() for path in views.path("2026-09-30", digest).iterdir()} == {
        "rows.parquet": b"rows", "manifest.json": b"{}",
    }  # fmt: skip


def test_of_two_who_write_the_same_view_the_slower_finds_it_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    views, other, parts = ViewFolders(tmp_path), ViewFolders(tmp_path), {"rows.parquet": b"rows"}
    real = Path.rename

    def overtaken(part: Path, target: Path) -> Path:
        monkeypatch.setattr(Path, "rename", real)
        other.write("2026-09-30", parts, b"{}")
        return real(part, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    digest = views.write("2026-09-30", parts, b"{}")
    assert [path.name for path in (tmp_path / "2026-09-30").iterdir()] == [digest]
