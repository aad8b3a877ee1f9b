"""Sessions: made anew at every sign-in, ended on the server, kept in the table without being in anybody's way."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from fastapi import FastAPI

from services.consent.store.sessions import SessionTable
from services.consent.workflow.sessions import MOST_EACH, Sessions
from shared.kit.files import sha256_of
from tests.browsers import SESSION, Browser
from tests.people import change_person, remove_person
from tests.unit.test_consent_rig import Clock, House, Rig, build_house, eventually, running


@pytest.fixture
def house(tmp_path: Path, stores: Any) -> House:
    """Its own for each test, because accounts are changed here."""
    folder = tmp_path / "house"
    folder.mkdir()
    return build_house(folder, stores)


@contextmanager
def started(house: House, folder: Path, clock: Clock) -> Iterator[Rig]:
    with running(house, house.settings(folder / "data"), clock) as rig:
        yield rig


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rig(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    with house.stores.swept(), started(house, tmp_path, clock) as rig:
        yield rig


def app_of(rig: Rig) -> FastAPI:
    app: FastAPI = rig.client.app  # type: ignore[assignment]
    return app


def sessions_of(rig: Rig) -> Sessions:
    sessions: Sessions = app_of(rig).state.sessions
    return sessions


def signed_in(rig: Rig, account: str = "officer") -> Browser:
    browser = Browser(app_of(rig))
    assert browser.sign_in(account, rig.house.passwords[account]).status_code == 303
    return browser


def status(browser: Browser, path: str = "/console") -> int:
    return browser.get(path).status_code


def rows_of(rig: Rig) -> list[dict[str, Any]]:
    """What the table says, once nothing is owed to it."""
    sessions = sessions_of(rig)

    def owed() -> int:
        sessions.wake.set()
        return len(sessions.owed)

    eventually(owed, lambda number: not number)
    table = SessionTable(rig.settings.database("consent"))
    try:
        return [dict(row) for row in table.load()]
    finally:
        table.close()


def test_only_the_hash_of_the_id_is_kept(rig: Rig) -> None:
    cookie = signed_in(rig).cookie
    assert cookie is not None
    (row,) = rows_of(rig)
    assert row["id_hash"] == sha256_of(cookie.encode())
    assert [value for value in row.values() if cookie in str(value)] == []
    assert (row["account"], row["roles"], row["subject"]) == ("officer", "officer", None)


def test_every_sign_in_has_an_id_of_its_own_and_ends_the_one_before(rig: Rig) -> None:
    browser = signed_in(rig)
    first = browser.cookie
    assert browser.sign_in("officer", rig.house.passwords["officer"]).status_code == 303
    assert browser.cookie != first
    thief = Browser(app_of(rig))
    thief.client.cookies.set(SESSION, str(first), domain="consent.example")
    assert (status(browser), status(thief)) == (200, 401)
    assert [row["id_hash"] for row in rows_of(rig)] == [sha256_of(str(browser.cookie).encode())]


PLANTED = ["A" * 43, "short", "x" * 43 + "=", "%C3%A9", "", "../" * 15, "A" * 5000]


def test_an_id_that_was_planted_is_never_taken_up(rig: Rig) -> None:
    """Session fixation: whoever makes a browser send their own id does not share its session afterwards."""
    for planted in PLANTED:
        victim, attacker = Browser(app_of(rig)), Browser(app_of(rig))
        attacker.client.headers["Cookie"] = victim.client.headers["Cookie"] = f"{SESSION}={planted}"
        assert status(victim) == 401
        form = victim.get("/console/sign-in")
        start = form.cookies["__Host-candour-start"]
        victim.client.headers["Cookie"] = f"{SESSION}={planted}; __Host-candour-start={start}"
        fields = {"name": "officer", "password": rig.house.passwords["officer"]}
        found = victim.send(form, "/console/sign-in", **fields)
        assert (found.status_code, found.cookies[SESSION] != planted) == (303, True)
        assert status(attacker) == 401


def test_a_session_outlives_a_restart_and_a_sign_out_does_too(house: House, tmp_path: Path, clock: Clock) -> None:
    with house.stores.swept():
        with started(house, tmp_path, clock) as rig:
            stays, goes = signed_in(rig), signed_in(rig)
            ended = goes.cookie
            goes.send(goes.get("/console"), "/console/sign-out")
        with started(house, tmp_path, clock) as rig:
            for cookie, expected in ((stays.cookie, 200), (ended, 401)):
                browser = Browser(app_of(rig))
                browser.client.cookies.set(SESSION, str(cookie), domain="consent.example")
                assert status(browser) == expected


def test_half_an_hour_without_a_page_is_the_end(rig: Rig, clock: Clock) -> None:
    browser = signed_in(rig)
    clock.now += timedelta(minutes=29, seconds=59)
    assert status(browser) == 200
    clock.now += timedelta(minutes=29, seconds=59)
    assert status(browser) == 200
    clock.now += timedelta(minutes=30)
    assert status(browser) == 401
    clock.now -= timedelta(minutes=30)
    assert status(browser) == 401  # what has ended stays ended
    assert rows_of(rig) == []


def test_twelve_hours_are_the_end_however_busy(rig: Rig, clock: Clock) -> None:
    browser, until = signed_in(rig), clock.now + timedelta(hours=12)
    while clock.now < until - timedelta(minutes=20):
        clock.now += timedelta(minutes=20)
        assert status(browser) == 200
    clock.now = until
    assert status(browser) == 401


def test_a_clock_that_is_set_back_gives_no_more_time(rig: Rig, clock: Clock) -> None:
    browser = signed_in(rig)
    clock.now -= timedelta(days=400)
    assert status(browser) == 401
    clock.now += timedelta(days=400)
    assert status(browser) == 401


def test_signing_out_ends_it_on_the_server(rig: Rig) -> None:
    browser, other = signed_in(rig), signed_in(rig)
    kept = browser.cookie
    found = browser.send(browser.get("/console"), "/console/sign-out")
    assert (found.status_code, found.headers["location"]) == (303, "/console/signed-out")
    assert browser.cookie is None
    browser.client.cookies.set(SESSION, str(kept), domain="consent.example")
    assert (status(browser), status(other)) == (401, 200)


def test_signing_out_everywhere_ends_every_browser_of_the_account(rig: Rig) -> None:
    first, second, other = signed_in(rig), signed_in(rig), signed_in(rig, "officer-2")
    first.send(first.get("/console"), "/console/sign-out", everywhere="yes")
    assert (status(first), status(second), status(other)) == (401, 401, 200)
    assert [row["account"] for row in rows_of(rig)] == ["officer-2"]


def test_changing_an_account_ends_its_sessions(rig: Rig) -> None:
    people, password = rig.house.folder / "people.json", rig.house.passwords["officer"]
    changes: list[dict[str, Any] | None] = [
        {"roles": ["auditor"]},
        {"subject": "9900001"},
        {"password": "another"},
        None,
    ]
    other = signed_in(rig, "auditor")
    for change in changes:
        browser = Browser(app_of(rig))
        assert browser.sign_in("officer", password).status_code == 303
        if change is None:
            remove_person(people, "officer")
        else:
            change_person(people, "officer", **change)
            password = str(change.get("password", password))
        assert (status(browser), status(other)) == (401, 200)
    assert [row["account"] for row in rows_of(rig)] == ["auditor"]


def test_an_account_that_somebody_else_changes_back_does_not_reopen_its_sessions(rig: Rig) -> None:
    browser, people = signed_in(rig), rig.house.folder / "people.json"
    before = people.read_bytes()
    remove_person(people, "officer")
    assert status(browser) == 401
    people.write_bytes(before)
    assert status(browser) == 401


def test_of_one_account_only_so_many_browsers_are_signed_in(rig: Rig, clock: Clock) -> None:
    browsers = []
    for _ in range(MOST_EACH + 2):
        browsers.append(signed_in(rig))
        clock.now += timedelta(seconds=1)
    assert [status(one) for one in browsers] == [401, 401] + [200] * MOST_EACH
    assert len(rows_of(rig)) == MOST_EACH


def test_what_has_run_out_is_swept_though_nobody_comes(rig: Rig, clock: Clock) -> None:
    signed_in(rig)
    assert len(rows_of(rig)) == 1
    clock.now += timedelta(hours=1)
    eventually(lambda: rows_of(rig), lambda rows: rows == [])


def test_nobody_waits_for_an_import_to_sign_in(rig: Rig) -> None:
    """While a writer has the ledger, and on SQLite the whole file."""
    holds, done, over = Event(), Event(), Event()

    def write() -> None:
        with app_of(rig).state.office.store.writing():
            holds.set()
            done.wait(60)
        over.set()

    thread = Thread(target=write)
    thread.start()
    assert holds.wait(60)
    try:
        browser = signed_in(rig)
        assert status(browser) == 200
        out = signed_in(rig)
        out.send(out.get("/console"), "/console/sign-out")
        assert status(out) == 401
        assert not over.is_set()  # the writer writes still
    finally:
        done.set()
        thread.join()
    assert [row["id_hash"] for row in rows_of(rig)] == [sha256_of(str(browser.cookie).encode())]


def test_where_a_disk_is_short_nothing_is_written_and_everybody_signs_in(rig: Rig) -> None:
    room = app_of(rig).state.office.room
    room.short, room.tried_at = True, time.monotonic() + 1000
    browser = signed_in(rig)
    assert status(browser) == 200
    assert sessions_of(rig).write() is False
    table = SessionTable(rig.settings.database("consent"))
    assert table.load() == []
    table.close()
    room.short = False
    assert len(rows_of(rig)) == 1


def test_messages_wait_for_the_next_page_and_are_said_once(rig: Rig) -> None:
    browser, other = signed_in(rig), signed_in(rig)
    session = sessions_of(rig).find(str(browser.cookie))
    assert session is not None
    for number in range(7):
        sessions_of(rig).say(session, "success", f"Message <{number}>")
    assert "Message" not in other.get("/console").text
    page = browser.get("/console").text
    assert [number for number in range(7) if f"Message &lt;{number}&gt;" in page] == [2, 3, 4, 5, 6]
    assert "Message" not in browser.get("/console").text
