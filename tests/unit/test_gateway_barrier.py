"""The consent check: the next batch, never one in flight; deadlines only refuse; lineage is kept over restarts."""

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.deadlines import DEADLINES
from shared.contracts.consent import Change, Changes, Head
from tests.unit.test_gateway_baked import ADAMS, CLARK, FIXED, first_view, key_of
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, Gateway, World, world

NO_HASH = "sha256:" + "0" * 64
QUIET = 3600.0  # seconds between looks: no heartbeat: the test decides when a check starts
DEPENDENT = (
    "/results",
    "/results?level=provider",
    "/results.csv",
    "/results.ndjson",
    "/results/r-000000000006",
    "/results/r-ffffffffffff",
    "/consultants",
    f"/consultants/{ADAMS}",
    f"/consultants/{ADAMS}/results",
    f"/consultants/{ADAMS}/results?partition=fixed",
    "/providers/ZZ001/results",
    "/indicators/hip-death-30-days/results",
    "/indicators/hip-death-30-days/funnel",
    f"/results?indicator={FIXED}&indicator=hip-death-30-days",
    "/results?provider=ZZ003&provider=ZZ001",
)
INDEPENDENT = (
    "/v1",
    "/v1/openapi.json",
    "/v1/releases",
    "/v1/releases/2026-09-30",
    "/v1/codelists",
    "/v1/codelists/status",
    "/v1/proof",
    "/v1/problems/consent-unreachable",
    "/v1/changes",
    "/indicators",
    f"/indicators/{FIXED}",
    f"/indicators/{FIXED}/funnel",
    f"/indicators/{FIXED}/results",
    "/indicators/hip-death-30-days",
    "/providers",
    "/providers/ZZ001",
    f"/results?indicator={FIXED}",
    "/results?partition=fixed",
    "/results.csv?partition=fixed",
    f"/results.ndjson?indicator={FIXED}",
    "/providers/ZZ001/results?partition=fixed",
    "/results/r-000000000004",
    "/providers/ZZ003/results",  # all its rows are fixed: "New York results … 200"
    "/results?provider=ZZ003",
    "/results.csv?provider=ZZ003",
)


class JoinsInFlight(Barrier):
    """The planted mistake: a newcomer joins the check that is in flight already."""

    flying: asyncio.Future[int] | None = None

    def join(self) -> asyncio.Future[int]:
        if self.flying is not None and not self.flying.done():
            return self.flying
        return super().join()

    async def serve(self, batch: asyncio.Future[int]) -> None:
        self.flying = batch
        await super().serve(batch)


async def shown_after_withdrawal(made: World, barrier_type: type[Barrier]) -> bool:
    """A check reads the ledger; then she withdraws; then somebody asks; then the check's answer arrives."""
    async with made.gateway(barrier_type, poll_seconds=QUIET) as gateway:
        read, release = made.consent.hold()
        earlier = asyncio.create_task(gateway.get(f"/consultants/{ADAMS}"))
        assert await asyncio.to_thread(read.wait, A_LONG_TIME)
        made.consent.withdraw(ADAMS)
        later = asyncio.create_task(gateway.get(f"/consultants/{ADAMS}"))
        await asyncio.sleep(0.1)
        assert not later.done()
        release.set()
        assert (await earlier).status_code in (200, 404)  # it began before the withdrawal: either is right
        return (await later).status_code == 200


def test_a_request_after_the_withdrawal_never_joins_a_check_before_it(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        assert asyncio.run(shown_after_withdrawal(made, Barrier)) is False


def test_the_test_catches_a_barrier_that_joins_a_check_in_flight(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        assert asyncio.run(shown_after_withdrawal(made, JoinsInFlight)) is True


def test_requests_share_the_next_check(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            before = made.consent.heads
            found = await asyncio.gather(*(gateway.get("/consultants") for _ in range(40)))
            assert {one.status_code for one in found} == {200}
            assert made.consent.heads - before < 20

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_cancelled_request_does_not_cancel_the_batch(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            read, release = made.consent.hold()
            first = asyncio.create_task(gateway.get("/consultants"))
            assert await asyncio.to_thread(read.wait, A_LONG_TIME)
            both = [asyncio.create_task(gateway.get("/consultants")) for _ in range(2)]
            await asyncio.sleep(0.05)
            first.cancel()
            both[0].cancel()
            release.set()
            assert (await both[1]).status_code == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


async def split(gateway: Gateway) -> None:
    for path in DEPENDENT:
        answer = await gateway.get(path)
        assert (answer.status_code, path) == (503, path)
        assert answer.json()["code"] == "consent_unreachable"
        assert answer.headers["cache-control"] == "no-store"
        assert 1 <= int(answer.headers["retry-after"]) <= 5
        assert (await gateway.client.head(answer.url)).status_code == 503
    for path in INDEPENDENT:
        assert ((await gateway.get(path)).status_code, path) == (200, path)


def test_every_address_of_the_split_answers_while_consent_does(tmp_path: Path) -> None:
    async def scenario(made: World) -> dict[str, int]:
        async with made.gateway() as gateway:
            return {one: (await gateway.get(one)).status_code for one in (*DEPENDENT, *INDEPENDENT)}

    with world(tmp_path, first_view()) as made:
        found = asyncio.run(scenario(made))
    assert {one: status for one, status in found.items() if status != 200} == {"/results/r-ffffffffffff": 404}


def test_without_consent_dependent_answers_stop_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get("/results")).status_code == 200
            made.consent_at.stop()
            await split(gateway)
            made.consent.withdraw(ADAMS)
            made.consent_at.start()
            await gateway.reaches_consent()
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            assert (await gateway.get(f"/consultants/{CLARK}")).status_code == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_a_silent_consent_is_refused_in_time_and_asked_by_one_probe_at_a_time(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert (await gateway.get("/results")).status_code == 200
            gateway.wait_for_consent(DEADLINES)
            made.consent.silent = True  # until it is told otherwise: only a deadline can end this
            async with asyncio.timeout(A_LONG_TIME):
                assert (await gateway.get("/results")).status_code == 503
            before, began = made.consent.heads, time.monotonic()
            for _ in range(60):
                assert (await gateway.get("/results")).status_code == 503
                await asyncio.sleep(0.002)
            assert made.consent.heads - before <= (time.monotonic() - began) / 0.05 + 1
            made.consent.silent = False
            gateway.wait_for_consent(PATIENT)
            await gateway.reaches_consent()
            assert (await gateway.get("/results")).status_code == 200

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_another_store_or_an_older_one_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    async def status(made: World) -> int:
        async with made.gateway() as gateway:
            fixed = await gateway.get(f"/results?indicator={FIXED}")
            assert fixed.status_code == 200
            return (await gateway.get("/results")).status_code

    with world(tmp_path, first_view()) as made:
        made.consent.withdraw(ADAMS)
        assert asyncio.run(status(made)) == 200
        kept = list(made.consent.log)
        made.consent.log = kept[:10]  # yesterday's backup: it has not heard of the withdrawal
        assert asyncio.run(status(made)) == 503
        made.consent.log = kept
        assert asyncio.run(status(made)) == 200
        made.consent.store = "store-b"
        assert asyncio.run(status(made)) == 503


def test_an_older_store_that_grew_again_is_refused_for_good(tmp_path: Path) -> None:
    """The backup has not heard of the withdrawal; more decisions bring it to the same revision, and past it. Neither
    then, nor after a restart, nor with a view that was baked from it, is she shown."""
    known = (*DEPENDENT[:2], f"/consultants/{ADAMS}")

    async def refused(made: World, fixed: int = 200) -> None:
        async with made.gateway() as gateway:
            assert [(await gateway.get(path)).status_code for path in known] == [503] * len(known)
            assert (await gateway.get(f"/results?indicator={FIXED}")).status_code == fixed

    async def while_running(made: World) -> list[Change]:
        async with made.gateway() as gateway:
            made.consent.withdraw(ADAMS)
            assert (await gateway.get(f"/consultants/{ADAMS}")).status_code == 404
            right = list(made.consent.log)
            made.consent.log = right[:10]
            for count in range(3):
                assert (await gateway.get("/results")).status_code == 503, count
                await asyncio.sleep(0.06)
                made.consent.log.append(Change(revision=made.consent.revision + 1))
            assert (await gateway.get("/results")).status_code == 503
            return right

    with world(tmp_path, first_view()) as made:
        right = asyncio.run(while_running(made))
        for length in (11, 12, 20):  # the mark's own revision, and beyond
            made.consent.log = [*right[:10], *(Change(revision=number) for number in range(11, length + 1))]
            asyncio.run(refused(made))
        made.ratings.publish(replace(first_view(), view=2, consent_revision=20))
        asyncio.run(refused(made, fixed=503))  # such a view does not go live at all


def test_the_right_store_is_taken_again_after_a_wrong_one(tmp_path: Path) -> None:
    async def status(made: World, path: str) -> int:
        async with made.gateway() as gateway:
            return (await gateway.get(path)).status_code

    with world(tmp_path, first_view()) as made:
        made.consent.withdraw(ADAMS)
        assert asyncio.run(status(made, "/results")) == 200
        right = list(made.consent.log)
        made.consent.log = [*right[:10], *(Change(revision=number) for number in range(11, 15))]
        assert asyncio.run(status(made, "/results")) == 503
        made.consent.log = [*right, Change(revision=12)]
        assert asyncio.run(status(made, "/results")) == 200
        assert asyncio.run(status(made, f"/consultants/{ADAMS}")) == 404


def test_a_record_from_before_hashes_is_taken_once_and_gets_its_hash(tmp_path: Path) -> None:
    async def status(made: World) -> int:
        async with made.gateway() as gateway:
            return (await gateway.get("/results")).status_code

    with world(tmp_path, first_view()) as made:
        kept = made.settings().data_dir / "consent.json"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps({"store_id": made.consent.store, "revision": 10}))
        assert asyncio.run(status(made)) == 200
        assert json.loads(kept.read_text())["ledger_head"] == made.consent.hash_at(10)
        made.consent.log[3] = Change(revision=4, key=key_of(CLARK), now="named")
        assert asyncio.run(status(made)) == 503


class Knowing:
    """What a barrier keeps up to date, written down."""

    def __init__(self) -> None:
        self.revision, self.applied = 3, list[int]()
        self.joint: int | None = None
        self.confirmed = list[int]()

    def check_lineage(self, head: Head) -> int | None:
        assert head.store_id == "s"
        return self.joint

    def confirm(self, head: Head, joint: Changes) -> None:
        assert (joint.after, joint.upto, joint.changes) == (self.joint, self.joint, [])
        assert self.revision < head.revision  # nothing is applied before its history is confirmed
        self.confirmed.append(joint.after)

    def apply(self, changes: Changes) -> None:
        self.applied += [change.revision for change in changes.changes]
        self.revision = changes.upto

    def remember(self, head: Head) -> None:
        assert head.revision == self.revision


class Ledger:
    """In-process peer with a real log."""

    def __init__(self, revision: int) -> None:
        self.revision, self.gate = revision, asyncio.Event()
        self.gate.set()

    async def head(self) -> Head:
        await self.gate.wait()
        return Head(store_id="s", revision=self.revision, ledger_head=NO_HASH)

    async def changes(self, after: int, upto: int) -> Changes:
        found = [
            Change(revision=number, key=key_of(str(number)), now="withheld") for number in range(after + 1, upto + 1)
        ]
        return Changes(store_id="s", after=after, after_head=NO_HASH, upto=upto, changes=found)


def test_every_change_is_applied_before_the_barrier_opens() -> None:
    async def scenario() -> None:
        knowing, ledger = Knowing(), Ledger(7)
        barrier = Barrier(ledger, knowing, A_LONG_TIME)
        assert await barrier() == 7
        assert knowing.applied == [4, 5, 6, 7]
        await barrier.close()

    asyncio.run(scenario())


def test_a_history_is_confirmed_before_anything_of_it_is_applied() -> None:
    async def scenario() -> None:
        knowing = Knowing()
        knowing.joint = 2
        barrier = Barrier(Ledger(5), knowing, A_LONG_TIME)
        assert await barrier() == 5
        assert (knowing.confirmed, knowing.applied) == ([2], [4, 5])
        await barrier.close()

    asyncio.run(scenario())


def test_a_cancelled_check_refuses_and_the_next_call_starts_afresh() -> None:
    async def scenario() -> None:
        ledger = Ledger(3)
        barrier = Barrier(ledger, Knowing(), A_LONG_TIME)
        ledger.gate.clear()
        waiting = asyncio.create_task(barrier())
        await asyncio.sleep(0)
        joined = asyncio.create_task(barrier())
        await asyncio.sleep(0.01)
        await barrier.close()
        for task in (waiting, joined):
            with pytest.raises(ConsentUnreachable):
                await task
        ledger.gate.set()
        await asyncio.sleep(0.06)
        assert await barrier() == 3
        await barrier.close()

    asyncio.run(scenario())


def test_a_caller_that_gives_up_is_cancelled_not_refused() -> None:
    async def scenario() -> None:
        ledger = Ledger(3)
        barrier = Barrier(ledger, Knowing(), A_LONG_TIME)
        ledger.gate.clear()
        waiting = asyncio.create_task(barrier())
        await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ledger.gate.set()
        assert await barrier() == 3
        await barrier.close()

    asyncio.run(scenario())


def test_a_cancellation_is_never_swallowed_by_an_answer_that_comes_at_the_same_moment() -> None:
    async def scenario() -> None:
        barrier = Barrier(Ledger(3), Knowing(), A_LONG_TIME)
        waiting = asyncio.create_task(barrier())
        await asyncio.sleep(0)
        assert barrier.next is not None
        batch = barrier.join()
        batch.add_done_callback(lambda _: waiting.cancel())  # runs in the turn in which the answer arrives
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await barrier.close()

    asyncio.run(scenario())
