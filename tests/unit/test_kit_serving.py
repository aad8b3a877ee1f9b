"""A service says in a sentence why it does not start; a served process does not look through its own modules for
garbage, and ends in good order."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any, ClassVar, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from shared.kit.serving import Server
from tests.system.house import ROOT

SERVED: Final = """
import gc
import sys
from types import SimpleNamespace
import uvicorn
from fastapi import FastAPI
from shared.kit.serving import serve

app = FastAPI()

def told(server):
    walked = [id(one) for one in gc.get_objects()]
    print(server.config.app is app, gc.get_freeze_count(), id(vars(app)) in walked, id(sys.modules) in walked)
    server.started = True

uvicorn.Server.run = told
sys.exit(serve(app, SimpleNamespace(host="127.0.0.1", port=1)))
"""


def test_what_was_made_before_serving_is_out_of_the_collectors_way() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVED], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    served, frozen, app_walked, modules_walked = done.stdout.split()
    assert (served, app_walked, modules_walked) == ("True", "False", "False")
    assert int(frozen) > 10_000


async def _answered(_scope: Any, _receive: Any, send: Any) -> None:
    await asyncio.sleep(0.02)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
    await send({"type": "http.response.body", "body": b"x"})


class MadeLate(H11Protocol):
    """A connection that the server learns of only when it has asked the others to end."""

    accepted: ClassVar[Queue["MadeLate"]] = Queue()

    def connection_made(self, transport: Any) -> None:
        self.early, self.beneath = bytearray(), transport
        self.accepted.put(self)

    def data_received(self, data: bytes) -> None:
        if self.transport is None:
            self.early += data
        else:
            super().data_received(data)

    def made(self) -> None:
        super().connection_made(self.beneath)
        self.data_received(bytes(self.early))


@contextmanager
def _served(on_stop: Callable[[], Any]) -> Iterator[tuple[Server, int]]:
    config = uvicorn.Config(_answered, http=MadeLate, lifespan="off", log_config=None, timeout_graceful_shutdown=3)
    server, listening = Server(config, on_stop), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    try:
        yield server, listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(60)
    assert not thread.is_alive()


def _asked_on(connection: http.client.HTTPConnection) -> list[int]:
    """The status of every answer, one request after another, until the other side hangs up."""
    told: list[int] = []
    while True:
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
        except (ConnectionError, http.client.BadStatusLine):
            return told
        told.append(answer.status)
        if answer.will_close:
            return told


def test_who_connects_while_a_server_ends_is_not_served_until_time_is_up_and_then_told_500() -> None:
    late: list[MadeLate] = []
    with _served(lambda: asyncio.get_running_loop().call_soon(late[0].made)) as (server, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.connect()
        late.append(MadeLate.accepted.get(timeout=60))
        server.should_exit = True
        told = _asked_on(connection)
    assert set(told) <= {200}


def test_a_service_says_which_variables_it_lacks_and_not_what_they_hold(tmp_path: Path) -> None:
    done = _started("ingest", {"PORT": "secret", "DATA_DIR": tmp_path})
    assert done.returncode == 2
    assert "  CANDOUR_INGEST_SECRETS_DIR is not set\n" in done.stderr
    assert "  CANDOUR_INGEST_PORT is wrong: Input should be a valid integer" in done.stderr
    assert "DATA_DIR" not in done.stderr
    assert "Traceback" not in done.stderr
    assert "'secret'" not in done.stderr


def test_a_service_says_which_secret_it_lacks(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    settings = {"PORT": 1, "DATA_DIR": tmp_path, "SECRETS_DIR": secrets, "PEOPLE_FILE": tmp_path / "people.json"}
    done = _started("ingest", settings)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert done.stderr.startswith(f"no secret {secrets}/ingest-")
    assert done.stderr.endswith(f": 'candour secrets make {secrets}' makes what lacks\n")


def test_a_service_says_which_policy_it_refuses(tmp_path: Path) -> None:
    settings = {"PORT": 1, "DATA_DIR": tmp_path, "SECRETS_DIR": tmp_path, "PEOPLE_FILE": tmp_path / "people.json",
                "JOURNAL_DIR": tmp_path / "journal", "POLICY_DIR": tmp_path}  # fmt: skip
    (tmp_path / "ours.toml").write_text("programme = 3")
    done = _started("consent", settings)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("ours.toml: ")
    assert "Traceback" not in done.stderr


def _started(service: str, settings: dict[str, object]) -> subprocess.CompletedProcess[str]:
    told = {f"CANDOUR_{service.upper()}_{name}": str(value) for name, value in settings.items()}
    return subprocess.run(
        [sys.executable, "-m", f"services.{service}", "migrate", "serve"], cwd=ROOT, env={**os.environ, **told},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
