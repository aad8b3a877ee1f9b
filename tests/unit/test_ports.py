"""Ports that tests give to their servers stay theirs: no outgoing connection can take one, and none is given twice."""

import socket

import pytest

from tests.ports import AFTER_LAST, FIRST, HERE, KERNELS, free_base, free_ports


def test_they_lie_below_those_of_outgoing_connections() -> None:
    if not KERNELS.exists():
        pytest.skip("this system does not say which ports it gives to outgoing connections")
    lowest = int(KERNELS.read_text().split()[0])
    assert AFTER_LAST <= 29_000 <= lowest
    assert all(FIRST <= port < AFTER_LAST for port in free_ports(5))


def test_none_is_given_twice_and_none_that_is_taken() -> None:
    given = [port for _ in range(20) for port in free_ports(10)]
    assert len(set(given)) == 200
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        port = taken.getsockname()[1]
        with pytest.raises(RuntimeError, match="no free ports"):
            free_base([0], port, port + 1, 1)
    base = free_base([0, 1], 29_000, 29_100, 2)
    with pytest.raises(RuntimeError, match="no free ports"):
        free_base([0, 1], base, base + 1, 2)
