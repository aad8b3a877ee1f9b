"""Large files are resolved in parts; whatever the parts, tables, fates and digests are those of the whole."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from services.ingest.__main__ import MIGRATIONS
from services.ingest.checks import row_schema
from services.ingest.domain import Came, Sending, snapshot_digest, snapshot_rows
from services.ingest.source import load_sources
from services.ingest.store.database import Store
from services.ingest.store.files import Files
from services.ingest.store.states import stretches_of
from services.ingest.store.tables import read_frames, write_frames
from services.ingest.workflow.adding import SMALL
from services.ingest.workflow.checking import Checking
from services.ingest.workflow.freezing import freeze
from services.ingest.workflow.partitions import Held, Rows, parts
from shared.contracts.ingest import Submission
from shared.kit.database import Database
from shared.kit.files import sha256_of, write_durably
from shared.kit.frames import content_digest, file_digest
from shared.kit.migrating import migrate
from shared.kit.signing import Signer

FEED = "candour-demo"
SOURCES = load_sources()
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
SIGNER = Signer(b"a secret of the tests", b"tests")
HEADER = "episode,provider,consultant,specialty,date,age_band,sex,urgency,comorbidity,died_30_days"
WHOLE = 10_000_000
Sent = tuple[bool, list[str]]  # whether it supersedes, lines


def line(number: int, died: int = 0, day: int = 1) -> str:
    return f"E{number:07d},ZZ001,9900001,vascular-surgery,2024-05-{day:02d},60-69,female,urgent,1,{died}"


def files_of(seed: int) -> list[Sent]:
    """Three files with new keys, repeats, contradictions and broken lines; the last one supersedes."""
    chance = random.Random(seed)

    def some() -> str:
        return line(chance.randrange(120), died=int(chance.random() < 0.1))

    first = [line(number) for number in range(100)]
    second = [some() if chance.random() < 0.9 else "broken" for _ in range(150)]
    third = [line(number, died=1) for number in chance.sample(range(120), 30)]
    return [(False, first), (False, second), (True, third)]


class House:
    """One store that holds at most so many rows at a time, in tables that are not `small` on average."""

    def __init__(self, folder: Path, most: int, small: int = SMALL) -> None:
        folder.mkdir()
        url = f"sqlite:///{folder / 'ingest.sqlite'}"
        migrate(url, MIGRATIONS)
        self.store = Store(Database(url), Files(folder))
        self.store.open([FEED])
        self.checking = Checking(self.store, SOURCES, most=most, small=small)

    def send(self, supersedes: bool, lines: list[str], whole_period: bool = False) -> str:
        content = "\n".join([HEADER, *lines, ""]).encode()
        sha256 = sha256_of(content)
        write_durably(self.store.files.upload(sha256), content)
        self.store.receive(Sending(FEED, sha256, supersedes, NOW, whole_period), Came(len(content), 1), SIGNER)
        self.checking.run(FEED)
        return sha256

    def told(self) -> list[tuple[Submission, pl.DataFrame]]:
        submissions, _ = self.store.submissions(FEED, None, None, 100)
        traces = [self.store.traces(FEED, one.sha256) for one in submissions]
        tables = [self.store.files.read_table(one.aside) for one in traces if one is not None and one.aside]
        return list(zip(submissions, tables, strict=True))

    @property
    def state(self) -> pl.DataFrame:
        pointer = self.store.pointer(FEED)
        held = stretches_of(self.store.files, pointer.state, SOURCES[FEED].key)
        assert held
        return Held(self.store.files, held, SOURCES[FEED]).slice(0, sum(one.rows for one in held))


@pytest.fixture
def houses(tmp_path: Path) -> Iterator[list[House]]:
    sizes = [(WHOLE, SMALL), (7, SMALL), (40, SMALL), (WHOLE, 1), (7, 1)]
    opened = [House(tmp_path / f"{most}-{small}", most, small) for most, small in sizes]
    yield opened
    for house in opened:
        house.store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_parts_change_nothing(houses: list[House], seed: int) -> None:
    for supersedes, lines in files_of(seed):
        for house in houses:
            house.send(supersedes, lines)
    whole, *others = houses
    frozen, _ = freeze(whole.store, SOURCES[FEED], NOW)
    fates = [one.fates for one, _ in whole.told()]
    assert any(one and one.conflict for one in fates)
    assert any(one and one.duplicate for one in fates)
    for other in others:
        assert_frame_equal(other.state, whole.state)
        for (one, aside), (expected, table) in zip(other.told(), whole.told(), strict=True):
            assert one == expected
            assert_frame_equal(aside, table)
        assert freeze(other.store, SOURCES[FEED], NOW)[0].digest == frozen.digest
    assert frozen.digest == snapshot_digest(snapshot_rows(whole.state, SOURCES[FEED]), SOURCES[FEED])


@pytest.mark.parametrize("ordered", [True, False])
def test_parts_hold_every_key_once_and_in_order(tmp_path: Path, ordered: bool) -> None:
    """Files in order of the key are taken as they come; others are sorted into files of the parts."""
    source = SOURCES["candour-demo-providers"]
    keys = [f"ZZ{number:03d}" for number in range(60)]
    if not ordered:
        random.Random(3).shuffle(keys)
    rows = [(line, False, key, "One", "hospital", "North") for line, key in enumerate(keys, start=2)]
    files = [tmp_path / f"piece-{start}" for start in range(0, 60, 10)]
    for start, file in zip(range(0, 60, 10), files, strict=True):
        pl.DataFrame(rows[start : start + 10], schema=row_schema(source), orient="row").write_parquet(file)
    found = list(parts(Rows(files, 60), Held(Files(tmp_path), (), source), tmp_path, 12))
    assert len(found) > 3
    flat = [key for part, _ in found for key in sorted(part["provider"])]
    assert flat == sorted(keys)
    assert all(part["_line"].is_sorted() for part, _ in found)
    assert any(path.name.startswith("rows-") for path in tmp_path.iterdir()) is not ordered


def test_a_whole_period_takes_out_what_the_new_file_has_not(houses: list[House]) -> None:
    for house in houses:
        house.send(False, [line(number, day=1 + number // 10) for number in range(100)])
        house.send(True, [line(20, died=1, day=3), line(59, day=6), line(200, day=4)], whole_period=True)
        numbers = {int(key[1:]) for key in house.state["episode"]}
        assert numbers == {*range(20), *range(60, 100), 20, 59, 200}


def test_a_digest_of_a_file_is_that_of_its_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.kit.frames.AT_ONCE", 3)
    frame = pl.DataFrame(
        {"key": list(range(10)), "text": ["a", None, "", "é", "b"] * 2, "real": [0.1, None, 1e-9, 3.0, 2.5] * 2}
    )
    frame.write_parquet(tmp_path / "table")
    assert file_digest(tmp_path / "table") == content_digest(frame, ["key"])
    frame.clear().write_parquet(tmp_path / "empty")
    assert file_digest(tmp_path / "empty") == content_digest(frame.clear(), ["key"])


def test_what_fails_while_a_table_is_written_is_raised_as_it_is(tmp_path: Path) -> None:
    frame = pl.DataFrame({"line": [1, 2]})

    def failing() -> Iterator[pl.DataFrame]:
        yield frame
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space") as raised:
        write_frames(tmp_path / "table", failing(), frame.schema)
    assert raised.value.errno == 28
    write_frames(tmp_path / "table", [frame, frame], frame.schema)
    assert [part.height for part in read_frames(tmp_path / "table", rows=3)] == [3, 1]
