"""The same upload many times at once, while the service is killed: everybody who is answered has the same receipt, and
there is one submission and one snapshot. CI takes a few senders and one kill; CANDOUR_UPLOADS and CANDOUR_UPLOAD_KILLS
are the full size."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx

from tests.spec.ingest_service import episode, episodes_file, sha256, some
from tests.system.test_ingest_kills import FEED, Serving, served_folder, serving

UPLOADS = int(os.environ.get("CANDOUR_UPLOADS", "12"))
KILLS = int(os.environ.get("CANDOUR_UPLOAD_KILLS", "1"))
CONTENT = episodes_file(*(episode(number) for number in range(5_000)))
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
MOST_SECONDS = 120


def sent(served: Serving, number: int) -> dict[str, Any]:
    """The receipt, from a sender who tries until there is one. Every third sends in small pieces."""
    until = time.monotonic() + MOST_SECONDS
    while time.monotonic() < until:
        try:
            body: Any = CONTENT if number % 3 else in_pieces()
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


def killed(served: Serving, kills: int, done: threading.Event) -> int:
    """How often the service was killed and started again, at moments of chance while files arrive."""
    chance = random.Random(2013)
    for number in range(kills):
        done.wait(chance.uniform(0.05, 0.6))
        served.end()
        served.start()
        if done.is_set():
            return number + 1
    return kills


def test_the_same_upload_many_times_at_once_is_one(tmp_path: Path) -> None:
    with serving(tmp_path) as served, ThreadPoolExecutor(UPLOADS + 1) as pool:
        served.start()
        done = threading.Event()
        killer = pool.submit(killed, served, KILLS, done)
        receipts = [one.result() for one in [pool.submit(sent, served, number) for number in range(UPLOADS)]]
        done.set()
        assert killer.result() >= 1
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


def is_checked(served: Serving) -> bool:
    try:
        return bool(served.submission(CONTENT)["state"] == "checked")
    except (httpx.TransportError, httpx.HTTPStatusError):
        return False


def freeze(served: Serving) -> dict[str, Any]:
    frozen: dict[str, Any] = served.client.post("/v1/snapshots", json={"feed": FEED}).raise_for_status().json()
    return frozen
