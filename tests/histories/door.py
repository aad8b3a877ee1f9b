"""`python -m tests.histories.door VERBS…`: the gateway itself, and a note of every byte that leaves its public port.

What is handed to the operating system is noted below every buffer of ours, by the call that hands it over: when, and
whose figures were in it. `CANDOUR_TEST_SENT` names the file; `CANDOUR_TEST_PEOPLE` is the size of the town.
"""

import json
import os
import socket
import sys
import time
from typing import Any

from services.gateway.__main__ import main
from tests.histories.town import Town

_send = socket.socket.send


class Noting:
    """Stands in the place of `socket.send`. A time is taken before the call, so it is never too late."""

    def __init__(self, town: Town, port: int, name: str, file: int) -> None:
        self.town, self.port, self.name, self.file = town, port, name, file

    def __call__(self, sock: socket.socket, data: Any, *flags: int) -> int:
        at = time.monotonic()
        sent = _send(sock, data, *flags)
        if sock.family == socket.AF_INET and sock.getsockname()[1] == self.port:
            shown = self.town.shown_in(bytes(memoryview(data)[:sent]))
            if shown:
                line = {"f": "sent", "proc": self.name, "at": at, "shown": sorted(shown)}
                os.write(self.file, json.dumps(line).encode() + b"\n")
        return sent


def note_everything() -> None:
    file = os.open(os.environ.pop("CANDOUR_TEST_SENT"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    port, name = int(os.environ["CANDOUR_GATEWAY_PORT"]), os.environ["CANDOUR_GATEWAY_NAME"]
    noting = Noting(Town(int(os.environ.pop("CANDOUR_TEST_PEOPLE"))), port, name, file)

    def send(sock: socket.socket, data: Any, *flags: int) -> int:  # a function, so that it is bound to its socket
        return noting(sock, data, *flags)

    socket.socket.send = send  # type: ignore[method-assign, assignment]
    for other in ("sendmsg", "sendall"):
        setattr(socket.socket, other, _not_noted)


def _not_noted(*_: Any) -> None:
    raise AssertionError("the gateway sends by a call that is not noted: this history would prove nothing")


if __name__ == "__main__":
    note_everything()
    sys.exit(main(sys.argv[1:]))
