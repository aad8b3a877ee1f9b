"""`python -m tests.histories.door VERBS…`: the gateway itself, and a note of every byte that leaves its public port.

What is handed to the operating system is noted below every buffer of ours, by the call that hands it over: when, and
whose figures were in it. `CANDOUR_TEST_SENT` names the file; `CANDOUR_TEST_PEOPLE` is the size of the town. With
`CANDOUR_TEST_MISTAKE` it is a gateway with that mistake of `tests.histories.mutants`. None of these is a setting.
"""

import contextlib
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any
from unittest.mock import patch

from services.gateway import __main__ as gateway
from services.gateway.app import create_app
from services.gateway.peers import Peers
from services.gateway.settings import Settings
from tests.histories.town import Town

_send = socket.socket.send


Tell = Callable[[int, float, set[str]], None]


def note_what_is_sent(town: Town, ports: Collection[int], tell: Tell) -> None:
    """From now on `tell` hears of every piece that leaves one of `ports`: which, when, and who is in it. The time is
    taken before the call that sends, so it is never too late."""

    def send(sock: socket.socket, data: Any, *flags: int) -> int:
        at = time.monotonic()
        sent = _send(sock, data, *flags)
        if sock.family == socket.AF_INET and (port := sock.getsockname()[1]) in ports:
            shown = town.shown_in(bytes(memoryview(data)[:sent]))
            if shown:
                tell(port, at, shown)
        return sent

    socket.socket.send = send  # type: ignore[method-assign, assignment]


def note_nothing() -> None:
    socket.socket.send = _send  # type: ignore[method-assign]


def note_in_a_file() -> None:
    """What the environment asks for; a call that would not be noted ends this process."""
    file = os.open(os.environ.pop("CANDOUR_TEST_SENT"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    port, name = int(os.environ["CANDOUR_GATEWAY_PORT"]), os.environ["CANDOUR_GATEWAY_NAME"]

    def tell(_port: int, at: float, shown: set[str]) -> None:
        line = {"f": "sent", "proc": name, "at": at, "shown": sorted(shown)}
        os.write(file, json.dumps(line).encode() + b"\n")

    note_what_is_sent(Town(int(os.environ.pop("CANDOUR_TEST_PEOPLE"))), [port], tell)
    for other in ("sendmsg", "sendall"):
        setattr(socket.socket, other, _not_noted)


def _not_noted(*_: Any) -> None:
    raise AssertionError("the gateway sends by a call that is not noted: this history would prove nothing")


@contextlib.contextmanager
def mistaken(number: str) -> Iterator[None]:
    """The process makes gateways with this mistake."""
    from tests.histories.mutants import MUTANTS  # noqa: PLC0415  # only where one is wanted

    (kind,) = (one for one in MUTANTS if one.number == number)

    def create(settings: Settings, peers: Peers) -> Any:
        return kind.wrap(create_app(settings, peers, kind.barrier))

    with kind.plant(), patch.object(gateway, "create_app", create):
        with patch.object(gateway, "GuardedProtocol", kind.protocol):
            yield


if __name__ == "__main__":
    note_in_a_file()
    mistake = os.environ.pop("CANDOUR_TEST_MISTAKE", "")
    with mistaken(mistake) if mistake else contextlib.nullcontext():
        sys.exit(gateway.main(sys.argv[1:]))
