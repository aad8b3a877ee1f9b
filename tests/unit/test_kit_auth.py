"""Passwords are slow to check: however many come at once, they take nobody's threads but their own."""

import asyncio
import threading
from pathlib import Path

import pytest

from shared.kit import auth
from shared.kit.auth import Caller, Identity
from shared.kit.people import Account, People
from shared.kit.problems import NotSignedIn
from shared.kit.tries import TooManyTries
from tests.people import change_person, make_quick_people
from tests.unit.test_kit_people import basic


def identity_of(folder: Path) -> tuple[Identity, dict[str, str]]:
    passwords = make_quick_people(folder / "people.json")
    return Identity("consent", People(folder / "people.json"), {}), passwords


def test_a_caller_says_whose_record_is_theirs_and_how_they_are_known(tmp_path: Path) -> None:
    identity, passwords = identity_of(tmp_path)

    async def caller(name: str) -> Caller:
        return await identity.caller(f"Basic {basic(name, passwords[name])}")

    found = asyncio.run(caller("consultant"))
    assert found == Caller("consultant", frozenset({"consultant"}), "9900002", "password")
    assert asyncio.run(caller("officer")) == Caller("officer", frozenset({"officer"}), None, "password")
    change_person(tmp_path / "people.json", "consultant", subject="9900003")
    assert asyncio.run(caller("consultant")).subject == "9900003"


def test_a_flood_of_passwords_waits_in_a_queue_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two are checked at a time; beyond a few that wait, the next is told to come again. Whose password was right a
    moment ago waits for none of them."""
    identity, passwords = identity_of(tmp_path)
    monkeypatch.setattr(auth, "MOST_WAITING", 6)
    gate, busy, at_once = threading.Semaphore(0), set[int](), []
    check = identity.people.check

    def slow(name: str, password: str) -> Account:
        busy.add(threading.get_ident())
        at_once.append(len(busy))
        assert gate.acquire(timeout=60)
        busy.discard(threading.get_ident())
        return check(name, password)

    async def flood() -> list[BaseException | Account]:
        await identity.admit("officer", passwords["officer"], "x")
        monkeypatch.setattr(identity.people, "check", slow)
        tries = [asyncio.create_task(identity.admit(f"n{number}", "wrong", "x")) for number in range(9)]
        async with asyncio.timeout(60):
            while identity.waiting < 6 or sum(one.done() for one in tries) < 3 or len(busy) < auth.CHECKED_AT_ONCE:
                await asyncio.sleep(0.01)
        assert identity.waiting == 6
        monkeypatch.setattr(identity.people, "check", check)
        assert (await identity.admit("officer", passwords["officer"], "x")).name == "officer"
        monkeypatch.setattr(identity.people, "check", slow)
        for _ in tries:
            gate.release()
        return await asyncio.gather(*tries, return_exceptions=True)

    kinds = [type(one) for one in asyncio.run(flood())]
    assert kinds == [NotSignedIn] * 6 + [TooManyTries] * 3
    assert max(at_once) == auth.CHECKED_AT_ONCE
    assert identity.waiting == 0
