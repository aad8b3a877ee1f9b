"""Consent's hint that there is something newer: it makes a confirmation prompt, and no answer hangs on it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import pytest

from services.gateway.confirming import AT_MOST_EVERY, Confirmer
from services.gateway.waking import FIRST_PAUSE, LONGEST_PAUSE, NOTHING_CAME_OF_IT, UNREGISTERED, Waker
from shared.kit.peers import PeerUnreachable
from tests.unit.test_gateway_baked import ADAMS, CLARK, first_view
from tests.unit.test_gateway_registration import until
from tests.unit.test_gateway_world import World, world

QUIET = 3600.0
Way = Literal["absent", "never", "lies"]


def test_a_withdrawal_is_confirmed_without_a_reader_or_a_look(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET):
            await until(made, ("gateway", 10))
            for gmc in (ADAMS, CLARK):
                await asyncio.sleep(0.3)  # a quiet time, several questions long
                await until(made, ("gateway", made.consent.withdraw(gmc)))  # nobody else would bring it for QUIET
            assert made.consent.most_at_once == 1
            assert made.consent.heads < 10  # nothing newer, no check

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


@pytest.mark.parametrize("way", ["absent", "never", "lies"])
def test_with_no_hint_or_a_wrong_one_every_answer_is_as_right(tmp_path: Path, way: Way) -> None:
    async def scenario(made: World) -> None:
        made.consent.hints = way
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 200
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            await until(made, ("gateway", 11))  # the reader's check found it

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


@pytest.mark.parametrize("way", ["absent", "never", "lies"])
def test_with_no_hint_the_next_look_brings_the_confirmation(tmp_path: Path, way: Way) -> None:
    async def scenario(made: World) -> None:
        made.consent.hints = way
        async with made.gateway(poll_seconds=0.1):
            await until(made, ("gateway", 10))
            await until(made, ("gateway", made.consent.withdraw(ADAMS)))

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_hint_that_is_never_true_is_no_flood_of_checks(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        made.consent.hints = "lies"
        async with made.gateway(poll_seconds=QUIET):
            await until(made, ("gateway", 10))
            heads, began = made.consent.heads, time.monotonic()
            await asyncio.sleep(0.5)
            assert made.consent.heads - heads <= (time.monotonic() - began) / NOTHING_CAME_OF_IT + 1

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


class Peer:
    """A consent that says what it is told to."""

    superseded, incarnation = False, "1-" + "0" * 32
    on_superseded: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self) -> None:
        self.tell: int | Exception | None = None
        self.confirmed: list[int] = []
        self.at_once = self.most_at_once = 0
        self.slow = 0.0

    async def news(self, after: int) -> int | None:
        assert after == 3
        if isinstance(self.tell, Exception):
            raise self.tell
        return self.tell

    async def confirm(self, applied: int, *, leaving: bool = False) -> bool:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.slow)
        self.at_once -= 1
        self.confirmed.append(applied)
        return True


def waker(peer: Peer, check: Callable[[], Awaitable[int]]) -> Waker:
    return Waker(peer, check, lambda: 3)  # type: ignore[arg-type]  # the part of a peer that it uses


def test_it_asks_less_often_while_consent_is_away_and_at_once_again_when_it_is_back() -> None:
    async def scenario() -> None:
        async def check() -> int:
            raise AssertionError("nothing newer was told")

        peer = Peer()
        one = waker(peer, check)
        peer.tell = PeerUnreachable("gone")
        pauses = [await one.once() for _ in range(6)]
        assert pauses[0] == FIRST_PAUSE
        assert pauses == sorted(pauses)
        assert pauses[-1] == LONGEST_PAUSE
        peer.tell = 3
        assert await one.once() == NOTHING_CAME_OF_IT
        peer.tell = None
        assert await one.once() == UNREGISTERED

    asyncio.run(scenario())


def test_a_check_that_fails_after_a_hint_is_a_failure_like_any_other() -> None:
    async def scenario() -> None:
        async def check() -> int:
            raise PeerUnreachable("gone meanwhile")

        peer = Peer()
        peer.tell = 4
        assert await waker(peer, check).once() == FIRST_PAUSE

    asyncio.run(scenario())


def confirmer(peer: Peer, applied: Callable[[], int]) -> Confirmer:
    return Confirmer(peer, applied, lambda: None)  # type: ignore[arg-type]  # the part of a peer that it uses


def test_after_a_quiet_time_a_confirmation_goes_at_once_also_when_a_check_has_just_found_nothing() -> None:
    async def scenario() -> None:
        peer, known = Peer(), [10]
        one = confirmer(peer, lambda: known[0])
        task = asyncio.create_task(one.run())
        one.tell()
        await asyncio.sleep(2 * AT_MOST_EVERY)
        assert peer.confirmed == [10]
        for _ in range(3):
            one.tell()  # a check that found what was known
            await asyncio.sleep(0.005)
        known[0] = 11
        one.tell()
        for _ in range(5):  # turns of the loop, and no time
            await asyncio.sleep(0)
        assert peer.confirmed == [10, 11]
        task.cancel()

    asyncio.run(scenario())


def test_under_a_flood_one_message_is_under_way_and_it_is_the_newest() -> None:
    async def scenario() -> None:
        peer, known = Peer(), [0]
        peer.slow = 0.03
        one = confirmer(peer, lambda: known[0])
        task = asyncio.create_task(one.run())
        began = time.monotonic()
        while time.monotonic() - began < 0.5:
            known[0] += 1
            one.tell()
            await asyncio.sleep(0.001)
        async with asyncio.timeout(60):
            while peer.confirmed[-1:] != known:
                await asyncio.sleep(peer.slow)
        assert peer.most_at_once == 1
        assert peer.confirmed == sorted(set(peer.confirmed))
        assert len(peer.confirmed) <= (time.monotonic() - began) / AT_MOST_EVERY + 2
        task.cancel()

    asyncio.run(scenario())
