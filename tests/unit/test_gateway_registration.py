"""A gateway and its name: registered before it answers, closed for good when another has the name, confirming."""

import asyncio
import time
from pathlib import Path

import pytest
import structlog

from services.gateway.confirming import AT_MOST_EVERY
from services.gateway.settings import Settings
from shared.contracts.consent import Change
from tests.unit.test_gateway_baked import ADAMS, FIXED, first_view
from tests.unit.test_gateway_world import A_LONG_TIME, Gateway, World, world

QUIET = 3600.0
PERSON, NEW_YORK = f"/consultants/{ADAMS}", f"/results?indicator={FIXED}"


async def statuses(gateway: Gateway, *paths: str) -> list[int]:
    return [(await gateway.get(path)).status_code for path in paths]


async def until(made: World, confirmed: tuple[str, int]) -> None:
    late = time.monotonic() + A_LONG_TIME
    while time.monotonic() < late:
        if made.consent.confirmations and made.consent.confirmations[-1] == confirmed:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(made.consent.confirmations)


def test_it_registers_under_its_name_before_it_answers(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET, name="gateway-2") as gateway:
            assert list(made.consent.incarnations) == ["gateway-2"]
            assert await statuses(gateway, PERSON, "/results", PERSON) == [200, 200, 200]
            assert len(made.consent.incarnations["gateway-2"]) == 1  # once, not with each question

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_whose_name_another_process_has_taken_is_closed_for_good_and_alarms_once(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        with structlog.testing.capture_logs() as logs:
            async with made.gateway(poll_seconds=0.02) as gateway:
                assert await statuses(gateway, PERSON, NEW_YORK) == [200, 200]
                made.consent.register("gateway")
                for _ in range(3):
                    assert await statuses(gateway, PERSON, "/results", NEW_YORK) == [503, 503, 200]
                    await asyncio.sleep(0.06)  # a probe may go out
                ready = await gateway.client.get("/health/ready")
                assert (ready.status_code, "another process" in ready.json()["reason"]) == (503, True)
                assert len(made.consent.incarnations["gateway"]) == 2  # it does not take its name back
                heads = made.consent.heads
                await asyncio.sleep(0.2)
                assert made.consent.heads == heads  # and leaves consent in peace
        alarms = [one for one in logs if one["event"] == "gateway_superseded"]
        assert [one["log_level"] for one in alarms] == ["critical"]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_two_names_do_not_meet(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as one, made.gateway(poll_seconds=QUIET, name="gateway-2") as other:
            for _ in range(3):
                assert await statuses(one, PERSON) == await statuses(other, PERSON) == [200]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_restored_consent_is_registered_with_again_and_still_must_be_the_same_history(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            made.consent.withdraw(ADAMS)
            assert await statuses(gateway, PERSON, "/results") == [404, 200]
            kept = list(made.consent.log)
            made.consent.incarnations.clear()  # yesterday's store, its journal replayed
            assert await statuses(gateway, PERSON, "/results") == [404, 200]
            assert len(made.consent.incarnations["gateway"]) == 1
            made.consent.incarnations.clear()  # yesterday's store as it was
            made.consent.log = kept[:10]
            assert await statuses(gateway, PERSON, "/results", NEW_YORK) == [503, 503, 200]
            assert len(made.consent.incarnations["gateway"]) == 1
            made.consent.log = [*kept, Change(revision=12)]
            await gateway.reaches_consent()
            assert await statuses(gateway, PERSON, "/results") == [404, 200]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_consent_that_forgets_at_once_is_not_asked_for_ever(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await statuses(gateway, "/results") == [200]
            made.consent.forgetful = True
            before = len(made.consent.incarnations["gateway"])
            assert await statuses(gateway, "/results") == [503]
            assert len(made.consent.incarnations["gateway"]) - before <= 1
            made.consent.forgetful = False
            await gateway.reaches_consent()
            assert await statuses(gateway, "/results") == [200]

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_start_while_consent_is_silent_answers_what_is_fixed_and_registers_later(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET):
            pass
        made.consent_at.stop()
        made.consent.incarnations.clear()
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await statuses(gateway, NEW_YORK, PERSON) == [200, 503]
            assert (await gateway.client.get("/health/ready")).status_code == 200
            made.consent_at.start()
            await gateway.reaches_consent()
            assert await statuses(gateway, PERSON) == [200]
            assert len(made.consent.incarnations["gateway"]) == 1

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_what_is_applied_is_confirmed_the_newest_only_and_a_few_times_a_second(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            await until(made, ("gateway", 10))
            del made.consent.confirmations[:]
            began = time.monotonic()
            for _ in range(60):
                revision = made.consent.withdraw("9999999")
                assert await statuses(gateway, "/results?limit=1") == [200]
            await until(made, ("gateway", revision))
            took = time.monotonic() - began
            told = [applied for _, applied in made.consent.confirmations]
            assert told == sorted(set(told))
            assert len(told) <= took / AT_MOST_EVERY + 2

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_nothing_is_confirmed_that_was_not_applied(tmp_path: Path) -> None:
    """The head has been read and its change has not been applied yet: a failed check confirms nothing."""

    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            await until(made, ("gateway", 10))
            made.consent.store = "store-b"
            made.consent.withdraw(ADAMS)
            assert await statuses(gateway, "/results") == [503]
            await asyncio.sleep(0.3)
            assert made.consent.confirmations[-1] == ("gateway", 10)

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_reader_never_waits_for_a_confirmation_which_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.confirming.AFTER_A_FAILURE", 0.1)
    monkeypatch.setattr("services.gateway.confirming.SAY_AGAIN_AFTER", 0.3)

    async def scenario(made: World) -> None:
        made.consent.deaf = True
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await statuses(gateway, PERSON) == [200]
            assert made.consent.confirmations == []
            made.consent.deaf = False
            await until(made, ("gateway", 10))
            del made.consent.confirmations[:]  # consent was started anew and has forgotten
            await until(made, ("gateway", 10))

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


@pytest.mark.parametrize("name", ["", "Gateway", "gateway/2", "a&incarnation=1"])
def test_a_name_is_a_slug(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Settings(data_dir=tmp_path, secrets_dir=tmp_path, name=name)
