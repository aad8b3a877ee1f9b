"""What `candour up` tells consent of its gateways: that a process has ended. And which one has been silent for too
long, so that it is ended: a withdrawal becomes effective only when every process has confirmed it, or is gone.

The proof is the lock of the gateway's data directory: who can have it knows that whoever registered from there has
ended. All waiting for consent is done in a thread of its own, and nobody is ended while consent gives no answer.
"""

import fcntl
import json
import time
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any, Final

import httpx

from cli.up.layout import Layout
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken

EVERY_SECONDS: Final = 0.4
ANSWER_SECONDS: Final = 2.0
SILENT_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 320.0
GONE: Final = (204, 404)  # told, or of a process that this consent never knew
LOCK, RECORD = "gateway.lock", "gateway.json"  # of the gateway's data directory

Process = tuple[str, int]  # of a name, the so manieth


class Patience:
    """Who has owed a confirmation for how long, as consent's lists show it."""

    def __init__(self) -> None:
        self.owed: dict[Process, tuple[int, float]] = {}
        self.limits: dict[str, float] = {}

    def look(self, listed: dict[str, Any], now: float) -> list[Process]:
        """The processes that have not confirmed what consent has had for ten seconds, or longer where one of that name
        was ended for it before and has not confirmed anything since."""
        owed, silent, revision = {}, [], int(listed["revision"])
        for one in listed["gateways"]:
            process, applied = (str(one["gateway"]), int(one["number"])), int(one.get("applied", -1))
            wanted, since = self.owed.get(process, (revision, now))
            if applied >= wanted:
                self.limits.pop(process[0], None)
                wanted, since = revision, now
            if applied < wanted:
                owed[process] = (wanted, since)
                if now - since >= self.limits.get(process[0], SILENT_SECONDS):
                    silent.append(process)
        self.owed = owed
        return silent

    def forget(self) -> None:
        """Consent gave no answer: nobody could confirm anything."""
        self.owed.clear()

    def ended(self, name: str) -> None:
        """One of that name was ended for its silence: the next is given twice the time."""
        self.limits[name] = min(LONGEST_SECONDS, 2 * self.limits.get(name, SILENT_SECONDS))


class Supervisor:
    """`note_end` and `take_silent` never wait; the thread that starts the processes calls them."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.patience = Patience()
        self.to_tell: set[Process] = set()
        self.silent: set[Process] = set()
        self.lock, self.over = Lock(), Event()

    def start(self) -> None:
        """Before any gateway starts: what ran here earlier has ended, also under a name that is not used any more."""
        for folder in sorted(self.layout.data.glob("gateway*")):
            self.note_end(folder.name)
        Thread(target=self._run, name="supervisor", daemon=True).start()

    def stop(self) -> None:
        self.over.set()

    def note_end(self, name: str) -> None:
        """No process of that name runs now, and none is started before this returns."""
        folder = self.layout.data / name
        number = registered(folder)
        if number is not None and is_free(folder):
            with self.lock:
                self.to_tell.add((name, number))

    def take_silent(self) -> list[str]:
        """Names whose present process is to be ended."""
        with self.lock:
            found, self.silent = sorted(self.silent), set()
        names = [name for name, number in found if registered(self.layout.data / name) == number]
        for name in names:
            self.patience.ended(name)
        return names

    def _run(self) -> None:
        token = ServiceToken("supervisor", "consent", read_secret(self.layout.secrets, "supervisor-consent"))
        url = self.layout.url("consent")
        with httpx.Client(base_url=url, auth=token, timeout=ANSWER_SECONDS, trust_env=False) as consent:
            while not self.over.wait(EVERY_SECONDS):
                try:
                    self._look(consent)
                except (httpx.HTTPError, ValueError):
                    self.patience.forget()

    def _look(self, consent: httpx.Client) -> None:
        """Raises httpx.HTTPError, and ValueError for what is no list."""
        with self.lock:
            to_tell = sorted(self.to_tell)
        for name, number in to_tell:
            proof = {"number": number, "proof": "process_ended"}
            if consent.post(f"/v1/gateways/{name}/fence", json=proof).status_code in GONE:
                with self.lock:
                    self.to_tell.discard((name, number))
        answer = consent.get("/v1/gateways").raise_for_status()
        with self.lock:
            self.silent = set(self.patience.look(answer.json(), time.monotonic()))


def registered(folder: Path) -> int | None:
    """Which process of its name the last one is that registered with consent from this data directory."""
    try:
        return int(json.loads((folder / RECORD).read_text())["incarnation"].partition("-")[0])
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def is_free(folder: Path) -> bool:
    """Whether no process holds it: the kernel lets go of a lock when its holder is gone, with all its connections."""
    try:
        with (folder / LOCK).open("r") as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
