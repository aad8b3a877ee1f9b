"""The database refuses what the rules forbid, and of two writers one starts over."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.ingest.__main__ import MIGRATIONS
from services.ingest.domain import Came, Outcome, Sending, Waiting
from services.ingest.reading.read import read_into
from services.ingest.source import load_sources
from services.ingest.store.database import Store
from services.ingest.store.files import Files
from services.ingest.workflow.checking import CheckFailed, check_submission, decide
from services.ingest.workflow.reading import digest_of_reading
from shared.contracts.ingest import Fate, Refusal
from shared.kit.database import Database
from shared.kit.files import sha256_of, write_durably
from shared.kit.migrating import migrate
from shared.kit.signing import Signer

FEED = "candour-demo-providers"
SOURCES = load_sources()
NOW = datetime(2026, 9, 30, 12, tzinfo=UTC)
SIGNER = Signer(b"a secret of the tests", b"tests")
CONTENT = b"provider,name,kind,region\nZZ001,One,hospital,North\nZZ002,Two,hospital,North\n"


@pytest.fixture
def store(tmp_path: Path, store_url: str) -> Iterator[Store]:
    migrate(store_url, MIGRATIONS)
    opened = Store(Database(store_url), Files(tmp_path))
    opened.open([FEED])
    yield opened
    opened.close()


def sent(store: Store, content: bytes, supersede: bool = False) -> Waiting:
    write_durably(store.files.upload(sha256_of(content)), content)
    kept = store.receive(Sending(FEED, sha256_of(content), supersede, NOW), Came(len(content), 1), SIGNER)
    assert kept.waiting is not None
    return kept.waiting


def outcome(**fates: int) -> Outcome:
    return Outcome("utf-8", {Fate(name): lines for name, lines in fates.items()}, "aside", "state", ())


def test_one_of_two_writers_starts_over(store: Store) -> None:
    first, second = sent(store, CONTENT), sent(store, CONTENT + b"\n")
    stale = store.pointer(FEED)
    decide(store, SOURCES[FEED], first)
    assert store.pointer(FEED).version == stale.version + 1
    assert store.record(second, stale, outcome(header=1, accepted=2)) is False
    assert store.next_waiting(FEED) == second


def test_a_submission_is_decided_once(store: Store) -> None:
    waiting = sent(store, CONTENT)
    decide(store, SOURCES[FEED], waiting)
    after = store.pointer(FEED)
    assert store.record(waiting, after, outcome(header=1)) is False
    decide(store, SOURCES[FEED], waiting)
    assert store.pointer(FEED) == after


def test_what_was_decided_before_it_was_asked_to_supersede_is_dropped(store: Store) -> None:
    before = sent(store, CONTENT)
    after = sent(store, CONTENT, supersede=True)
    assert after.turn > before.turn
    refusal = Refusal(code="no-rows", detail="None.", found="no rows", expected="rows")
    assert store.record(before, store.pointer(FEED), refusal) is False


def test_ten_workers_at_once_decide_as_one_would(store: Store) -> None:
    contents = [CONTENT + b"\n" * number for number in range(5)]
    waiting = [sent(store, content) for content in contents]
    with ThreadPoolExecutor(10) as pool:
        done = [pool.submit(check_submission, store, SOURCES, FEED, one.sha256) for one in waiting * 2]
        for one in done:
            one.result(60)
    fates = [store.submitted(one.sha256)[0][0].fates for one in waiting]
    assert [one and (one.accepted, one.duplicate) for one in fates] == [(2, 0), *[(0, 2)] * 4]


def test_the_same_bytes_at_the_same_time_are_one_submission(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(
            pool.map(lambda _: store.receive(Sending(FEED, "a" * 64, False, NOW), Came(1, 1), SIGNER), range(8))
        )
    assert sum(one.fresh for one in kept) == 1
    assert len({one.submission.received for one in kept}) == 1
    assert {one.waiting.attempt for one in kept if one.waiting} == {1}
    [waiting] = store.waiting()
    with ThreadPoolExecutor(8) as pool:
        next_ones = list(pool.map(lambda _: store.another_attempt(waiting), range(8)))
    assert [one.attempt for one in next_ones if one is not None] == [2]


NO_FATES = "duplicate = 0, conflict = 0, quarantined = 0, aggregate = 0, footer = 0, blank = 0"


@pytest.mark.parametrize(
    "change",
    [
        f"state = 'checked', lines = 4, header = 1, accepted = 2, {NO_FATES}",
        f"state = 'checked', lines = 3, header = 4, accepted = -1, {NO_FATES}",
        "state = 'checked', lines = 3, header = 1, accepted = 2",
        "state = 'checked', lines = 3",
        "state = 'checked'",
        "lines = 3",
        "state = 'refused'",
        "state = 'lost'",
    ],
)
def test_lines_without_a_fate_are_refused_by_the_database(store: Store, change: str) -> None:
    sent(store, CONTENT)
    with pytest.raises(IntegrityError), store.database.transaction() as session:
        session.connection().execute(text(f"update submission set {change}"))


def test_lines_with_a_fate_each_are_not(store: Store) -> None:
    sent(store, CONTENT)
    with store.database.transaction() as session:
        whole = f"state = 'checked', lines = 3, header = 1, accepted = 2, {NO_FATES}"
        session.connection().execute(text(f"update submission set {whole}"))


def test_a_failed_job_leaves_the_submission_waiting_and_says_nothing_of_it(store: Store) -> None:
    waiting = sent(store, CONTENT)
    store.files.upload(waiting.sha256).unlink()
    with pytest.raises(CheckFailed, match="FileNotFoundError"):
        check_submission(store, SOURCES, FEED, waiting.sha256)
    assert store.next_waiting(FEED) == waiting
    again = store.another_attempt(waiting)
    assert again is not None
    assert (again.attempt, again.turn) == (waiting.attempt + 1, waiting.turn)
    assert again.job != waiting.job
    assert store.another_attempt(waiting) is None
    assert store.waiting() == [again]


def test_a_decision_is_kept_once_for_each_turn(store: Store) -> None:
    waiting = sent(store, CONTENT)
    for _ in range(2):
        decide(store, SOURCES[FEED], waiting)
    decide(store, SOURCES[FEED], sent(store, b"not a header\n"))
    decide(store, SOURCES[FEED], sent(store, CONTENT, supersede=True))
    with store.database.reading() as session:
        rows = session.connection().execute(text("select turn, state, feed_version from decision order by number"))
        assert [tuple(row) for row in rows] == [(1, "checked", 1), (2, "refused", 1), (3, "checked", 2)]


def test_what_was_read_before_addresses_were_looked_for_is_read_again(store: Store, tmp_path: Path) -> None:
    """Version 2 of what is read had rows with e-mail addresses and telephone numbers."""
    row = b"ZZ003,%b,hospital,North\n"
    waiting, source = sent(store, CONTENT + row % b"ada@nowhere.example"), SOURCES[FEED]
    passed = tmp_path / "passed"
    passed.write_bytes(CONTENT + row % b"Three")
    with pytest.MonkeyPatch.context() as earlier:
        earlier.setattr("services.ingest.workflow.reading.VERSION", 2)
        folder = store.files.reading(digest_of_reading(waiting.sha256, source, None, None))
    folder.mkdir()
    assert read_into(passed, source, folder, None, None, lambda _done, _total: None).height == 3
    decide(store, source, waiting)
    fates = store.submitted(waiting.sha256)[0][0].fates
    assert fates is not None
    assert (fates.accepted, fates.quarantined) == (2, 1)
