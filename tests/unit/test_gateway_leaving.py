"""The end of a gateway process: what it says itself, what its lock proves, and what nobody believes."""

import asyncio
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import structlog

from services.gateway import tenure as tenures
from services.gateway.deadlines import DEADLINES, Deadlines
from services.gateway.tenure import RECORD, Registered, Tenure, tenure_of
from shared.kit.presence import Busy
from tests.ports import free_port
from tests.unit.inflight_rig import guarded, long_view
from tests.unit.test_gateway_baked import ADAMS, FIXED, first_view
from tests.unit.test_gateway_process import environment, wait_until_ready
from tests.unit.test_gateway_registration import statuses, until
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, World, world

QUIET = 3600.0
PERSON, NEW_YORK = f"/consultants/{ADAMS}", f"/results?indicator={FIXED}"


def once(made: World, hung: bool = False, deadlines: Deadlines = PATIENT) -> None:
    """A gateway that starts, answers and ends; `hung`: consent does not answer its last word."""

    async def scenario() -> None:
        async with made.gateway(poll_seconds=QUIET, deadlines=deadlines) as gateway:
            assert await statuses(gateway, PERSON) == [200]
            await until(made, ("gateway", 10))
            made.consent.hung = hung

    asyncio.run(scenario())


def test_the_last_word_is_that_it_leaves(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        once(made)
        _, said = made.consent.heard[-1]
        assert (said.leaving, said.applied, said.incarnation) == (True, 10, made.consent.incarnations["gateway"][0])


def test_a_consent_that_does_not_answer_holds_the_end_up_for_a_second(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made, structlog.testing.capture_logs() as logs:
        once(made, hung=True, deadlines=replace(PATIENT, leaving=DEADLINES.leaving))
        assert made.consent.hung  # and it has ended all the same
    assert [one["event"] for one in logs if one["log_level"] == "warning"] == ["leaving_not_told"]


def test_who_leaves_sends_nothing_more(tmp_path: Path) -> None:
    """The server waits for its connections in vain: the reader does not read. What depends on nobody may go on."""
    with world(tmp_path, long_view()) as made:
        with guarded(made) as here:
            reader = here.reader("/results.ndjson")
            reader.read_until(b"\r\n\r\n")
            reader.sent.settled()
        when, _ = here.leaving()
        assert reader.read_to_the_end() == "reset"
        assert reader.sent.after(when) == 0
        reader.close()


@pytest.mark.parametrize("code", ["incarnation_superseded", "incarnation_ended"])
def test_who_is_not_answered_any_more_cuts_what_it_sends_and_leaves(tmp_path: Path, code: str) -> None:
    with world(tmp_path, long_view()) as made, guarded(made) as here:
        reader = here.reader("/results.ndjson")
        reader.read_until(b"\r\n\r\n")
        reader.sent.settled()
        if code == "incarnation_ended":
            made.consent.ended.add(made.consent.incarnations["gateway"][0])
        else:
            made.consent.register("gateway")
        assert here.reader("/results").read_until(b"\r\n").startswith(b"HTTP/1.1 503")
        assert reader.read_to_the_end() == "reset"
        until_said = time.monotonic() + A_LONG_TIME
        while not (made.consent.heard and made.consent.heard[-1][1].leaving) and time.monotonic() < until_said:
            time.sleep(0.01)
        when, said = here.leaving()
        assert said.incarnation == made.consent.incarnations["gateway"][0]
        assert reader.sent.after(when) == 0
        assert here.reader("/results?limit=2").read_until(b"\r\n").startswith(b"HTTP/1.1 503")
        assert here.reader(NEW_YORK).read_until(b"\r\n").startswith(b"HTTP/1.1 200")


# The lock


def test_whoever_has_the_lock_says_who_had_it_before(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        for _ in range(3):
            once(made)
        first, second, _ = made.consent.incarnations["gateway"]
        assert made.consent.begun == [("gateway", None), ("gateway", first), ("gateway", second)]


def test_who_has_no_lock_says_nothing_of_anybody(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        once(made)
        with guarded(made) as here:  # like a process on another directory
            assert here.reader(PERSON).read_until(b"\r\n").startswith(b"HTTP/1.1 200")
        assert made.consent.begun == [("gateway", None), ("gateway", None)]


@pytest.mark.parametrize("arrived", [True, False])
def test_a_registration_without_an_answer_is_ended_too(tmp_path: Path, arrived: bool) -> None:
    """Killed between its question and the answer, after another that was killed: consent may have heard of both."""
    with world(tmp_path, first_view()) as made:
        once(made)
        (first,) = made.consent.incarnations["gateway"]
        with tenure_of(made.settings().data_dir) as tenure:
            killed = tenure.begins(first)
            if arrived:
                made.consent.register("gateway", killed.key)
        once(made)
        _, second, third = made.consent.incarnations["gateway"]
        assert made.consent.begun[-2:] == [("gateway", first), ("gateway", second)]
        with tenure_of(made.settings().data_dir) as tenure:
            assert tenure.before is not None
            assert (tenure.before.incarnation, tenure.before.ended) == (third, second)


def test_the_lock_of_a_copied_directory_proves_nothing(tmp_path: Path) -> None:
    """Whoever it was copied from may be sending beside. A process of the copy itself is proved gone as any other."""
    first, copy = tmp_path / "first", tmp_path / "copy"
    first.mkdir()
    incarnation = f"1-{'0' * 32}"
    with tenure_of(first) as running:
        running.begins(None)
        running.is_now(incarnation)
        shutil.copytree(first, copy)
        with tenure_of(copy) as beside:
            assert beside.before is None
        with tenure_of(copy) as again:  # the one before has not even asked consent
            assert again.before is None
            again.begins(None)
            again.is_now(incarnation)
        with tenure_of(copy) as third:
            assert third.before is not None
            assert third.before.incarnation == incarnation


def test_a_store_that_does_not_know_the_process_before_is_registered_with_all_the_same(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        once(made)
        made.consent.incarnations.clear()
        once(made)
        assert made.consent.begun == [("gateway", None), ("gateway", None)]


def test_a_directory_has_one_gateway_and_the_other_is_told_so(tmp_path: Path) -> None:
    with tenure_of(tmp_path):
        with pytest.raises(Busy, match=r"Another gateway process is running on [^(]*\(CANDOUR_GATEWAY_DATA_DIR"):
            with tenure_of(tmp_path):
                raise AssertionError
    with tenure_of(tmp_path) as free:
        assert free.before is None


def test_somebody_who_only_looks_whether_it_is_free_keeps_nobody_out(tmp_path: Path) -> None:
    looking = tenure_of(tmp_path)
    looking.__enter__()
    threading.Timer(0.05, looking.__exit__, (None, None, None)).start()
    with tenure_of(tmp_path) as mine:
        assert mine.before is None


def test_a_full_disk_delays_the_record_and_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    incarnation = "1-" + "0" * 32
    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logs:
        patched.setattr(tenures, "write_durably", full)
        mine = Tenure(tmp_path / RECORD)
        mine.begins(None)
        mine.is_now(incarnation)
    assert {one["event"] for one in logs} == {"registration_not_written"}
    assert Tenure(tmp_path / RECORD).before is None
    mine.write_down()
    assert Tenure(tmp_path / RECORD).before == Registered(key=mine.mine.key, incarnation=incarnation)


def test_a_record_that_cannot_be_read_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text('{"key": 1')
    with structlog.testing.capture_logs() as logs:
        assert Tenure(tmp_path / RECORD).before is None
    assert [one["event"] for one in logs] == ["registration_not_readable"]


def test_processes_one_is_refused_a_killed_one_is_proved_gone_and_one_that_is_stopped_leaves(tmp_path: Path) -> None:
    def started() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "services.gateway", "serve"]
        return subprocess.Popen(command, env=environment(made, port), stderr=said.open("ab"))

    said = tmp_path / "said"
    with world(tmp_path, first_view()) as made:
        port = free_port()
        running = [started()]
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
                wait_until_ready(client, running[0])
                (first,) = made.consent.incarnations["gateway"]
                second = started()
                running.append(second)
                assert second.wait(A_LONG_TIME) == 2
                assert b"Another gateway process is running on" in said.read_bytes()
                assert made.consent.begun == [("gateway", None)]
                running[0].kill()
                running[0].wait(A_LONG_TIME)
                running.append(started())
                wait_until_ready(client, running[-1])
                assert made.consent.begun[-1] == ("gateway", first)
                running[-1].send_signal(signal.SIGTERM)
                assert running[-1].wait(A_LONG_TIME) in (0, -signal.SIGTERM)
                assert made.consent.heard[-1][1].leaving
        finally:
            for one in running:
                one.kill()
                one.wait(A_LONG_TIME)
