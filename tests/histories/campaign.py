"""One history: everybody at work at once, faults one after the other and two together; then all is put right, everybody
is looked at once more, and the final ledger is read."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from shared.contracts.consent import Changes, Head
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken
from tests.histories.faults import Trouble, possible
from tests.histories.ground import GATEWAYS, Ground
from tests.histories.officers import PATIENCE, Desk, Officer
from tests.histories.public import ANSWERED, Public, Reader
from tests.histories.recorder import Recorder, now
from tests.histories.town import RELEASES, Town
from tests.histories.wire import Request

OFFICERS: Final = 3
READERS: Final = 14  # for each gateway
ACTS: Final = {"given": "grant", "withdrawn": "withdraw"}
GIVEN_UP: Final = 1200.0
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Size:
    """`rounds`: how often each kind of fault is made; `longest`: seconds of a pause; `given_up`: seconds after which a
    history that does not come to its end is broken off."""

    withdrawals: int
    reads: int
    rounds: int = 1
    longest: float = 3.0
    people: int = 240
    given_up: float = GIVEN_UP


class Campaign:
    """In `folder`; what happened is in `history.jsonl` there."""

    def __init__(self, folder: Path, size: Size, seed: int, tell: Tell, mistake: str = "") -> None:
        self.folder, self.size, self.seed, self.tell = folder, size, seed, tell
        self.chance, self.town = random.Random(seed), Town(size.people)
        self.ground = Ground(folder, self.town, mistake)
        self.file = folder / "history.jsonl"
        self.kinds = possible(self.ground)

    async def run(self) -> Path:
        """The file of the history. Raises AssertionError where an answer was one that nobody may give."""
        try:
            async with asyncio.timeout(self.size.given_up):
                await self.ground.up()
                with Recorder(self.file, await asyncio.to_thread(self._header)) as recorder:
                    await self._work(recorder)
                    for name in GATEWAYS:
                        recorder.append(self.folder / f"{name}.sent")
                    for entry in await asyncio.to_thread(self._ledger):
                        recorder.line(entry)
        finally:
            await self.ground.close()
        return self.file

    def _header(self) -> dict[str, Any]:
        size = self.size
        asked = {"withdrawals": size.withdrawals, "reads": size.reads, "faults": dict.fromkeys(self.kinds, size.rounds),
                 "effective": size.withdrawals // 4, "sent": size.reads // 10}  # fmt: skip
        return {"asked": asked, "seed": self.seed, "revision": self._head().revision}

    async def _work(self, recorder: Recorder) -> None:
        public = Public(self.town, recorder, random.Random(self.chance.random()))
        desk = Desk(self.ground, public, recorder, random.Random(self.chance.random()), self.size.withdrawals)
        readers = [(name, Reader(public, f"reader-{number} of {name}", name, self.ground.processes[name].url))
                   for name in GATEWAYS for number in range(READERS)]  # fmt: skip
        slow = [Reader(public, f"slow reader of {name}", name, self.ground.processes[name].url, 16384)
                for name in GATEWAYS]  # fmt: skip
        reading = [asyncio.create_task(one.work()) for _, one in readers]
        reading += [asyncio.create_task(one.work_slowly()) for one in slow]
        working = [asyncio.create_task(Officer(f"officer-{number}", desk).work()) for number in range(OFFICERS)]
        working += [asyncio.create_task(self._faults(recorder)), asyncio.create_task(self._enough(recorder))]
        async with asyncio.TaskGroup() as together:
            together.create_task(self._until(working, reading, public))
            together.create_task(self._progress(recorder, working))
        await asyncio.gather(*desk.waits)
        await self._final_reads(public)

    async def _until(
        self, working: "list[asyncio.Task[None]]", reading: "list[asyncio.Task[None]]", public: Public
    ) -> None:
        """Whoever fails ends everything; a reader ends only when it is told to, or fails."""

        async def work() -> None:
            await asyncio.gather(*working)

        try:
            ended, _ = await asyncio.wait([asyncio.create_task(work()), *reading], return_when=asyncio.FIRST_COMPLETED)
            for one in ended:
                one.result()
        finally:
            public.stopping = True
            for one in working:
                one.cancel()
            await asyncio.wait(reading, timeout=45)
        for one in reading:
            one.result()

    async def _faults(self, recorder: Recorder) -> None:
        """Each kind in each round, in an order by chance; every third one begins while the one before it lasts."""
        trouble = Trouble(self.ground, recorder, random.Random(self.chance.random()), self.size.longest)
        for _ in range(self.size.rounds):
            kinds = self.chance.sample(self.kinds, len(self.kinds))
            while kinds:
                number = 2 if self.chance.random() < 0.35 else 1
                together, kinds = kinds[:number], kinds[number:]
                await asyncio.gather(*(trouble.make(kind) for kind in together))
                await asyncio.sleep(self.chance.uniform(0.2, 1.0))

    async def _enough(self, recorder: Recorder) -> None:
        while recorder.counts["answered"] < self.size.reads:
            await asyncio.sleep(0.1)

    async def _progress(self, recorder: Recorder, working: "list[asyncio.Task[None]]") -> None:
        began = now()
        while not all(one.done() for one in working):
            await asyncio.wait(working, timeout=5)
            counts = recorder.counts
            self.tell(
                f"{now() - began:.0f} s: {counts['withdraw']:,} withdrawals, {counts['grant']:,} grants, "
                f"{counts['read']:,} reads ({counts['answered']:,} answered), {counts['fault']} faults"
            )

    async def _final_reads(self, public: Public) -> None:
        """Everybody, at every gateway, in each release."""
        for name in GATEWAYS:
            await self.ground.ready(name)
        await asyncio.gather(
            *(self._final_reads_of(public, name, release) for name in GATEWAYS for release in RELEASES)
        )

    async def _final_reads_of(self, public: Public, name: str, release: str) -> None:
        reader = Reader(public, "final", name, self.ground.processes[name].url)
        for gmc in self.town.people:
            request, until = Request(f"/v1/releases/{release}/consultants/{gmc}"), now() + PATIENCE
            while (await reader.read(request, [gmc], "final")).status not in ANSWERED:
                assert now() < until, f"{name} does not answer after everything was put right"
                await asyncio.sleep(0.05)
        reader.wire.close()

    # The final ledger

    def _head(self) -> Head:
        return Head.model_validate_json(self._as_ratings("/v1/head"))

    def _as_ratings(self, path: str) -> bytes:
        token = ServiceToken("ratings", "consent", read_secret(self.ground.secrets, "ratings-consent"))
        with self.ground.officer() as client:
            return client.get(path, auth=token).raise_for_status().content

    def _ledger(self) -> list[dict[str, Any]]:
        """Every revision, and of the people's events whose they are and what they did."""
        upto = self._head().revision
        changes = Changes.model_validate_json(self._as_ratings(f"/v1/changes?after=0&upto={upto}"))
        found: dict[int, dict[str, Any]] = {one.revision: {"f": "entry", "revision": one.revision}
                                            for one in changes.changes}  # fmt: skip
        with self.ground.officer() as officer:
            for gmc in self.town.people:
                for one in officer.get(f"/v1/consultants/{gmc}").raise_for_status().json()["history"]:
                    found[one["revision"]] |= {"c": gmc, "act": ACTS.get(one["act"], "other")}
        return list(found.values())
