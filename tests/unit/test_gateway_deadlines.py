"""The deadlines of a gateway are what was promised, and a gateway that is started has them: tests of anything else are
more patient. Times are those of an event loop whose clock jumps to the next thing that is due."""

import asyncio
import selectors
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from services.gateway import __main__ as started
from services.gateway.barrier import Barrier, ConsentUnreachable
from services.gateway.choices import ChoicesOverHttp
from services.gateway.confirming import Confirmer
from services.gateway.consent import ConsentOverHttp
from services.gateway.deadlines import DEADLINES, Deadlines
from services.gateway.lean import LeanConnection, LeanError
from services.gateway.peers import Peers, over_http
from services.gateway.settings import Settings
from shared.contracts.consent import Changes, Head
from shared.kit.secretfiles import make_secret


class Jumping(selectors.DefaultSelector):
    """Waits for nothing: where nobody has written, the time that was to be waited for is over."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("this would wait for ever")
        self.now += 0.0 if found else timeout or 0.0
        return found


class Clockwork(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = Jumping()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now


class Silent:
    """A consent that never answers; it was never told of anything either."""

    on_superseded = None

    async def head(self) -> Head:
        await asyncio.Event().wait()
        raise AssertionError

    async def changes(self, after: int, upto: int) -> Changes:
        raise AssertionError((after, upto))

    async def confirm(self, applied: int, *, leaving: bool = False) -> None:
        await asyncio.Event().wait()


def settings_in(folder: Path) -> Settings:
    for name in ("gateway-consent", "gateway-ratings", "gateway-cursor"):
        make_secret(folder / "secrets", name)
    return Settings(data_dir=folder / "data", secrets_dir=folder / "secrets")


def test_they_are_those_that_were_promised() -> None:
    promised = Deadlines(head=0.8, check=1.0, told=2.0, changes=5.0, choices=1.0, leaving=1.0)
    assert promised == DEADLINES


def test_a_gateway_that_is_started_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its own command, as `candour up` starts it."""
    made: list[Peers] = []
    served: list[FastAPI] = []

    def peers_of(*given: Any) -> Peers:
        made.append(over_http(*given))
        return made[-1]

    def serve(app: FastAPI, *_: object) -> int:
        served.append(app)
        return 0

    monkeypatch.setattr(started, "over_http", peers_of)
    monkeypatch.setattr(started, "serve", serve)
    assert started._serve(settings_in(tmp_path)) == 0
    (peers,), (app,) = made, served
    barrier, consent = app.state.answers.barrier, peers.consent
    assert isinstance(consent, ConsentOverHttp)
    assert (peers.deadlines, consent.deadlines) == (DEADLINES, DEADLINES)
    assert (barrier.consent, barrier.limit) == (consent, DEADLINES.check)
    assert (consent.lean.deadline, consent.client.timeout.read) == (DEADLINES.head, DEADLINES.changes)
    assert isinstance(peers.choices, ChoicesOverHttp)
    assert peers.choices.client.timeout.read == DEADLINES.choices


def test_a_reader_waits_for_a_second_and_no_longer() -> None:
    """Also one who comes while a check hangs, which the next would have to wait for."""

    async def refused_after(barrier: Barrier, late: float) -> float:
        await asyncio.sleep(late)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ConsentUnreachable):
            await barrier()
        return asyncio.get_running_loop().time() - began

    async def scenario() -> list[float]:
        barrier = Barrier(Silent(), None)  # type: ignore[arg-type]  # nothing is ever known
        waited = await asyncio.gather(*(refused_after(barrier, late) for late in (0.0, 0.3, 0.9)))
        await barrier.close()
        return waited

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        assert runner.run(scenario()) == [pytest.approx(1.0)] * 3


def test_the_end_is_held_up_for_a_second_and_no_longer() -> None:
    async def scenario() -> float:
        await Confirmer(Silent(), lambda: 1, lambda: None).leave()  # type: ignore[arg-type]
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        assert runner.run(scenario()) == pytest.approx(1.0)


def test_an_exchange_of_the_check_has_most_of_that_second() -> None:
    async def scenario() -> float:
        async def says_nothing(*_: object) -> None:
            await asyncio.Event().wait()

        silent = await asyncio.start_server(says_nothing, "127.0.0.1", 0)
        connection = LeanConnection(f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}", lambda: "x")
        began = asyncio.get_running_loop().time()
        with pytest.raises(LeanError, match="no answer in time"):
            await connection.get("/v1/head")
        silent.close()
        return asyncio.get_running_loop().time() - began

    with asyncio.Runner(loop_factory=Clockwork) as runner:
        assert runner.run(scenario()) == pytest.approx(0.8)
