"""Ports for servers that tests start, kill and start again at the same address.

They lie below those that the kernel gives to outgoing connections: of such a port any client may take hold while its
server is down. None is given twice in the life of a process, and each is drawn by chance, so that processes that run
side by side hardly meet; those of one run (pytest-xdist) never do, since each draws from a share of its own.
"""

import os
import random
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HERE: Final = "127.0.0.1"
KERNELS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST, AFTER_LAST = 11_000, 21_000  # from there on are the bases of houses
WORKER: Final = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
WORKERS: Final = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_CHANCE: Final = random.SystemRandom()
_GIVEN: Final[set[int]] = set()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HERE, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    return free_ports(1)[0]


def free_ports(number: int) -> list[int]:
    """Different ones, all free now. Raises RuntimeError where there are not so many."""
    found: list[int] = []
    for port in _drawn(range(FIRST, AFTER_LAST)):
        if port not in _GIVEN and is_free(port):
            _GIVEN.add(port)
            found.append(port)
        if len(found) == number:
            return found
    raise RuntimeError(f"found {len(found)} free ports from {FIRST} on; expected {number}")


def free_base(beside: Sequence[int], first: int, after_last: int, step: int) -> int:
    """A base of which all of `beside` are free now. Raises RuntimeError where there is none."""
    for base in _drawn(range(first, after_last, step)):
        if base not in _GIVEN and all(is_free(base + one) for one in beside):
            _GIVEN.add(base)
            return base
    raise RuntimeError(f"no free ports between {first} and {after_last}")


def _drawn(every: range) -> list[int]:
    """This process's share of them, in an order of its own."""
    share = every[WORKER::WORKERS] or every
    return _CHANCE.sample(share, len(share))
