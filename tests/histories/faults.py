"""What goes wrong, one or two things at a time, and is put right again. Each is written down with when it began and
ended; nothing needs a privilege."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.histories.clock import DAY
from tests.histories.ground import GATEWAYS, Ground
from tests.histories.recorder import Recorder, now

Fault = Callable[["Trouble", str], Awaitable[None]]
CONSENT: Final = "consent"


@dataclass
class Trouble:
    """`longest`: seconds of a pause. Two faults of one process are never at work together."""

    ground: Ground
    recorder: Recorder
    chance: random.Random
    longest: float

    def __post_init__(self) -> None:
        self.locks = {name: asyncio.Lock() for name in (CONSENT, *GATEWAYS)}

    async def make(self, kind: str) -> None:
        """One fault, from its beginning to its end."""
        target = CONSENT if kind.endswith(CONSENT) else self.chance.choice(GATEWAYS)
        async with self.locks[target]:
            began = now()
            await FAULTS[kind](self, target)
            self.recorder.line({"f": "fault", "kind": kind, "target": target, "inv": began, "end": now()})

    async def back(self, target: str) -> None:
        """Start again what has ended, and wait until it works."""
        process = self.ground.processes[target]
        process.start()
        await self.ground.ready(target)

    def while_it_lasts(self, least: float = 0.3, most: float = 2.5) -> Awaitable[None]:
        return asyncio.sleep(self.chance.uniform(least, most))


async def _kill(trouble: Trouble, target: str) -> None:
    trouble.ground.processes[target].send(signal.SIGKILL)
    await asyncio.to_thread(trouble.ground.processes[target].ended)
    await trouble.back(target)


async def _stop(trouble: Trouble, target: str) -> None:
    """Away for a while, so that connections are refused."""
    trouble.ground.processes[target].send(signal.SIGKILL)
    await asyncio.to_thread(trouble.ground.processes[target].ended)
    await trouble.while_it_lasts()
    await trouble.back(target)


async def _restart(trouble: Trouble, target: str) -> None:
    """In good order."""
    process = trouble.ground.processes[target]
    process.send(signal.SIGTERM)
    code = await asyncio.to_thread(process.ended, 30.0)
    assert code == 0, f"{target} ended with {code}:\n{process.log.read_text()[-2000:]}"
    await trouble.back(target)


async def _pause(trouble: Trouble, target: str) -> None:
    process = trouble.ground.processes[target]
    process.send(signal.SIGSTOP)
    await asyncio.sleep(0.05 + (trouble.longest - 0.05) * trouble.chance.random() ** 2)
    process.send(signal.SIGCONT)


async def _slow(trouble: Trouble, target: str) -> None:
    await trouble.ground.link(target, "slow", trouble.chance.uniform(0.02, 0.5))
    await trouble.while_it_lasts()
    await trouble.ground.link(target, "open")


async def _slow_everywhere(trouble: Trouble, _: str) -> None:
    for gateway in GATEWAYS:
        await trouble.ground.link(gateway, "slow", trouble.chance.uniform(0.02, 0.3))
    await trouble.while_it_lasts()
    for gateway in GATEWAYS:
        await trouble.ground.link(gateway, "open")


async def _silent(trouble: Trouble, target: str) -> None:
    """One way: requests arrive, replies vanish."""
    await trouble.ground.link(target, "silent")
    await trouble.while_it_lasts()
    await trouble.ground.link(target, "open")


async def _cut(trouble: Trouble, target: str) -> None:
    await trouble.ground.link(target, "cut")
    await trouble.while_it_lasts()
    await trouble.ground.link(target, "open")


async def _clock(trouble: Trouble, target: str) -> None:
    """Forward and back, by up to 400 days."""
    clock = trouble.ground.clocks[target]
    for seconds in (trouble.chance.choice((-1, 1)) * trouble.chance.randint(1, 400) * DAY, 0):
        clock.step(seconds)
        await trouble.while_it_lasts(0.2, 1.2)


FAULTS: Final[dict[str, Fault]] = {
    "kill gateway": _kill,
    "kill consent": _kill,
    "pause gateway": _pause,
    "pause consent": _pause,
    "restart gateway": _restart,
    "restart consent": _restart,
    "stopped consent": _stop,
    "slow link": _slow,
    "slow consent": _slow_everywhere,
    "silence one way": _silent,
    "cut link": _cut,
    "clock of gateway": _clock,
    "clock of consent": _clock,
}


def possible(ground: Ground) -> list[str]:
    """The kinds that can be made here: clocks can be moved only where there is a compiler."""
    return [kind for kind in FAULTS if ground.clocks or not kind.startswith("clock")]
