"""The same upload many times at once, while the service is killed: everybody who is answered has the same receipt, and
there is one submission and one snapshot. CI takes a few senders and one kill; CANDOUR_UPLOADS and CANDOUR_UPLOAD_KILLS
are the full size."""

import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.spec.ingest_service import episode, episodes_file, sha256, some
from tests.system.test_ingest_kills import FEED, Serving, served_folder, serving

UPLOADS = int(os.environ.get("CANDOUR_UPLOADS", "12"))
KILLS = int(os.environ.get("CANDOUR_UPLOAD_KILLS", "1"))
CONTENT = episodes_file(*(episode(number) for number in range(5_000)))
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
MOST_SECONDS = 600


class Senders:
    """What all of them know: how many requests are under way, and whether enough has been killed."""

    def __init__(self) -> None:
        self.lock, self.under_way, self.enough = threading.Lock(), 0, threading.Event()

    @contextmanager
    def asking(self) -> Iterator[None]:
        with self.lock:
            self.under_way += 1
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1


def always_sent(served: Serving, senders: Senders, number: int) -> list[dict[str, Any]]:
    """Every receipt of a sender who sends the same again and again until enough has been killed, and once at least."""
    receipts = [sent(served, senders, number)]
    while not senders.enough.is_set():
        receipts.append(sent(served, senders, number))
        time.sleep(0.05)
    return receipts


def sent(served: Serving, senders: Senders, number: int) -> dict[str, Any]:
    """The receipt, from a sender who tries until there is one. Every third sends in small pieces."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        try:
            body: Any = CONTENT if number % 3 else in_pieces()
            with senders.asking():
                answer = served.client.put(PATH, content=body)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        assert answer.status_code in (200, 201, 503), answer.text
        if answer.status_code != 503:
            receipt: dict[str, Any] = answer.json()
            return receipt
        time.sleep(0.1)
    raise AssertionError("no receipt")


def in_pieces() -> Any:
    for start in range(0, len(CONTENT), 20_000):
        yield CONTENT[start : start + 20_000]
        time.sleep(0.005)


def killed(served: Serving, kills: int, senders: Senders) -> list[int]:
    """The service is killed and started again, at moments of chance: how many requests were under way at each."""
    chance, hit = random.Random(2013), list[int]()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.6))
            served.until(lambda: senders.under_way, "nobody sends")
            hit.append(senders.under_way)
            served.end()
            served.start()
    finally:
        senders.enough.set()
    return hit


def test_the_same_upload_many_times_at_once_is_one(tmp_path: Path) -> None:
    with serving(tmp_path) as served, ThreadPoolExecutor(UPLOADS + 1) as pool:
        served.start()
        senders = Senders()
        killer = pool.submit(killed, served, KILLS, senders)
        every = [pool.submit(always_sent, served, senders, number) for number in range(UPLOADS)]
        receipts = [receipt for one in every for receipt in one.result()]
        hit = [number for number in killer.result() if number]
        sys.stdout.write(
            f"\n{UPLOADS} senders, {len(receipts)} receipts; {len(hit)} of {KILLS} kills while files arrived, "
            f"{sum(hit)} requests broken off\n"
        )
        assert [receipt for receipt in receipts if receipt != receipts[0]] == []
        served.until(lambda: is_checked(served), "no fates")
        [submission] = served.client.get("/v1/submissions").raise_for_status().json()["submissions"]
        assert some(submission["fates"]) == {"header": 1, "accepted": 5_000}
        with ThreadPoolExecutor(4) as freezers:
            frozen = list(freezers.map(lambda _: freeze(served), range(4)))
        assert len({one["digest"] for one in frozen}) == 1
        assert frozen[0]["rows"] == 5_000
        [snapshot] = served.client.get("/v1/snapshots").raise_for_status().json()["snapshots"]
        assert snapshot["digest"] == frozen[0]["digest"]
        kept = [path.name for path in (served_folder(served) / "uploads").iterdir() if not path.name.startswith(".")]
        assert kept == [sha256(CONTENT)]
    if len(hit) < KILLS:
        pytest.skip(f"UNKNOWN: {len(hit)} of {KILLS} kills came while a file arrived")


def is_checked(served: Serving) -> bool:
    try:
        return bool(served.submission(CONTENT)["state"] == "checked")
    except (httpx.TransportError, httpx.HTTPStatusError):
        return False


def freeze(served: Serving) -> dict[str, Any]:
    frozen: dict[str, Any] = served.client.post("/v1/snapshots", json={"feed": FEED}).raise_for_status().json()
    return frozen
