"""Processes beside a house, for a benchmark: a gateway of the same house, or a server of nothing."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.load.job import ROOT
from cli.up.layout import Layout
from tests.ports import free_port
from tests.system.house import House

PATIENCE_SECONDS = 90.0


@contextmanager
def gateway_beside(house: House, variant: str, data: Path) -> Iterator[int]:
    """A gateway that asks consent as `variant` says; its port, once it shows the house's release."""
    port = free_port()
    environment = Layout(house.data, house.base, house.gateways).environment("gateway") | {
        "CANDOUR_GATEWAY_PORT": str(port), "CANDOUR_GATEWAY_DATA_DIR": str(data),
        "CANDOUR_GATEWAY_NAME": f"beside-{port}",  # under the name of another one it would shut that out
    }  # fmt: skip
    with _process(["benchmarks.load.variants", variant], environment, data.with_suffix(".log")) as process:
        _wait(process, lambda: _status(port, f"/v1/releases/{house.demo_release}") == 200)
        yield port


@contextmanager
def trivial_server(log: Path) -> Iterator[int]:
    port = free_port()
    with _process(["benchmarks.load.trivial", str(port)], os.environ, log) as process:
        _wait(process, lambda: _status(port, "/") == 200)
        yield port


@contextmanager
def _process(module: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=environment, stdout=errors, stderr=errors
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert process.poll() is None, f"{process.args!r} ended with {process.returncode}"
        assert time.monotonic() < until, f"{process.args!r} is not ready"
        time.sleep(0.1)


def _status(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2, trust_env=False).status_code
    except httpx.TransportError:
        return 0
