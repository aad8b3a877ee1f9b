"""The journal: every acknowledged entry is in it, a torn line never was, and nothing is answered from beyond it."""

import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from threading import Event as Signal
from typing import Any

import pytest

from services.consent import journal as module
from services.consent.__main__ import main
from services.consent.journal import NAME, Journal, JournalBroken, JournalInUse, Tip, held, read
from services.consent.ledger import Entry, Event, chained, content_of, genesis
from services.consent.problems import JournalUnavailable
from services.consent.workflow import keeping
from services.consent.workflow.office import Office
from shared.contracts.consent import Act, Purpose
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, house, running

__all__ = ["house"]

ANNE, BEN, CARA = "9900001", "9900002", "9900003"
A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped
STORE = "0" * 32


class Stumbling(Journal):
    """Cannot write, as often as the test says."""

    failures = 0

    def append(self, entries: Sequence[Entry]) -> None:
        if entries and Stumbling.failures:
            Stumbling.failures -= 1
            raise OSError(errno.EIO, "planted")
        super().append(entries)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    """A service that knows three consultants."""
    with house.stores.swept(), running(house, house.settings(tmp_path / "data")) as rig:
        rig.register(ANNE, BEN, CARA)
        yield rig


def lines(rig: Rig) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (rig.settings.journal / NAME).read_text().splitlines()]


def an_event() -> Event:
    return Event(
        subject=ANNE, programme=CARDIAC, purpose=Purpose(OWN), act=Act.ASKED, basis_id="basis", notice_version=1,
        actor="officer", channel="letter", evidence="Ä|,\n\\", valid_from="2026-05-01",
        recorded_at="2026-05-01T00:00:00.000000Z", effect=None,
    )  # fmt: skip


def entries_of(number: int, store: str = STORE) -> list[Entry]:
    return list(chained([an_event()] * number, 0, genesis(store)))


def test_every_acknowledged_entry_is_in_the_journal_column_by_column(desk: Rig) -> None:
    desk.decide(ANNE, "asked")
    desk.decide(ANNE, "given", if_match=1)
    desk.withdraw(ANNE)
    header = ["gmc,programme,purpose,act,notice_version,decided_on,evidence"]
    desk.load(
        "returns",
        [*header, f"{BEN},{CARDIAC},{OWN},refused,,2026-05-02,", f"{CARA},{CARDIAC},{OWN},given,1,2026-05-01,form"],
    )
    head, *kept = lines(desk)
    assert head == {"journal": "candour consent journal 1", "store_id": desk.service("/v1/head").json()["store_id"]}
    with desk.client.app.state.office.reading() as tx:  # type: ignore[attr-defined]  # a FastAPI application
        ledger = [json.loads(json.dumps(content_of(vars(entry)) | {"hash": entry.hash})) for entry in tx.entries(0, 5)]
    assert kept == ledger
    assert [one["revision"] for one in kept] == [1, 2, 3, 4, 5]


def test_without_the_journal_nothing_is_acknowledged_and_a_repeat_gives_the_same_receipt(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "Journal", Stumbling)
    with house.stores.swept(), running(house, house.settings(tmp_path / "data")) as rig:
        rig.register(ANNE, BEN)
        rig.withdraw(BEN)
        rig.client.app.state.watch.stop()  # type: ignore[attr-defined]  # so that only requests meet the planted failures
        Stumbling.failures = 5
        first = rig.withdraw(ANNE, key="k")
        assert (first.status_code, first.json()["code"]) == (503, "journal_unavailable")
        assert rig.withdraw(ANNE, key="k").json()["code"] == "journal_unavailable"  # the row alone is no receipt
        for path in ("/v1/head", "/v1/permissions"):  # nothing beyond the journal is told to anybody
            assert rig.service(path).json()["code"] == "journal_unavailable"
        assert rig.officer("GET", f"/v1/consultants/{ANNE}").json()["code"] == "journal_unavailable"
        assert (len(lines(rig)), Stumbling.failures) == (2, 0)
        receipt = rig.withdraw(ANNE, key="k")
        assert (receipt.status_code, receipt.json()["revision"]) == (202, 2)
        assert rig.withdraw(ANNE, key="k").json() == receipt.json()
        assert [one["revision"] for one in lines(rig)[1:]] == [1, 2]
        assert rig.revision() == 2


@pytest.mark.parametrize("torn", [b'{"act":"given"', b"\0" * 300, b'{"act":"withdrawn","revision":3}'])
def test_a_last_line_without_its_end_is_cut_off(desk: Rig, torn: bytes, house: House) -> None:
    desk.withdraw(ANNE)
    file = desk.settings.journal / NAME
    desk.client.__exit__(None, None, None)
    whole = file.read_bytes()
    with file.open("ab") as out:
        out.write(torn)
    with running(house, desk.settings) as again:
        assert again.withdraw(BEN).json()["revision"] == 2
        assert file.read_bytes().startswith(whole)
        assert [one["revision"] for one in lines(again)[1:]] == [1, 2]
    desk.client.__enter__()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_any_other_line_that_does_not_hold_closes(desk: Rig, house: House, at: int) -> None:
    desk.withdraw(ANNE)
    desk.withdraw(BEN)
    file = desk.settings.journal / NAME
    desk.client.__exit__(None, None, None)
    changed = file.read_bytes().splitlines(keepends=True)
    changed[at] = changed[at].replace(b'"', b"'", 1) if at == 0 else changed[at].replace(b"letter", b"lutter")
    file.write_bytes(b"".join(changed))
    with running(house, desk.settings) as again:
        refused = again.service("/v1/head")
        assert (refused.status_code, refused.json()["code"]) == (503, "consent_closed")
        assert "undamaged copy" in again.client.get("/health/ready").json()["reason"]
        assert file.read_bytes() == b"".join(changed)
    desk.client.__enter__()


def test_a_long_journal_opens_in_a_time_that_grows_with_its_lines_only(tmp_path: Path) -> None:
    """Processor time, of eight times the lines: 64 times as much where each looked at all before it."""
    short, long = (least_processor_time(tmp_path / f"{lines}", lines) for lines in (2_500, 20_000))
    assert long < 24 * short


def least_processor_time(folder: Path, lines: int) -> float:
    """Of three readings of a journal of so many lines."""
    taken = []
    with held(folder) as journal:
        journal.begin(STORE, entries_of(lines))
        for _ in range(3):
            began = time.thread_time()
            assert journal.read_again()
            taken.append(time.thread_time() - began)
        assert journal.tip.revision == lines
    return min(taken)


def test_who_outlives_the_hold_on_a_journal_writes_nothing(tmp_path: Path) -> None:
    """As a thread that looks while its service ends: somebody else may have the journal by then, or have put another
    one there."""
    with held(tmp_path) as journal:
        journal.begin(STORE, entries_of(2))
    (tmp_path / NAME).unlink()
    for late in (lambda: journal.begin(STORE, entries_of(1)), journal.read_again,
                 lambda: journal.append([]), lambda: journal.probe(1)):  # fmt: skip
        with pytest.raises(JournalInUse, match="given the journal back"):
            late()
    assert not (tmp_path / NAME).exists()


def test_a_journal_is_not_given_back_in_the_middle_of_a_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is its file closed under the writer, who would write into whatever is opened next."""
    flushing, go_on, ended = Signal(), Signal(), Signal()
    with ThreadPoolExecutor(2) as pool:
        with held(tmp_path) as journal:
            journal.begin(STORE, [])
            real, mine = os.fsync, journal.handle

            def fsync(handle: int) -> None:
                if handle == mine:
                    flushing.set()
                    assert go_on.wait(A_LONG_TIME)
                real(handle)

            def give_back() -> None:
                journal.give_back()
                ended.set()

            monkeypatch.setattr(os, "fsync", fsync)
            writing = pool.submit(journal.append, entries_of(3))
            assert flushing.wait(A_LONG_TIME)
            giving = pool.submit(give_back)
            assert not ended.wait(0.2)
            assert journal.handle == mine
            go_on.set()
            writing.result(A_LONG_TIME)
            giving.result(A_LONG_TIME)
    assert len(list(read(tmp_path)[1])) == 3


def test_what_does_not_follow_is_not_appended(tmp_path: Path) -> None:
    entries = entries_of(4)
    with held(tmp_path) as journal:
        journal.begin(STORE, entries[:2])
        for wrong in (entries[3:], entries[1:2], entries_of(3, "f" * 32)[2:]):
            with pytest.raises(JournalBroken):
                journal.append(wrong)
        journal.append(entries[2:])
        assert journal.tip == Tip(4, entries[-1].hash)
        assert [journal.hash_at(number) for number in (0, 1, 4)] == [genesis(STORE), entries[0].hash, entries[3].hash]
    store_id, found = read(tmp_path)
    assert (store_id, list(found)) == (STORE, entries)


@pytest.mark.parametrize("deed", ["removed", "replaced", "lengthened"])
def test_a_file_that_is_not_in_its_place_any_more_takes_nothing(tmp_path: Path, deed: str) -> None:
    entries = entries_of(2)
    with held(tmp_path) as journal:
        journal.begin(STORE, entries[:1])
        if deed == "removed":
            journal.file.unlink()
        elif deed == "replaced":
            copy = tmp_path / "copy"
            copy.write_bytes(journal.file.read_bytes())
            copy.replace(journal.file)
        else:
            with journal.file.open("ab") as out:
                out.write(b"x")
        left = journal.file.read_bytes() if journal.file.exists() else b""
        with pytest.raises(JournalBroken):
            journal.probe(1)
        with pytest.raises(JournalBroken):
            journal.append(entries[1:])
        assert not journal.is_open()
        assert left == (journal.file.read_bytes() if journal.file.exists() else b"")  # nor is anything cut off


def test_asking_for_room_leaves_no_trace(tmp_path: Path) -> None:
    with held(tmp_path) as journal:
        journal.begin(STORE, entries_of(1))
        before = journal.file.read_bytes()
        journal.probe(1000)
        assert journal.file.read_bytes() == before
        assert journal.is_open()


def test_an_append_that_fails_half_way_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = entries_of(3)
    with held(tmp_path) as journal:
        journal.begin(STORE, entries[:1])
        monkeypatch.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(errno.EIO, "planted")))
        with pytest.raises(OSError, match="planted"):
            journal.append(entries[1:])
        monkeypatch.undo()
        assert journal.tip.revision == 1
        journal.append(entries[1:])
    assert list(read(tmp_path)[1]) == entries


def test_a_second_service_on_the_same_journal_is_refused_in_plain_words(
    desk: Rig, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(JournalInUse), held(desk.settings.journal):
        pass
    for name in ("people_file", "secrets_dir"):
        monkeypatch.setenv(f"CANDOUR_CONSENT_{name.upper()}", str(getattr(desk.settings, name)))
    monkeypatch.setenv("CANDOUR_CONSENT_DATA_DIR", str(tmp_path / "another"))
    monkeypatch.setenv("CANDOUR_CONSENT_JOURNAL_DIR", str(desk.settings.journal))
    monkeypatch.setenv("CANDOUR_CONSENT_DEMONSTRATION", "true")
    assert main(["serve"]) == 2
    told = capfd.readouterr().err
    assert "Stop it first" in told
    assert "Traceback" not in told


def test_readers_who_hold_every_connection_do_not_keep_a_writer_from_the_journal(desk: Rig) -> None:
    """They wait for the journal, so it must not wait for them."""
    office: Office = desk.client.app.state.office  # type: ignore[attr-defined]
    event = replace(an_event(), evidence=None)
    with office.store.writing() as tx:
        tx.append([event])
    with ExitStack() as held, ThreadPoolExecutor(1) as pool:
        for _ in range(15):  # the pool, and what it may overflow by
            held.enter_context(office.store.reading())
        pool.submit(office.keeper.cover, tx.end_of_ledger).result(A_LONG_TIME)
    assert office.keeper.tip.revision == tx.end_of_ledger.revision


class Taken:
    """The turn at the journal, while somebody has it until they have written down all there is. Whoever waits for it
    meets the end of their patience, again and again; meanwhile `writes` one entry more, or not."""

    def __init__(self, writes: Callable[[], bool]) -> None:
        self.writes, self.waited = writes, 0

    def acquire(self, timeout: float) -> bool:
        assert timeout == keeping.WAIT_SECONDS
        self.waited += 1
        return not self.writes()

    def release(self) -> None: ...


@pytest.mark.parametrize("hangs", [False, True])
def test_whoever_writes_down_much_is_waited_for_and_whoever_hangs_is_not(
    desk: Rig, monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    """Twelve entries, each after the patience of whoever waits."""
    office: Office = desk.client.app.state.office  # type: ignore[attr-defined]
    keeper = office.keeper
    desk.client.app.state.watch.stop()  # type: ignore[attr-defined]  # who would write them down at once
    with office.store.writing() as tx:
        tx.append([replace(an_event(), evidence=None)] * 12)

    def writes() -> bool:
        """Whether there was one more to write."""
        tip = keeper.journal.tip.revision
        if not hangs and tip < tx.end_of_ledger.revision:
            with office.store.reading_for_journal() as reading:
                keeper.journal.append(reading.entries(tip, tip + 1))
        return hangs or tip < tx.end_of_ledger.revision

    turn = Taken(writes)
    monkeypatch.setattr(keeper, "turn", turn)
    with pytest.raises(JournalUnavailable) if hangs else nullcontext():
        keeper.cover(tx.end_of_ledger)
    assert turn.waited == (1 if hangs else 13)
    assert (keeper.tip.revision == tx.end_of_ledger.revision) is not hangs
