"""What a file brings that is new is kept as it was read, and what a file cannot change is not written again; whatever
the tables of a state, rows, fates and digests are those of one table."""

import errno
import os
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sqlmodel import select

from services.ingest.domain import Waiting, snapshot_digest, snapshot_rows
from services.ingest.models import FeedRow
from services.ingest.reading.files import Pieces
from services.ingest.reading.parts import Read, write_contents
from services.ingest.reading.read import read
from services.ingest.refusals import ASIDE
from services.ingest.store import revisions
from services.ingest.store.searching import every_submission, fates_of, uses
from services.ingest.store.states import Stored, Stretch, is_kept, named_by, stored_in, stretches_of
from services.ingest.workflow.adding import may_take_out
from services.ingest.workflow.freezing import freeze
from services.ingest.workflow.partitions import Held
from services.ingest.workflow.reading import digest_of_reading
from services.ingest.workflow.sweeping import sweep
from shared.contracts.ingest import Fate, Submission
from shared.kit.files import sha256_of, write_durably
from tests.unit.test_ingest_partitions import FEED, HEADER, NOW, SOURCES, WHOLE, House, line

SOURCE = SOURCES[FEED]
IN_PIECE = 10  # rows


class Desk:
    """A store whose readings come in pieces of ten rows, and one that writes every state as one table: both are sent
    the same, and tell the same."""

    def __init__(self, folder: Path) -> None:
        self.house, self.plain = House(folder / "pieces", WHOLE, small=1), House(folder / "plain", WHOLE, small=WHOLE)
        self.files = self.house.store.files

    def send(self, lines: Sequence[str], supersedes: bool = False, whole_period: bool = False) -> str:
        for house in (self.house, self.plain):
            _read_in_pieces(house, lines)
            sha256 = house.send(supersedes, list(lines), whole_period)
        self.check()
        return sha256

    def check(self) -> None:
        assert_frame_equal(self.house.state, self.plain.state)
        assert _told(self.house) == _told(self.plain)
        digests = {freeze(house.store, SOURCE, NOW)[0].digest for house in (self.house, self.plain)}
        assert digests == {snapshot_digest(snapshot_rows(self.plain.state, SOURCE), SOURCE)}

    @property
    def state(self) -> str:
        state = self.house.store.pointer(FEED).state
        assert state is not None
        return state

    @property
    def tables(self) -> list[Stored]:
        return stored_in(self.files, self.state)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        return stretches_of(self.files, self.state, SOURCE.key)

    def submission(self, sha256: str) -> Submission:
        return self.house.store.submitted(sha256)[0][0]

    def fates(self, sha256: str) -> dict[Fate, int]:
        counts = self.submission(sha256).fates
        assert counts is not None
        return {Fate(fate): lines for fate, lines in counts.model_dump().items() if lines}


def _told(house: House) -> list[object]:
    """Of each submission, with its lines set aside."""
    told = list[object]()
    for one in house.store.submissions(FEED, None, None, 100)[0]:
        traces = house.store.traces(FEED, one.sha256)
        aside = None if traces is None or traces.aside is None else house.store.files.read_table(traces.aside).rows()
        told.append((one, aside))
    return told


def _read_in_pieces(house: House, lines: Sequence[str]) -> None:
    """As the reader would leave it of a file that is a thousand times as long."""
    content = "\n".join([HEADER, *lines, ""]).encode()
    files, sha256 = house.store.files, sha256_of(content)
    folder = files.reading(digest_of_reading(sha256, SOURCE, None, None))
    if folder.exists():
        return
    write_durably(files.upload(sha256), content)
    found = read(files.upload(sha256), SOURCE)
    folder.mkdir()
    rows, aside = Pieces(folder, "rows", found.rows.schema), Pieces(folder, "aside", ASIDE)
    for start in range(0, found.rows.height, IN_PIECE):
        rows.add(found.rows.slice(start, IN_PIECE))
    aside.add(found.aside)
    write_contents(
        folder,
        Read(found.encoding, found.lines, found.header, found.blank, found.footer, found.aggregate, rows.finished(),
             aside.finished()),
    )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr("services.ingest.reading.files.PIECE_ROWS", 1)
    made = Desk(tmp_path)
    yield made
    for house in (made.house, made.plain):
        house.store.close()


def lines_of(numbers: Sequence[int], died: int = 0) -> list[str]:
    return [line(number, died, day=1 + number // 10) for number in numbers]


def test_rows_in_order_are_taken_as_they_were_read(desk: Desk) -> None:
    """Twice: of a first file, and of a second behind it. Nothing is written but which tables the state is made of."""
    first = desk.send(lines_of(range(25)))
    assert [(one.submission, one.rows) for one in desk.stretches] == [(first, 10), (first, 10), (first, 5)]
    before = desk.tables
    second = desk.send([*lines_of(range(25, 40)), "broken"])
    assert desk.tables[:3] == before
    assert [(one.submission, one.rows) for one in desk.stretches[3:]] == [(second, 10), (second, 5)]
    pieces = {path.stat().st_ino for path in desk.files.readings.glob("*/rows-*")}
    assert {desk.files.table(one.table).stat().st_ino for one in desk.tables} == pieces
    assert desk.fates(second) == {Fate.HEADER: 1, Fate.ACCEPTED: 15, Fate.QUARANTINED: 1}
    assert desk.house.state.height == 40
    assert freeze(desk.house.store, SOURCE, NOW)[0].submissions == [first, second]


def test_rows_between_those_that_the_feed_has_are_put_between_them(desk: Desk) -> None:
    first = desk.send(lines_of([*range(10), *range(50, 60)]))
    second = desk.send(lines_of(range(20, 30)))
    assert [one.submission for one in desk.tables] == [first, second, first]


def test_only_what_lies_among_the_new_keys_is_written_again(desk: Desk) -> None:
    first = desk.send(lines_of(range(50)))
    before = desk.tables
    second = desk.send(lines_of([*range(24, 27), 29], died=1))
    assert [desk.tables[place] for place in (0, 1, 3, 4)] == [before[place] for place in (0, 1, 3, 4)]
    assert desk.tables[2].submission is None
    assert desk.fates(second) == {Fate.HEADER: 1, Fate.CONFLICT: 4}
    assert desk.fates(first) == {Fate.HEADER: 1, Fate.ACCEPTED: 46, Fate.CONFLICT: 4}
    third = desk.send(lines_of([25, 70, 60]), supersedes=True)
    assert [one.submission for one in desk.tables] == [first, first, None]
    assert desk.fates(third) == {Fate.HEADER: 1, Fate.ACCEPTED: 3}


def test_rows_out_of_order_are_put_in_order(desk: Desk) -> None:
    first = desk.send(lines_of(range(20)))
    desk.send(lines_of([33, 31, 39, 35, 31]))
    assert [one.submission for one in desk.tables] == [first, first, None]
    desk.send(lines_of([18, 45, 41]))
    assert [(one.submission, one.rows) for one in desk.stretches] == [(first, 10), (None, 16)]


@pytest.mark.parametrize("died", [0, 1])
def test_a_key_on_both_sides_of_a_border_is_one_key(desk: Desk, died: int) -> None:
    """Of two pieces of one file, and of two files."""
    first = desk.send([*lines_of(range(10)), *lines_of([9], died), *lines_of(range(10, 15))])
    again = Fate.CONFLICT if died else Fate.DUPLICATE
    assert desk.fates(first)[again] == 1 + died
    second = desk.send([*lines_of([14], died), *lines_of(range(15, 20))])
    assert desk.fates(second)[again] == 1
    desk.send(lines_of(range(40, 50)))
    between = desk.send([*lines_of(range(30, 35)), *lines_of([40], died)])
    assert desk.fates(between)[again] == 1


def test_a_whole_period_takes_out_what_the_new_file_has_not(desk: Desk) -> None:
    desk.send(lines_of(range(50)))
    desk.send([line(number, day=2) for number in (60, 61)], supersedes=True, whole_period=True)
    assert [one.submission for one in desk.tables] == [None]
    assert desk.house.state.height == 42


def test_what_a_submission_said_before_counts_for_nothing(desk: Desk) -> None:
    """The same bytes, asked to supersede later: their rows are not two."""
    first, second = lines_of(range(20)), lines_of(range(20, 30))
    desk.send(first)
    desk.send(second)
    desk.send(first, supersedes=True)
    assert desk.house.state.height == 30
    assert {one.submission for one in desk.tables} == {None}


def test_what_a_submission_said_before_is_known_in_every_form(desk: Desk) -> None:
    """Also where its file is read otherwise by now, so that its keys are others."""
    first, second = desk.send(lines_of([3, 1, 2])), desk.send(lines_of(range(10, 20)))
    held = Held(desk.files, desk.stretches, SOURCE)
    assert [one.submission for one in desk.tables] == [None, second]
    assert may_take_out(held, Waiting(FEED, first, False, 3, 1))
    assert may_take_out(held, Waiting(FEED, second, False, 3, 1))
    assert not may_take_out(held, Waiting(FEED, "0" * 64, True, 3, 1))


def test_a_retraction_leaves_nothing_of_its_submission(desk: Desk) -> None:
    first, second = desk.send(lines_of(range(20))), desk.send(lines_of(range(20, 40)))
    for house in (desk.house, desk.plain):
        revisions.retract(house.store, FEED, first)
        house.checking.run(FEED)
    desk.check()
    assert [one.submission for one in desk.tables] == [second, second]


def test_a_state_of_one_table_goes_on(desk: Desk) -> None:
    """As every state was once."""
    desk.house.checking = desk.plain.checking.__class__(desk.house.store, SOURCES, small=WHOLE)
    desk.send(lines_of(range(30)))
    assert [one.submission for one in desk.tables] == [None]
    old = desk.tables
    desk.house.checking = desk.plain.checking.__class__(desk.house.store, SOURCES, small=1)
    second = desk.send(lines_of(range(30, 40)))
    assert desk.tables == [*old, Stored(desk.tables[1].table, second)]
    desk.send(lines_of([5], died=1))
    assert [one.submission for one in desk.tables] == [None, second]


def test_small_tables_are_written_into_one(desk: Desk) -> None:
    desk.house.checking = desk.plain.checking.__class__(desk.house.store, SOURCES, small=8)
    desk.send(lines_of(range(20)))
    desk.send(lines_of(range(20, 25)))
    assert len(desk.tables) == 3
    desk.send(lines_of(range(25, 26)))
    assert [one.submission for one in desk.tables] == [None]


def test_a_file_without_rows_changes_no_state(desk: Desk) -> None:
    desk.send(lines_of(range(20)))
    before = desk.state
    desk.send(["broken"])
    assert desk.state == before


@pytest.mark.parametrize("seed", range(6))
def test_tables_change_nothing(desk: Desk, seed: int) -> None:
    """Files with new keys, repeats and contradictions, in order or not."""
    chance, end = random.Random(seed), 0
    for _ in range(6):
        numbers = list(range(end, end + chance.randrange(1, 30)))
        numbers += [chance.randrange(end + 1) for _ in range(chance.choice([0, 0, 3]))]
        numbers.sort()
        if chance.random() < 0.5:
            chance.shuffle(numbers)
        end = max(end, *numbers) + 1
        desk.send(lines_of(numbers, died=int(chance.random() < 0.2)), supersedes=chance.random() < 0.2)


def test_a_sweep_takes_what_no_state_names(desk: Desk) -> None:
    """With the readings gone, as after a restore, the state is the only one that names its pieces."""
    store, first = desk.house.store, desk.send(lines_of(range(20)))
    desk.send(lines_of(range(20, 30)))
    held = {one.table for one in desk.tables}
    assert sweep(store, rest=0) > 0  # the first state, and the snapshots' tables stay
    assert is_kept(desk.files, desk.state)
    desk.check()
    desk.send(lines_of(range(30), died=1), supersedes=True)
    sweep(store, rest=0)
    kept = {path.stem for path in desk.files.tables.iterdir()}
    assert held & kept == set()
    assert desk.submission(first).fates is not None
    desk.check()


@pytest.mark.parametrize("damage", [b"", b"not a table", None])
def test_a_state_that_cannot_be_asked_keeps_everything(desk: Desk, damage: bytes | None) -> None:
    store, _ = desk.house.store, desk.send(lines_of(range(20)))
    loose = desk.files.table("0" * 64)
    loose.write_bytes(b"named by nothing")
    before = sorted(desk.files.tables.iterdir())
    listed = desk.files.table(desk.state)
    kept = listed.read_bytes()
    listed.unlink() if damage is None else listed.write_bytes(damage)
    assert sweep(store, rest=0) == 0
    listed.write_bytes(kept)
    assert sorted(desk.files.tables.iterdir()) == before
    assert sweep(store, rest=0) > 0
    assert not loose.exists()


def test_a_state_of_which_a_piece_is_gone_is_not_recorded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Swept between two steps: it is made again."""
    house, gone = desk.house, list[Path]()
    real = house.checking.record

    def first_swept(*arguments: object) -> bool:
        if not gone:
            gone.extend(path for path in desk.files.tables.iterdir() if path.stat().st_nlink > 1)
            gone[0].unlink()
        return bool(real(*arguments))  # type: ignore[arg-type]  # the steps' own

    object.__setattr__(house.checking, "record", first_swept)
    sha256 = desk.send(lines_of(range(30)))
    assert gone
    assert is_kept(desk.files, desk.state)
    assert desk.fates(sha256) == {Fate.HEADER: 1, Fate.ACCEPTED: 30}


def test_a_disk_without_second_names_has_copies(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_names: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    desk.send(lines_of(range(20)))
    assert {desk.files.table(one.table).stat().st_nlink for one in desk.tables} == {1}
    assert all(sha256_of(desk.files.table(one.table).read_bytes()) == one.table for one in desk.tables)


def test_a_snapshot_has_nothing_but_rows_that_stand(desk: Desk) -> None:
    """And of these the canonical columns, though the bytes of a table are taken as they are where all of it stands."""
    desk.send(lines_of(range(20)))
    desk.send([line(12).replace("urgent", "emergency"), *lines_of(range(20, 30))])
    frozen = freeze(desk.house.store, SOURCE, NOW)[0]
    file = desk.files.table(frozen.files[0].sha256)
    assert pl.read_parquet_schema(file) == pl.Schema(SOURCE.canonical)
    assert (frozen.rows, pl.read_parquet(file).height) == (29, 29)
    assert [text for text in (b"_line", b"_aggregate", b"_status", b"emergency") if text in file.read_bytes()] == []
    assert not any(desk.files.scratch.iterdir())


def test_tables_of_several_writers_are_one_snapshot(desk: Desk) -> None:
    """Also where their columns are not of one form."""
    desk.send(lines_of(range(20)))
    piece = desk.files.table(desk.tables[1].table)
    pl.read_parquet(piece).write_parquet(piece, use_pyarrow=True)
    desk.send(lines_of(range(20, 30)))
    tables = [desk.files.table(one.table) for one in desk.tables]
    assert len(tables) == 3
    frozen = freeze(desk.house.store, SOURCE, NOW)[0]
    kept = pl.read_parquet(desk.files.table(frozen.files[0].sha256))
    assert_frame_equal(kept, snapshot_rows(desk.plain.state, SOURCE))


def test_lines_are_found_in_every_table(desk: Desk) -> None:
    desk.send(lines_of(range(20)))
    desk.send([*lines_of([12], died=1), *lines_of(range(20, 25))])
    store = desk.house.store
    first, second = every_submission(store)
    assert {one.submission for one in desk.tables} == {first.sha256, None}
    accepted = {"fate": "accepted"}
    assert fates_of(store, first, [2, 11, 13]) == {2: accepted, 11: accepted, 13: accepted}
    assert fates_of(store, first, [14])[14]["fate"] == "conflict"
    assert fates_of(store, second, [2, 3, 7]) == {3: accepted, 7: accepted} | fates_of(store, second, [2])
    assert {one.table for one in desk.tables} <= set(uses(store).states)


def test_a_table_of_two_feeds_is_told_as_that_of_both(desk: Desk) -> None:
    desk.send(lines_of(range(20)))
    store = desk.house.store
    store.open([FEED, "another"])
    with store.database.transaction() as session:
        session.exec(select(FeedRow).where(FeedRow.id == "another")).one().state = desk.state
    both = ["another", FEED]
    assert uses(store).states == {table: both for table in named_by(store.files, desk.state)}  # noqa: C420
