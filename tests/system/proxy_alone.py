"""Debian's nginx with the real template before gateways that answer as a test tells them: what the proxy does with each
kind of answer, and with gateways that fail."""

import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.ports import HERE, free_ports
from tests.system.composed_parts import PATH, render
from tests.system.composed_process import ROOT

TEMPLATES: Final = ROOT / "deploy" / "nginx"
FIXED: Final = "public, max-age=31536000, immutable"
MOVING: Final = "public, max-age=300"
REVOCABLE: Final = "public, no-cache"
PRIVATE: Final = "no-store"


@dataclass(frozen=True)
class Asked:
    """One request as it reached a gateway; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str]


Answer = Callable[[Asked], bytes | None]


def answer(cache: str, body: bytes = b"{}", status: str = "200 OK", **headers: str) -> bytes:
    """A whole HTTP answer. `headers`: underscores stand for hyphens."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    given = {"Content-Type": "application/json", "Cache-Control": cache, "Content-Length": str(len(body)), **more}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Gateway:
    """Listens, remembers what it was asked, and answers with the bytes `says` returns (None: hangs up)."""

    def __init__(self, says: Answer) -> None:
        self.says, self.asked = says, list[Asked]()
        gateway = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline().decode("latin-1").split():
                    headers = {}
                    while text := self.rfile.readline().decode("latin-1").strip():
                        name, _, value = text.partition(":")
                        headers[name.lower()] = value.strip()
                    request = Asked(line[0], line[1], headers)
                    gateway.asked.append(request)
                    said = gateway.says(request)
                    if said is None:
                        return
                    self.wfile.write(said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if line[0] == "HEAD" else said)
                    if b"chunked" in said:
                        return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads = True, True

            def handle_error(self, request: object, client_address: object) -> None:
                """nginx hangs up where a test wants it to."""

        self.server = Server((HERE, 0), Handler)
        self.port = int(self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Proxy:
    """nginx in its own folder; `public` holds the gateways' baked files. `planted`: a part of the template, and what
    stands there instead, to show that a wrong template is noticed."""

    gateways: list[Gateway]
    planted: tuple[str, str] = ("", "")
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="candour-proxy-")))

    def __enter__(self) -> "Proxy":
        if missing := [name for name in ("nginx",) if shutil.which(name, path=PATH) is None]:
            pytest.skip(f"{missing[0]} is not installed; see tools/install_nginx.sh")
        self.port, health = free_ports(2)
        places = {name: self.folder / name for name in ("run", "cache", "public")}
        for place in places.values():
            place.mkdir()
        self.environment = {
            "NGINX_ENVSUBST_FILTER": "^CANDOUR_", "PATH": PATH,
            "CANDOUR_GATEWAYS": " ".join(f"server {HERE}:{one.port} max_fails=0;" for one in self.gateways),
            "CANDOUR_LISTEN": f"{HERE}:{self.port}", "CANDOUR_LISTEN_HEALTH": f"{HERE}:{health}",
            "CANDOUR_PUBLIC_FILES": str(places["public"]), "CANDOUR_CACHE": str(places["cache"]),
            "CANDOUR_RUN": str(places["run"]),
        }  # fmt: skip
        render(TEMPLATES, self.environment, places["run"])
        self._plant(places["run"] / "candour.conf")
        if os.geteuid() == 0:  # nginx then gives its workers to nobody
            for place in (self.folder, *places.values()):
                shutil.chown(place, "nobody")
        self.log = self.folder / "log"
        with self.log.open("wb") as log:
            if os.geteuid() == 0:
                os.fchown(log.fileno(), *_nobody())
            self.process = subprocess.Popen(
                ["nginx", "-c", str(places["run"] / "candour.conf"), "-g", "daemon off;"],
                env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        self.client = httpx.Client(base_url=f"http://{HERE}:{self.port}", trust_env=False, timeout=30)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _plant(self, file: Path) -> None:
        before, after = self.planted
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after) if before else file.read_text())

    def _wait(self) -> None:
        until = time.monotonic() + 20
        while True:
            assert self.process.poll() is None, self.log.read_text()
            try:
                socket.create_connection((HERE, self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.process.terminate()
        self.process.wait(20)
        for gateway in self.gateways:
            gateway.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def get(self, target: str, **headers: str) -> httpx.Response:
        """Underscores in names stand for hyphens."""
        return self.client.get(target, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def kept(self) -> bytes:
        """Everything that nginx has written to a disk: its cache and its temporary files."""
        places = [path for name in ("cache", "run") for path in (self.folder / name).rglob("*") if path.is_file()]
        return b"".join(path.read_bytes() for path in places)

    def open_files(self) -> list[str]:
        """What nginx and its workers have open, deleted files included. Skips where there is no /proc to say so."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        if not children.exists():
            pytest.skip("this kernel does not tell the children of a process")
        folders = [Path(f"/proc/{pid}/fd") for pid in (self.process.pid, *children.read_text().split())]
        return [os.readlink(descriptor) for folder in folders for descriptor in folder.iterdir()]

    def raw(self, sent: bytes) -> bytes:
        """What comes back on a connection of one's own, until it is closed."""
        with socket.create_connection((HERE, self.port), 30) as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: _received(connection), b""))


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""


def _nobody() -> tuple[int, int]:
    import pwd  # noqa: PLC0415  # not on every platform

    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid
