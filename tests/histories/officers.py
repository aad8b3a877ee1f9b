"""Officers who grant and withdraw, as careless as people are: they lose answers, ask twice, and meet one another."""

import asyncio
import base64
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from tests.histories.ground import GATEWAYS, Ground
from tests.histories.public import ANSWERED, Public, Reader
from tests.histories.recorder import Recorder, now
from tests.histories.town import PROGRAMME, RELEASES
from tests.histories.wire import Answer, Request, Wire

PATIENCE: Final = 40.0  # seconds in which a withdrawal is sent again and again
HIDDEN: Final = 40  # people who are hidden at one time; from there on officers rather grant


@dataclass
class Desk:
    """What the officers share. `read`: withdrawn people of whom an answer has come since, so that they may be granted;
    until then a grant would leave nothing to look at."""

    ground: Ground
    public: Public
    recorder: Recorder
    chance: random.Random
    wanted: int
    withdrawn: set[str] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    busy: Counter[str] = field(default_factory=Counter)  # withdrawals of which nobody has looked yet what came of them
    waits: "set[asyncio.Task[None]]" = field(default_factory=set)
    done: int = 0

    def somebody(self) -> str:
        """Mostly somebody who is shown; now and then anybody."""
        people = self.ground.town.people
        for _ in range(10):
            gmc = self.chance.choice(people)
            if gmc not in self.withdrawn:
                return gmc
        return gmc


class Officer:
    """One of them, with a connection to consent and one to each gateway."""

    def __init__(self, name: str, desk: Desk) -> None:
        self.name, self.desk, self.chance = name, desk, desk.chance
        ground = desk.ground
        word = base64.b64encode(f"officer:{ground.passwords['officer']}".encode()).decode()
        self.headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
        self.wire = Wire(ground.processes["consent"].url)
        self.probes = [Reader(desk.public, name, one, ground.processes[one].url) for one in GATEWAYS]

    async def work(self) -> None:
        """Until as many withdrawals as wanted are acknowledged."""
        desk = self.desk
        while desk.done < desk.wanted:
            free = sorted(desk.read & desk.withdrawn)
            if free and (len(desk.withdrawn) > HIDDEN or self.chance.random() < 0.45):
                await self.grant(self.chance.choice(free))
            else:
                await self.withdraw(desk.somebody())
            await asyncio.sleep(self.chance.expovariate(20))

    async def _ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        seconds = 0.3 if self.chance.random() < 0.05 else 3.0  # now and then one does not wait for the answer
        content = b"" if body is None else orjson.dumps(body)
        return await self.wire.ask(Request(path, method, self.headers | headers, content), seconds)

    # Withdrawing

    async def withdraw(self, gmc: str) -> None:
        """One withdrawal, under one key, sent until it is acknowledged. The very next requests ask for that person."""
        desk, key, began = self.desk, uuid.uuid4().hex, now()
        desk.read.discard(gmc)
        desk.withdrawn.add(gmc)
        desk.busy[gmc] += 1
        try:
            await self._withdraw(gmc, key, began)
        finally:
            desk.busy[gmc] -= 1

    async def _withdraw(self, gmc: str, key: str, began: float) -> None:
        body = {"programme": PROGRAMME, "purpose": "own_figures", "channel": "history"}
        while now() - began < PATIENCE:
            answer = await self._ask("POST", f"/v1/consultants/{gmc}/withdrawal", body, **{"Idempotency-Key": key})
            ended = now()
            if answer.status == 202:
                await self._withdrawn(gmc, orjson.loads(answer.content), began, ended)
                return
            assert answer.status in (0, 503), (answer.status, answer.content)
            await asyncio.sleep(0.05)
        self._line("withdraw", gmc, began, None, "info")

    async def _withdrawn(self, gmc: str, found: dict[str, Any], began: float, ended: float) -> None:
        desk = self.desk
        self._line("withdraw", gmc, began, ended, "ok", revision=found["revision"])
        desk.done += 1
        desk.public.focus.append(gmc)
        if self.chance.random() < 0.5:
            task = asyncio.create_task(self._effective(gmc, found["decision"], found["revision"]))
            desk.waits.add(task)
            task.add_done_callback(desk.waits.discard)
        until = ended + PATIENCE
        while now() < until:
            request = Request(f"/v1/releases/{self.chance.choice(RELEASES)}/consultants/{gmc}")
            answer = await self.chance.choice(self.probes).read(request, [gmc], "at once")
            if answer.status in ANSWERED:
                self._may_be_granted(gmc, own=1)
                return
            await asyncio.sleep(0.01)

    async def _effective(self, gmc: str, decision: str, revision: int) -> None:
        """Ask, until nothing older is being sent by anybody."""
        wire, until = Wire(self.desk.ground.processes["consent"].url), now() + PATIENCE
        while now() < until:
            began = now()
            answer = await wire.ask(Request(f"/v1/decisions/{decision}?wait=10", headers=self.headers), 12.0)
            ended = now()
            if answer.status == 200 and orjson.loads(answer.content)["effective"]["status"] == "effective":
                self.desk.recorder.line({"f": "effective", "proc": self.name, "c": gmc, "revision": revision,
                                         "inv": began, "end": ended, "outcome": "ok"})  # fmt: skip
                break
            assert answer.status in (0, 200, 503), (answer.status, answer.content)
            await asyncio.sleep(0.05)
        wire.close()

    # Granting

    async def grant(self, gmc: str) -> None:
        """Compared with the record that was read just before; another officer may have been quicker."""
        desk = self.desk
        seen = await self._ask("GET", f"/v1/consultants/{gmc}")
        if seen.status != 200 or gmc not in desk.read:
            return
        desk.read.discard(gmc)
        expects = int(seen.tag.strip('"'))
        body = {"programme": PROGRAMME, "purpose": "own_figures", "act": "given", "notice": {"version": 1},
                "channel": "history"}  # fmt: skip
        began = now()
        answer = await self._ask("POST", f"/v1/consultants/{gmc}/decisions", body, **{"If-Match": seen.tag})
        ended = now()
        assert answer.status in (0, 202, 412, 422, 503), (answer.status, answer.content)
        # 422: their last decision was recorded while consent's clock was ahead, and no grant may be older than that
        assert answer.status != 422 or b"decided_on" in answer.content, answer.content
        outcome = {202: "ok", 412: "fail", 422: "fail"}.get(answer.status, "info")
        revision = {"revision": orjson.loads(answer.content)["revision"]} if outcome == "ok" else {}
        self._line("grant", gmc, began, None if outcome == "info" else ended, outcome, expects=expects, **revision)
        if outcome == "ok":
            desk.withdrawn.discard(gmc)
            desk.public.focus.append(gmc)
        else:
            self._may_be_granted(gmc)

    def _may_be_granted(self, gmc: str, own: int = 0) -> None:
        """Unless another withdrawal of the same person is still to be looked at."""
        if self.desk.busy[gmc] <= own:
            self.desk.read.add(gmc)

    def _line(self, f: str, gmc: str, began: float, ended: float | None, outcome: str, **more: int) -> None:
        line = {"f": f, "proc": self.name, "c": gmc, "inv": began, "outcome": outcome} | more
        self.desk.recorder.line(line | ({} if ended is None else {"end": ended}))
