"""Five hundred markers planted wherever consent holds something about a person: access finds all of one person and
nothing of another; erasure leaves none in any file, and the chain still verifies."""

import errno
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread, Timer
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import inspect, text

from services.consent.__main__ import main
from services.consent.store import sweeping
from services.consent.verify_ledger import verify
from services.consent.workflow import erasing
from services.consent.workflow import sessions as signing_in
from services.consent.workflow.sessions import Sessions
from shared.kit.database import Database
from tests.unit.test_consent_rig import CARDIAC, Clock, House, Rig, house, rig, running

__all__ = ["house", "rig"]

PEOPLE: Final = [f"98{number:05}" for number in range(7, 707, 7)]  # 100 people, five markers each
ERASED: Final = PEOPLE[3::10]
SEARCHED: Final = {
    "campaigns", "contacts", "enrolments", "erased", "evidence", "imports", "ledger", "proposals", "receipts",
    "register", "sessions", "standings", "trail",
}  # fmt: skip
REGISTER: Final = "gmc,name,programme"
RETURNS: Final = "gmc,programme,purpose,act,notice_version,decided_on,evidence"
A_LONG_TIME: Final = 60.0  # seconds: for what happens at once on any machine that has not stopped
Piece = dict[str, Any]


def markers(gmc: str) -> dict[str, str]:
    """What is planted about a person, by place. In the session and the reports it is the number itself."""
    return {
        "register": f"Dr Namemark{gmc[::-1]}", "evidence": f"wordsmark{gmc[::-1]}", "imports": gmc,
        "contacts": f"channelmark-{gmc[::-1]}", "sessions": f"account-{gmc[::-1]}",
    }  # fmt: skip


@dataclass(frozen=True)
class Planted:
    rig: Rig
    keys: dict[str, str]  # by number: the person's key, as the database has it

    @property
    def url(self) -> str:
        return self.rig.settings.database("consent")


@pytest.fixture
def planted(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Planted]:
    monkeypatch.setattr(sweeping, "READERS_SECONDS", A_LONG_TIME)  # a busy machine is no reader who stays
    with house.stores.swept(), running(house, house.settings(tmp_path)) as rig:
        _register(rig)
        rig.client.app.state.sessions.end_of_subject(PEOPLE[0])  # type: ignore[attr-defined]  # what it has not read it does not end
        _plant(rig)
        with Database(rig.settings.database("consent")).engine.connect() as connection:
            keys = {row[0]: row[1] for row in connection.execute(text("SELECT gmc, key FROM consultant"))}
            connection.engine.dispose()
        yield Planted(rig, keys)


def _register(rig: Rig) -> None:
    lines = [f"{gmc},{markers(gmc)['register']},{CARDIAC}" for gmc in PEOPLE]
    rig.load("register", [REGISTER, *lines])
    rig.load("register", [REGISTER, *lines])  # its report quotes every number
    returned = [f"{gmc},{CARDIAC},own_figures,given,1,2013-07-01,{markers(gmc)['evidence']}" for gmc in PEOPLE]
    rig.load("returns", [RETURNS, *returned])


def _plant(rig: Rig) -> None:
    """What other rooms of the service write, as their tables have it."""
    database = Database(rig.settings.database("consent"))
    alias: dict[str, str] = {}
    with database.transaction() as session:
        alias |= {row[0]: row[1] for row in session.execute(text("SELECT gmc, alias FROM consultant"))}
        at = "2026-10-14T09:12:40.000000Z"
        run = session.execute
        run(text("INSERT INTO campaign (id, programme, purpose, notice_version, channel, opened_at, actor) "
                 "VALUES ('c', 'p', 'own_figures', 1, 'letter', :at, 'officer')"), {"at": at})  # fmt: skip
        body = json.dumps({"lines": [f"{gmc},{markers(gmc)['register']}" for gmc in PEOPLE], "many": len(PEOPLE)})
        run(text("INSERT INTO proposal (id, kind, body, proposed_by, proposed_at) "
                 "VALUES ('x', 'returns', :body, 'officer', :at)"), {"body": body, "at": at})  # fmt: skip
        for gmc in PEOPLE:
            mine = {"alias": alias[gmc], "at": at, "channel": markers(gmc)["contacts"], "gmc": gmc}
            run(text("INSERT INTO campaign_member (campaign, alias) VALUES ('c', :alias)"), mine)
            run(text("INSERT INTO contact VALUES ('c', :alias, :at, 'request', :channel, 'officer')"), mine)
            times = dict.fromkeys(("created_at", "seen_at", "fresh_at"), at)
            row = times | {"id_hash": gmc * 9, "account": markers(gmc)["sessions"], "roles": "consultant",
                           "subject": gmc, "stamp": "s", "csrf": f"secret-{gmc}"}  # fmt: skip
            names = ", ".join(row)
            run(text(f"INSERT INTO session ({names}) VALUES ({', '.join(':' + name for name in row)})"), row)
    database.close()


def access(rig: Rig, gmc: str) -> tuple[list[Piece], dict[str, int]]:
    answer = rig.client.get(f"/v1/subject-access/{gmc}", auth=rig.house.person("auditor"))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    *pieces, last = [json.loads(line) for line in answer.text.splitlines()]
    assert last["service"] == "consent"
    return pieces, last["searched"]


def erase(rig: Rig, gmc: str) -> httpx.Response:
    return rig.officer("POST", f"/v1/consultants/{gmc}/erasure", json={"channel": "letter"})


def every_byte(planted: Planted) -> bytes:
    """Of all files of the service, its database's among them. Of PostgreSQL the files of this database; its log is its
    keeper's."""
    rig = planted.rig
    found = [file.read_bytes() for file in sorted(rig.settings.data_dir.rglob("*")) if file.is_file()]
    server = rig.house.stores.server
    if server is not None:
        database = Database(planted.url)
        with database.engine.connect() as connection:
            oid = connection.execute(text("SELECT oid FROM pg_database WHERE datname = current_database()")).scalar()
        database.close()
        server.execute("CHECKPOINT")
        found += [file.read_bytes() for file in sorted((server.data / "base" / str(oid)).iterdir())]
    return b"\n".join(found)


def every_cell(planted: Planted) -> str:
    database = Database(planted.url)
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        found = [str(tuple(row)) for name in tables for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    database.close()
    return "\n".join(found)


def needles(gmc: str, key: str) -> list[bytes]:
    return [one.encode() for one in (gmc, key, *markers(gmc).values())]


def test_access_finds_every_marker_of_one_person_and_nobody_elses(planted: Planted) -> None:
    for gmc in PEOPLE:
        pieces, searched = access(planted.rig, gmc)
        by_place = {place: [one["found"] for one in pieces if one["place"] == place] for place in searched}
        assert searched == {place: len(found) for place, found in by_place.items()}
        assert set(searched) == SEARCHED
        missing = [place for place, marker in markers(gmc).items() if marker not in json.dumps(by_place[place])]
        assert missing == []
        assert len(by_place["proposals"][0]["lines"]) == len(by_place["imports"]) == 1
        assert by_place["ledger"][0]["evidence_words"] == markers(gmc)["evidence"]
        whole = json.dumps(pieces)
        foreign = [other for other in PEOPLE if other != gmc and any(one in whole for one in markers(other).values())]
        assert foreign == []
        assert "secret-" not in whole  # what would let somebody sign in as the person


def test_every_access_is_in_the_trail_by_alias(planted: Planted) -> None:
    pieces, _ = access(planted.rig, PEOPLE[0])
    again, _ = access(planted.rig, PEOPLE[0])
    assert [one["found"]["action"] for one in again if one["place"] == "trail"] == ["subject-access"] * 2
    (line,) = [one["found"] for one in pieces if one["place"] == "trail"]
    assert (line["actor"], line["alias"][:2]) == ("auditor", "p-")
    assert PEOPLE[0] not in json.dumps(line)
    assert (
        planted.rig.client.get("/v1/subject-access/9999999", auth=planted.rig.house.person("auditor")).status_code
        == 404
    )


def test_names_and_words_are_in_no_file_in_clear(planted: Planted) -> None:
    """Sealed under keys which are there; the numbers are, until somebody is erased."""
    whole = every_byte(planted)
    for gmc in PEOPLE:
        assert markers(gmc)["evidence"].encode() not in whole
        assert planted.keys[gmc].encode() in whole
        assert gmc.encode() in whole
    journal = (planted.rig.settings.journal / "ledger.jsonl").read_bytes()
    assert not any(needle in journal for gmc in PEOPLE for needle in needles(gmc, planted.keys[gmc]))


def test_erasure_leaves_nothing_in_any_file_and_everything_of_others(planted: Planted) -> None:
    rig = planted.rig
    assert set(PEOPLE) == rig.named()
    if (server := rig.house.stores.server) is not None:  # which takes samples by itself when a minute is over
        database = planted.url.rpartition("/")[2]
        server.execute("ANALYZE", database)
        assert ERASED[0] in str(server.execute("SELECT histogram_bounds::text FROM pg_stats", database))
    for gmc in ERASED:
        answer = erase(rig, gmc)
        assert (answer.status_code, answer.json()["events"]) == (200, 2), answer.text  # withdrawn, and erased
        assert answer.json()["destroyed"]["consultant"] == 1
        assert not any("not rewritten" in one or "could not be emptied" in one for one in answer.json()["remains"])
    whole, cells = every_byte(planted), every_cell(planted)
    left = {gmc: [one for one in needles(gmc, planted.keys[gmc]) if one in whole] for gmc in ERASED}
    assert left == {gmc: [] for gmc in ERASED}
    assert not any(needle.decode() in cells for gmc in ERASED for needle in needles(gmc, planted.keys[gmc]))
    others = [gmc for gmc in PEOPLE if gmc not in ERASED]
    assert rig.named() == set(others)
    for gmc in others[:10]:
        pieces, _ = access(rig, gmc)
        assert all(marker in json.dumps(pieces) for marker in markers(gmc).values())
    assert rig.changes()[-1].get("now") is None  # the withdrawal before it has told everybody
    assert verify(planted.url, rig.settings.journal).sound


STAYS: Final = {"sqlite": "could not be emptied", "postgresql": "a reader from before did not end"}


def test_a_reader_from_before_is_waited_for_and_one_who_stays_is_told(
    house: House, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What such a reader may still look at is copied into the new files, or stays in the log, though it was deleted."""
    with house.stores.swept(), running(house, house.settings(tmp_path / "data")) as rig:
        rig.register("9800001", "9800002")
        with reading(rig):
            monkeypatch.setattr(sweeping, "READERS_SECONDS", 0.5)
            told = erase(rig, "9800001").json()["remains"]
            assert [one for one in told if STAYS[engine] in one]
        monkeypatch.setattr(sweeping, "READERS_SECONDS", A_LONG_TIME)
        with reading(rig) as end, ThreadPoolExecutor(1) as pool:
            waited = waiting(monkeypatch)
            erasing = pool.submit(erase, rig, "9800002")
            assert waited.wait(A_LONG_TIME)
            rig.register("9800003")  # while it is waited for, everybody writes
            assert not erasing.done()
            end.set()
            told = erasing.result().json()["remains"]
        assert not [one for one in told if STAYS[engine] in one or "not rewritten" in one]


def waiting(monkeypatch: pytest.MonkeyPatch) -> Event:
    """Set once a sweep has looked, and somebody had the files in use."""
    found, real = Event(), time.sleep

    def sleep(seconds: float) -> None:
        found.set()
        real(seconds)

    monkeypatch.setattr(sweeping, "sleep", sleep)
    return found


@contextmanager
def reading(rig: Rig) -> Iterator[Event]:
    """Somebody reads, until the event is set or the block ends."""
    seen, end = Event(), Event()
    reader = Thread(target=_look, args=(rig.settings.database("consent"), seen, end))
    reader.start()
    try:
        assert seen.wait(A_LONG_TIME)
        yield end
    finally:
        end.set()
        reader.join()


def _look(url: str, seen: Event, end: Event) -> None:
    database = Database(url)
    with database.reading() as session:
        session.execute(text("SELECT revision FROM head"))  # of what is rewritten nothing: that would be waited for
        seen.set()
        end.wait(3 * A_LONG_TIME)
    database.close()


def test_a_session_on_its_way_to_the_table_does_not_come_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions are written from memory: one that was on its way when the person was erased arrives before the sweep."""
    sessions: Sessions = rig.client.app.state.sessions  # type: ignore[attr-defined]  # a Starlette application
    account = sessions.people.account("consultant")
    assert account is not None
    assert account.subject is not None
    rig.register(account.subject)
    underway, go_on, arrived = Event(), Event(), Event()
    keep, swept = sessions.table.keep, []

    def slow(rows: Sequence[Any], gone: Sequence[str]) -> None:
        underway.set()
        assert go_on.wait(A_LONG_TIME)
        keep(rows, gone)
        arrived.set()

    def noted(database: Database) -> list[str]:
        swept.append(arrived.is_set())
        return sweeping.sweep(database)

    monkeypatch.setattr(sessions.table, "keep", slow)
    monkeypatch.setattr(erasing, "sweep", noted)
    sessions.sign_in(account, None)
    assert underway.wait(A_LONG_TIME)
    Timer(2.0, go_on.set).start()  # later than a sign-out waits
    answer = erase(rig, account.subject)
    assert (swept, answer.json()["destroyed"].get("session")) == ([True], None)
    assert not [one for one in answer.json()["remains"] if "session" in one]
    assert account.subject.encode() not in every_byte(Planted(rig, {}))


def test_a_session_whose_end_cannot_be_written_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: Sessions = rig.client.app.state.sessions  # type: ignore[attr-defined]  # a Starlette application
    account = sessions.people.account("consultant")
    assert account is not None
    assert account.subject is not None
    rig.register(account.subject)
    sessions.sign_in(account, None)
    with monkeypatch.context() as broken:
        broken.setattr(signing_in, "GONE_SECONDS", 0.1)
        broken.setattr(sessions.table, "keep", _away)
        assert [one for one in erase(rig, account.subject).json()["remains"] if "end of a session" in one]
    assert not [one for one in erase(rig, account.subject).json()["remains"] if "end of a session" in one]
    assert account.subject.encode() not in every_byte(Planted(rig, {}))


def _away(*_: object) -> None:
    raise OSError(errno.EIO, "away")


def test_what_is_left_of_somebody_erased_is_an_alias(planted: Planted) -> None:
    gmc = ERASED[0]
    erase(planted.rig, gmc)
    pieces, searched = access(planted.rig, gmc)
    assert {place for place, found in searched.items() if found} == {"ledger", "standings", "erased", "trail"}
    whole = json.dumps(pieces)
    assert not any(marker in whole for marker in markers(gmc).values())
    assert [one["found"]["act"] for one in pieces if one["place"] == "ledger"] == ["given", "withdrawn", "erased"]
    assert planted.rig.officer("GET", f"/v1/consultants/{gmc}").status_code == 404


def test_the_same_again_changes_nothing(planted: Planted) -> None:
    first = erase(planted.rig, ERASED[0]).json()
    before = planted.rig.revision()
    again = erase(planted.rig, ERASED[0]).json()
    assert (again["revision"], again["erased"]) == (first["revision"], first["erased"])
    assert (planted.rig.revision(), again["destroyed"]) == (before, {})
    assert erase(planted.rig, "9999999").status_code == 404


def test_who_was_erased_does_not_come_back_by_a_file(planted: Planted) -> None:
    rig, gmc = planted.rig, ERASED[0]
    erase(rig, gmc)
    files = {
        "register": [REGISTER, f"{gmc},{markers(gmc)['register']},{CARDIAC}"],
        "returns": [RETURNS, f"{gmc},{CARDIAC},own_figures,given,1,2013-07-01,"],
    }
    for kind, lines in files.items():
        report = rig.load(kind, lines)
        assert [problem["code"] for problem in report["problems"]] == ["erased-person"]
        assert gmc not in json.dumps(report)
    assert rig.officer("GET", f"/v1/consultants/{gmc}").status_code == 404
    assert rig.withdraw(gmc).status_code == 202  # what hides is never refused
    assert gmc.encode() not in every_byte(planted)


def test_a_restored_backup_forgets_them_again(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """From before the erasure: the journal says what happened since."""
    if house.stores.server is not None:
        pytest.skip("the files of SQLite are the backup here; the replay itself is tested on both engines")
    settings = house.settings(tmp_path / "service")
    with running(house, settings) as rig:
        _register(rig)
    shutil.copytree(tmp_path / "service", tmp_path / "backup")
    with running(house, settings, Clock()) as rig:
        key = _key(rig, ERASED[0])
        assert erase(rig, ERASED[0]).status_code == 200
    shutil.copytree(settings.journal, tmp_path / "backup" / "journal", dirs_exist_ok=True)
    for name, value in {"DATA_DIR": tmp_path / "backup", "SECRETS_DIR": house.folder,
                        "PEOPLE_FILE": house.folder / "people.json"}.items():  # fmt: skip
        monkeypatch.setenv(f"CANDOUR_CONSENT_{name}", str(value))
    assert main(["replay-journal"]) == 0
    assert "Of who was erased" not in capfd.readouterr().out  # nothing stays
    files = [file.read_bytes() for file in (tmp_path / "backup").rglob("*") if file.is_file()]
    assert not any(needle in data for needle in needles(ERASED[0], key) for data in files)
    assert any(PEOPLE[0].encode() in data for data in files)
    assert main(["verify-ledger"]) == 0


def _key(rig: Rig, gmc: str) -> str:
    database = Database(rig.settings.database("consent"))
    with database.engine.connect() as connection:
        key = str(connection.execute(text("SELECT key FROM consultant WHERE gmc = :gmc"), {"gmc": gmc}).scalar_one())
    database.close()
    return key
