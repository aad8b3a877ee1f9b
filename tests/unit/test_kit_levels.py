"""A number that rises: raised by any thread, waited for on a loop, and nothing is left behind."""

import asyncio
import time
from threading import Thread

from shared.kit.levels import Level

A_LONG_TIME = 60.0  # seconds: for what happens at once on any machine that has not stopped


def test_whoever_waits_is_woken_by_another_thread() -> None:
    """By it, and not by the end of their patience."""

    async def wait() -> None:
        level = Level(3)
        level.bind()

        def raise_soon() -> None:
            time.sleep(0.05)
            level.rise(5)

        Thread(target=raise_soon).start()
        async with asyncio.timeout(A_LONG_TIME):
            assert await level.reach(5, 100 * A_LONG_TIME)
        assert level.waiting == {}

    asyncio.run(wait())


def test_only_those_whom_it_reaches_are_woken() -> None:
    async def wait() -> list[bool]:
        level = Level()
        level.bind()
        waiting = [
            asyncio.create_task(level.reach(number, 0.3 if number == 3 else A_LONG_TIME)) for number in (1, 2, 3)
        ]
        await asyncio.sleep(0.05)
        level.rise(2)
        level.rise(1)
        found = await asyncio.gather(*waiting)
        assert (level.value, level.waiting) == (2, {})
        return found

    assert asyncio.run(wait()) == [True, True, False]


def test_what_is_reached_needs_no_loop_and_no_time() -> None:
    level = Level()
    level.rise(4)
    assert asyncio.run(level.reach(4, 0))
    assert not asyncio.run(level.reach(5, 0))


def test_ten_thousand_wait_at_no_cost_and_go_when_it_ends() -> None:
    async def wait() -> float:
        level = Level()
        level.bind()
        waiting = [asyncio.create_task(level.reach(1 + number % 7, 60)) for number in range(10_000)]
        await asyncio.sleep(0)
        before = time.thread_time()
        await asyncio.sleep(0.3)
        idle = time.thread_time() - before
        Thread(target=level.end).start()
        assert not any(await asyncio.gather(*waiting))
        assert level.waiting == {}
        assert not await level.reach(9, 60)
        return idle

    assert asyncio.run(wait()) < 0.1


def test_a_caller_that_gives_up_leaves_nothing() -> None:
    async def wait() -> None:
        level = Level()
        level.bind()
        gone = asyncio.create_task(level.reach(1, 60))
        await asyncio.sleep(0.01)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        assert level.waiting == {}
        level.rise(1)
        await asyncio.sleep(0.01)

    asyncio.run(wait())


def test_no_rise_is_missed_between_looking_and_waiting() -> None:
    async def wait() -> None:
        level = Level()
        level.bind()

        def raise_all() -> None:
            for number in range(1, 3001):
                level.rise(number)

        rising = Thread(target=raise_all)
        rising.start()
        for number in range(1, 3001, 50):
            assert await level.reach(number, A_LONG_TIME)
        rising.join()

    asyncio.run(wait())
