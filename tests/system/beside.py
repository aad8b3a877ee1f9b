"""A further gateway process beside a house: of the same house, but with a name, a port and data of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from cli.up.layout import Layout
from tests.ports import free_port
from tests.system.house import ROOT, House

OURS: Final = ("services.gateway", "serve")
PATIENCE_SECONDS: Final = 90.0


class Beside(NamedTuple):
    """Where it is reached, and which process it is."""

    url: str
    pid: int


@contextmanager
def gateway_beside(
    house: House, release: str, data: Path, module: Sequence[str] = OURS, consent_url: str | None = None
) -> Iterator[Beside]:
    """From when it shows `release`. It reaches consent by `consent_url`, where that is given."""
    port = free_port()
    environment = Layout(house.data, house.base, house.gateways).environment("gateway") | {
        "CANDOUR_GATEWAY_PORT": str(port), "CANDOUR_GATEWAY_DATA_DIR": str(data),
        "CANDOUR_GATEWAY_NAME": f"beside-{port}",  # with the name of another one it would shut that out
    }  # fmt: skip
    if consent_url is not None:
        environment["CANDOUR_GATEWAY_CONSENT_URL"] = consent_url
    url = f"http://127.0.0.1:{port}"
    shown = f"{url}/v1/releases/{release}"
    with process_beside(module, data.with_suffix(".log"), lambda: answers(shown), environment) as pid:
        yield Beside(url, pid)


@contextmanager
def process_beside(
    module: Sequence[str], log: Path, ready: Callable[[], bool], environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """`python -m MODULE ARGUMENTS…`, from when it is ready until the block ends; its process."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *module], cwd=ROOT, env=environment or os.environ, stdout=out, stderr=out
        )
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not ready():
            assert process.poll() is None, f"{module[0]} ended with {process.returncode}: {log.read_text()[-2000:]}"
            assert time.monotonic() < until, f"{module[0]} is not ready"
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def answers(url: str) -> bool:
    """200 at this address."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
