"""Consent away, in three ways, while the public goes on asking; and what it is told, on one monotonic clock."""

import http.client
import itertools
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple

from tests.system.house import House
from tests.system.slow_link import SlowLink

Kind = Literal["killed", "paused", "silent"]
KINDS: Final[tuple[Kind, ...]] = ("killed", "paused", "silent")
REFUSED_WITHIN: Final = 1.2
BACK_WITHIN: Final = 2.0
PAUSE_SECONDS: Final = 0.02
FEWEST: Final = 10
PATIENCE_SECONDS: Final = 60.0


class Answer(NamedTuple):
    """`status` 0: none came. `depends`: on somebody's decision."""

    began: float
    ended: float
    status: int
    depends: bool

    @property
    def seconds(self) -> float:
        return self.ended - self.began


class Public:
    """Threads that ask one gateway over and over, for what depends on somebody and for what depends on nobody."""

    def __init__(self, url: str, depending: Sequence[str], fixed: Sequence[str]) -> None:
        self.address = url.removeprefix("http://")
        self.answers: list[Answer] = []
        self.ended = threading.Event()
        asked = [(depending, True)] * 3 + [(fixed, False)] * 2
        self.threads = [
            threading.Thread(target=self._ask_on, args=(paths[number:] + paths[:number], depends), daemon=True)
            for number, (paths, depends) in enumerate((list(paths), depends) for paths, depends in asked)
        ]

    def __enter__(self) -> "Public":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(30)

    def _ask_on(self, paths: list[str], depends: bool) -> None:
        connection = http.client.HTTPConnection(self.address, timeout=30)
        for path in itertools.cycle(paths):
            if self.ended.wait(PAUSE_SECONDS):
                break
            began = time.monotonic()
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()  # the next request opens another
                status = 0
            self.answers.append(Answer(began, time.monotonic(), status, depends))
        connection.close()


@dataclass
class Outage:
    """From `began` to `ended` consent was away; from `returned` on it was there again. `back`: the first answer that
    depends on somebody had arrived."""

    kind: Kind
    answers: list[Answer] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    returned: float = 0.0
    back: float = 0.0

    def before(self, depends: bool) -> list[Answer]:
        return [one for one in self.answers if one.depends is depends and one.ended < self.began]

    def during(self, depends: bool) -> list[Answer]:
        """Those that were asked meanwhile, but for who asked so shortly before the return that no refusal was due yet,
        and was told after it what everybody is told in calm: of somebody who is not shown, 404."""
        calm = {one.status for one in self.before(depends)}
        return [
            one for one in self.answers
            if one.depends is depends and self.began < one.began < self.ended
            and not (one.began + REFUSED_WITHIN > self.ended < one.ended and one.status in calm)
        ]  # fmt: skip

    def recovery(self) -> float:
        """Seconds."""
        return max(0.0, self.back - self.returned)

    def faults(self) -> list[str]:
        """Everything that is not as promised; a promise that nobody asked for is not kept, either."""
        refused, fixed = self.during(True), self.during(False)
        found = [f"{self.kind}: {one.status} where 503 was due" for one in refused if one.status != 503]
        found += [f"{self.kind}: refused after {one.seconds:.2f} s" for one in refused if one.seconds > REFUSED_WITHIN]
        found += [f"{self.kind}: {one.status} for what is fixed" for one in fixed if one.status != 200]
        if self.recovery() > BACK_WITHIN:
            found.append(f"{self.kind}: back after {self.recovery():.2f} s")
        if min(len(refused), len(fixed)) < FEWEST:
            found.append(f"{self.kind}: hardly anybody asked: {len(refused)} and {len(fixed)}")
        return found


@contextmanager
def outage(house: House, link: SlowLink, public: Public, kind: Kind, seconds: float = 2.0) -> Iterator[Outage]:
    """Consent away for the block, and for `seconds` at least; what is found is whole after the block. `link` is the way
    from the gateway that `public` asks to consent."""
    found = Outage(kind)
    public.answers.clear()
    time.sleep(seconds / 2)
    with _away(house, link, kind):
        found.began = time.monotonic()
        yield found
        time.sleep(max(0.0, found.began + seconds - time.monotonic()))
        found.ended = time.monotonic()
    found.returned = time.monotonic()
    found.back = _first(public, found.ended)
    time.sleep(0.1)
    found.answers = list(public.answers)


def _first(public: Public, after: float) -> float:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        ended = [one.ended for one in list(public.answers) if one.depends and one.status == 200 and one.began > after]
        if ended:
            return min(ended)
        assert time.monotonic() < until, "answers do not come back"
        time.sleep(0.01)


@contextmanager
def _away(house: House, link: SlowLink, kind: Kind) -> Iterator[None]:
    """When the block has ended, consent is there again."""
    pid = house.pid("consent")
    if kind == "silent":
        link.silent = True
    elif kind == "paused":
        house.signal("consent", signal.SIGSTOP)
        _wait_for_state(pid, "T")
    else:
        house.signal_supervisor(signal.SIGSTOP)  # or it would start another one at once
        house.signal("consent", signal.SIGKILL)
        _wait_for_state(pid, "Z")
    try:
        yield
    finally:
        link.silent = False
        if kind == "paused":
            house.signal("consent", signal.SIGCONT)
        elif kind == "killed":
            house.signal_supervisor(signal.SIGCONT)
            _wait_for_another(house, pid)


def _wait_for_another(house: House, pid: int) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while house.pid("consent") == pid:
        assert time.monotonic() < until, "consent was not started again"
        time.sleep(0.02)
    house.wait_ready("consent")


def _wait_for_state(pid: int, state: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != state:
        assert time.monotonic() < until, f"{pid} did not become {state}"
        time.sleep(0.001)
