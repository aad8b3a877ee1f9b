"""The public: reads everything, in every form, over connections long open, and writes down whom it was shown."""

import asyncio
import random
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from tests.histories.recorder import now
from tests.histories.routes import EVERYBODY, any_route
from tests.histories.town import RELEASES, Town
from tests.histories.wire import SECONDS, Answer, Request, Wire

ANSWERED: Final = frozenset({200, 304, 404})
MOST_TAGS: Final = 5000
LONG_SECONDS: Final = 40.0
TOTAL: Final = re.compile(rb'"total":(\d+),"returned":(\d+)')
NEXT: Final = re.compile(rb'"next":"([^"]+)"')
PAUSE: Final = 0.25  # after a refusal or a connection that failed: whoever comes back needs the processor


class Notes(Protocol):
    def line(self, found: dict[str, Any]) -> None: ...


@dataclass
class Public:
    """`focus`: whom people ask about just now. `tags`: what a reader holds of an address, and whom it shows."""

    town: Town
    recorder: Notes
    chance: random.Random
    focus: deque[str] = field(default_factory=lambda: deque(maxlen=24))
    tags: dict[str, tuple[str, set[str]]] = field(default_factory=dict)
    stopping: bool = False

    def somebody(self) -> str:
        return self.chance.choice(self.focus if self.focus and self.chance.random() < 0.7 else self.town.people)

    def hold(self, path: str, tag: str, shown: set[str]) -> None:
        if len(self.tags) >= MOST_TAGS:
            self.tags.clear()
        self.tags[path] = (tag, shown)


class Reader:
    """One connection to one gateway. `room`: see Wire."""

    def __init__(self, public: Public, name: str, gateway: str, url: str, room: int | None = None) -> None:
        self.public, self.town, self.chance = public, public.town, public.chance
        self.name, self.gateway, self.wire = name, gateway, Wire(url, room)

    async def work(self) -> None:
        """Anything, until told to stop."""
        while not self.public.stopping:
            gmc, route = self.public.somebody(), any_route(self.chance)
            request = route.request(self.town, gmc, self.chance)
            answer = await self.read(request, [gmc] if route.asks else EVERYBODY, route.name)
            if answer.status == 200 and route.name == "everything, a page":
                await self._turn_pages(answer)
            if answer.status not in ANSWERED:
                await asyncio.sleep(PAUSE)
        self.wire.close()

    async def work_slowly(self) -> None:
        """Long files, a little at a time, so that a withdrawal finds them under way."""
        while not self.public.stopping:
            form = self.chance.choice(("csv", "ndjson"))
            request = Request(f"/v1/releases/{self.chance.choice((RELEASES[0], 'latest'))}/results.{form}")
            await self.read(request, EVERYBODY, "everything, slowly", self.chance.uniform(0.002, 0.06))
            await asyncio.sleep(self.chance.uniform(0, 0.5))
        self.wire.close()

    async def read(self, request: Request, asked: Sequence[str], route: str, slowly: float = 0.0) -> Answer:
        """One read, written down. Now and then it says what it holds already."""
        plain = request.method == "GET" and not request.headers
        held = self.public.tags.get(request.path) if plain else None
        if held is not None and self.chance.random() < 0.3:
            request = replace(request, headers={"If-None-Match": held[0]})
        began = now()
        answer = await self.wire.ask(request, LONG_SECONDS if slowly else SECONDS, slowly)
        ended = now()
        assert answer.status in (*ANSWERED, 0, 503), (request, answer.status, answer.content[:300])
        shown = self._shown(request, answer, asked, held[1] if held else set())
        outcome = "info" if not answer.whole else "ok" if answer.status in ANSWERED else "fail"
        self.public.recorder.line(
            {"f": "read", "proc": self.name, "gateway": self.gateway, "c": asked, "inv": began, "end": ended,
             "outcome": outcome, "shown": sorted(shown), "route": route, "status": answer.status}
        )  # fmt: skip
        if plain and answer.status == 200 and answer.whole and answer.tag:
            self.public.hold(request.path, answer.tag, shown)
        return answer

    def _shown(self, request: Request, answer: Answer, asked: Sequence[str], held: set[str]) -> set[str]:
        if answer.status == 304:
            return held
        found = self.town.shown_in(answer.content)
        if request.method == "HEAD" and answer.status == 200:
            found |= set(asked)
        if "consultant=" in request.path and answer.status == 200:
            total = TOTAL.search(answer.content)
            if total is not None and total[1] != b"0":  # to be counted is to be shown
                found |= set(asked)
        return found

    async def _turn_pages(self, answer: Answer) -> None:
        while (following := NEXT.search(answer.content)) and self.chance.random() < 0.8:
            await asyncio.sleep(self.chance.uniform(0, 0.1))
            answer = await self.read(Request(following[1].decode()), EVERYBODY, "everything, a further page")
