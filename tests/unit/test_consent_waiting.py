"""Waiting for what has not happened yet: it ends at once when it does, however many wait, and holds up nobody."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from tests.unit.test_consent_effective import news, seen, waiting, withdrawn
from tests.unit.test_consent_gateways import confirm, head, put
from tests.unit.test_consent_rig import Rig, house, rig

__all__ = ["house", "rig"]

ANNE, BEN = "9900001", "9900002"


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: whoever waits asks no database."""
    return "sqlite"


@contextmanager
def after(seconds: float, act: Any) -> Iterator[None]:
    timer = threading.Timer(seconds, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_waiting_ends_as_soon_as_it_is_effective(rig: Rig) -> None:
    rig.register(ANNE)
    elm = put(rig)["incarnation"]
    made = withdrawn(rig)
    began = time.monotonic()
    assert seen(rig, made, wait=0.3) == waiting(0, 1)
    assert time.monotonic() - began >= 0.3
    began = time.monotonic()
    with after(0.3, lambda: confirm(rig, elm, 1)):
        assert seen(rig, made, wait=30)["status"] == "effective"
    assert 0.3 <= time.monotonic() - began < 30  # before its own end


def test_many_wait_at_once_and_hold_up_nobody(rig: Rig) -> None:
    """More than there are threads; decisions, withdrawals and checks go on meanwhile."""
    rig.register(ANNE, BEN)
    elm = put(rig)["incarnation"]
    made = withdrawn(rig)
    with ThreadPoolExecutor(120) as pool:
        asking = [pool.submit(seen, rig, made, 30) for _ in range(60)]
        asking += [pool.submit(lambda: news(rig, elm, 2, 25).json()) for _ in range(60)]
        time.sleep(0.5)
        assert not any(one.done() for one in asking)
        assert head(rig, elm) == (200, "")
        assert withdrawn(rig, BEN)["effective"] == waiting(0, 1)
        assert not any(one.done() for one in asking)  # nor did anybody have to end first
        assert confirm(rig, elm, 1).status_code == 204
        assert [one.result(60)["status"] for one in asking[:60]] == ["effective"] * 60
        assert not any(one.done() for one in asking[60:])
        rig.decide(ANNE, "asked")
        assert [one.result(60) for one in asking[60:]] == [{"revision": 3}] * 60


def test_news_are_told_at_once_and_ask_no_database(rig: Rig) -> None:
    rig.register(ANNE)
    elm = put(rig)["incarnation"]
    assert news(rig, elm, 0, 0.1).json() == {"revision": 0}
    withdrawn(rig)
    assert news(rig, elm, 0, 25).json() == {"revision": 1}
    assert news(rig, elm, 1, 0.1).json() == {"revision": 1}
    said: list[float] = []

    def ask() -> None:
        rig.decide(ANNE, "asked")
        said.append(time.monotonic())

    with after(0.2, ask):
        assert news(rig, elm, 1, 25).json() == {"revision": 2}
        heard = time.monotonic()
    assert heard - said[0] < 24  # before its own end


def test_news_are_for_a_process_that_says_who_it_is(rig: Rig) -> None:
    old = put(rig)["incarnation"]
    assert rig.service("/v1/news", name="gateway", after=0, wait=0).status_code == 422
    assert rig.service("/v1/news", after=0, wait=0, gateway="elm", incarnation=old).status_code == 403
    assert news(rig, old, -1).status_code == 422
    assert news(rig, old, 0, 26).status_code == 422
    assert news(rig, "9-" + "0" * 32, 0).json()["code"] == "incarnation_unknown"
    put(rig)
    assert news(rig, old, 0).json()["code"] == "incarnation_superseded"


def test_who_may_look_at_gateways(rig: Rig) -> None:
    put(rig)
    for auth, status in (
        (rig.house.person("officer"), 200), (rig.house.person("auditor"), 200), (rig.house.service("supervisor"), 200),
        (rig.house.person("steward"), 403), (rig.house.service("gateway"), 403),
    ):  # fmt: skip
        assert rig.client.get("/v1/gateways", auth=auth).status_code == status
