"""Reads a public site as anybody may: few requests at once, connections kept, and as patient as it is asked to be."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final
from urllib.parse import urljoin

import httpx

AT_ONCE: Final = 4
TRIES: Final = 8
PATIENCE_SECONDS: Final = 60.0
FIRST_WAIT: Final = 0.25
OK: Final = 200
UNAVAILABLE: Final = 503


class CouldNotJudge(Exception):
    """Nothing can be said; the message says why, and what to do."""


@dataclass(frozen=True)
class Answer:
    """`path` as it was asked for, from the site's root."""

    path: str
    status: int
    body: bytes
    media: str

    @property
    def ok(self) -> bool:
        return self.status == OK


class Site:
    """`transport` is for tests. `ticked` is called after every answer."""

    def __init__(
        self, url: str, transport: httpx.BaseTransport | None = None, ticked: Callable[[], None] = lambda: None
    ) -> None:
        limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
        self.url = url.rstrip("/")
        self.http = httpx.Client(
            base_url=self.url, limits=limits, timeout=60.0, trust_env=False, transport=transport,
            headers={"User-Agent": "candour-audit-disclosure"},
        )  # fmt: skip
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.ticked = ticked
        self.requests = 0

    def close(self) -> None:
        self.pool.shutdown(wait=True, cancel_futures=True)
        self.http.close()

    def get(self, path: str, accept: str | None = None) -> Answer:
        """The answer to one question. Raises CouldNotJudge where there is none, or only refusals for a minute."""
        waited, why = 0.0, ""
        for turn in range(TRIES):
            try:
                found = self.http.get(path, headers={"Accept": accept} if accept else None)
            except httpx.HTTPError as error:
                wait, why = FIRST_WAIT * 2**turn, type(error).__name__
            else:
                self.requests += 1
                self.ticked()
                if found.status_code != UNAVAILABLE:
                    return Answer(path, found.status_code, found.content, found.headers.get("content-type", ""))
                wait, why = _asked_to_wait(found, turn), "503"
            if waited + wait > PATIENCE_SECONDS:
                break
            time.sleep(wait)
            waited += wait
        raise CouldNotJudge(f"{self.address(path)} gave no answer ({why}). Is the gateway running?")

    def many(self, paths: Iterable[str], at_once: int = 64) -> Iterator[Answer]:
        """All answers, in order, four at a time."""
        rest = iter(paths)
        while some := list(islice(rest, at_once)):
            yield from self.pool.map(self.get, some)

    def address(self, path: str) -> str:
        return urljoin(self.url + "/", path.lstrip("/"))


def _asked_to_wait(answer: httpx.Response, turn: int) -> float:
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else FIRST_WAIT * 2**turn


def chosen(everything: Sequence[str], number: int) -> list[str]:
    """So many of them, evenly spread: the same ones each time."""
    if number >= len(everything):
        return list(everything)
    return [everything[place * len(everything) // number] for place in range(number)]
