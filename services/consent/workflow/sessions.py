"""Who is signed in. Answered from memory, kept in the table, and never in the way of a decision.

One process has the ledger, and it has the sessions too. What changes is true at once and written down behind the
request, on connections that take no writer's turn: an import that has the database for a minute holds nobody up, and
where a disk is full nothing is written at all, so that the room which is held back there stays for withdrawals. What is
not yet written when the process dies is lost: somebody signs in again; and a session that was ended and not yet deleted
would come back, and run out after half an hour as any other.
"""

import secrets
from collections.abc import Mapping, Set
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any, Final

from services.consent.store.sessions import SessionTable
from services.consent.workflow.office import Clock, stamp
from services.consent.workflow.room import Room
from shared.kit.ballast import is_full
from shared.kit.console.sessions import Session
from shared.kit.files import sha256_of
from shared.kit.logs import log
from shared.kit.people import Account, People

MOST_EACH: Final = 20  # browsers of one account; the one not seen for longest goes
MOST_MESSAGES: Final = 5
SEEN_AGAIN: Final = timedelta(minutes=1)  # how much of its idle time a session may lose to a crash
TIMES: Final = ("created_at", "seen_at", "fresh_at")
EVERY_SECONDS: Final = 1.5
WRITTEN_SECONDS: Final = 0.5
GONE_SECONDS: Final = 10.0  # for what must be out of the table: its own patience ends much sooner
AGAIN_SECONDS: Final = 0.02


class Sessions:
    """`known` is by the hash of the id. `owed` is what the table does not say yet: a session, or None for its end."""

    def __init__(self, table: SessionTable, people: People, clock: Clock, room: Room) -> None:
        self.table, self.people, self.clock, self.room = table, people, clock, room
        self.known: dict[str, Session] = {}
        self.owed: dict[str, Session | None] = {}
        self.written: dict[str, datetime] = {}
        self.messages: dict[str, list[Mapping[str, str]]] = {}
        self.turn, self.writes = Lock(), Lock()
        self.wake, self.ended, self.paid = Event(), Event(), Event()
        self.loaded = False
        self.thread = Thread(target=self._run, name="sessions", daemon=True)

    def start(self) -> None:
        self.thread.start()

    def stop(self) -> None:
        """What is owed is written, where that is possible now."""
        self.ended.set()
        self.wake.set()
        self.thread.join(5.0)
        self.write()
        self.table.close()

    def sign_in(self, account: Account, before: str | None) -> str:
        """The new id, which only the browser will know; the session `before` of the same browser has ended. Whatever id
        a browser brought along is never taken up: it may have been given to it."""
        self._load()
        raw, now = secrets.token_urlsafe(32), self.clock()
        session = Session(
            sha256_of(raw.encode()), account.name, account.roles, account.subject, account.stamp,
            secrets.token_urlsafe(32), now, now, now,
        )  # fmt: skip
        with self.turn:
            if before is not None:
                self._end(sha256_of(before.encode()))
            mine = sorted((one for one in self.known.values() if one.account == account.name), key=lambda s: s.seen_at)
            for one in mine[: max(0, len(mine) - MOST_EACH + 1)]:
                self._end(one.id_hash)
            self.known[session.id_hash] = session
            self._owe(session.id_hash, session)
        self._settle()
        return raw

    def find(self, raw: str) -> Session | None:
        """The session of a cookie, seen now; None where it has run out, or its account is not what it was."""
        self._load()
        now, key = self.clock(), sha256_of(raw.encode())
        with self.turn:
            session = self.known.get(key)
            if session is None:
                return None
            if not self._holds(session, now):
                self._end(key)
                return None
            session = self.known[key] = session.seen(now)
            if now - self.written.get(key, session.created_at) >= SEEN_AGAIN:
                self._owe(key, session)
                self.written[key] = now
        return session

    def end(self, raw: str) -> None:
        """Signed out: the id is worth nothing from here on."""
        self._load()
        with self.turn:
            self._end(sha256_of(raw.encode()))
        self._settle()

    def end_everywhere(self, account: str) -> int:
        """Every browser of the account is signed out; how many there were."""
        self._load()
        with self.turn:
            mine = [key for key, one in self.known.items() if one.account == account]
            for key in mine:
                self._end(key)
        self._settle()
        return len(mine)

    def end_of_subject(self, number: str) -> bool:
        """Every browser in which this person is signed in for themselves is signed out, and what was on its way to the
        table has arrived; whether the table has the end of all that ended, so that nothing of it is written again."""
        self._load()
        with self.turn:
            for key in [key for key, one in self.known.items() if one.subject == number]:
                self._end(key)
            ended = {key for key, one in self.owed.items() if one is None}
        until = monotonic() + GONE_SECONDS
        while not self.write() and self._owes(ended) and not self.room.short and monotonic() < until:
            sleep(AGAIN_SECONDS)
        return not self._owes(ended)

    def say(self, session: Session, kind: str, text: str) -> None:
        """A message for the next page of this browser. It is in no address, no cookie and no table."""
        with self.turn:
            if session.id_hash in self.known:
                waiting = self.messages.setdefault(session.id_hash, [])
                waiting.append({"kind": kind, "text": text})
                del waiting[:-MOST_MESSAGES]

    def heard(self, session: Session) -> list[Mapping[str, str]]:
        """The messages that wait, which are gone afterwards."""
        with self.turn:
            return self.messages.pop(session.id_hash, [])

    def sweep(self) -> None:
        """End what has run out, and what belongs to an account that was changed or removed."""
        now = self.clock()
        with self.turn:
            for key, session in list(self.known.items()):
                if not self._holds(session, now):
                    self._end(key)

    def write(self) -> bool:
        """Write what is owed; whether nothing is owed any more. Never raises."""
        with self.writes:
            with self.turn:
                owed = dict(self.owed)
            if not owed:
                return True
            if self.room.short:  # what room there is belongs to withdrawals
                return False
            try:
                rows = [_row(one) for one in owed.values() if one is not None]
                self.table.keep(rows, [key for key, one in owed.items() if one is None])
            except Exception as error:
                log.warning("sessions_not_written", kind=type(error).__name__, full=is_full(error))
                return False
            with self.turn:
                for key, one in owed.items():
                    if self.owed.get(key, self) is one:
                        del self.owed[key]
                if not self.owed:
                    self.paid.set()
                return not self.owed

    def _holds(self, session: Session, now: datetime) -> bool:
        account = self.people.account(session.account)
        return account is not None and account.stamp == session.stamp and session.holds(now)

    def _end(self, key: str) -> None:
        if self.known.pop(key, None) is not None:
            self._owe(key, None)
        self.messages.pop(key, None)
        self.written.pop(key, None)

    def _owe(self, key: str, session: Session | None) -> None:
        self.owed[key] = session
        self.paid.clear()

    def _owes(self, keys: Set[str]) -> bool:
        with self.turn:
            return not keys.isdisjoint(self.owed)

    def _settle(self) -> None:
        """Begin to write, and give it a moment. A request never waits for longer."""
        self.wake.set()
        if not self.room.short:
            self.paid.wait(WRITTEN_SECONDS)

    def _load(self) -> None:
        """What an earlier process has left, read once. A table that cannot be read now leaves everybody signed out."""
        if self.loaded:
            return
        with self.writes:
            if self.loaded:
                return
            found = [_session(row) for row in self.table.load()]
            with self.turn:
                self.known = {one.id_hash: one for one in found} | self.known
                self.loaded = True

    def _run(self) -> None:
        while not self.ended.is_set():
            self.wake.wait(EVERY_SECONDS)
            self.wake.clear()
            try:
                self._load()
                self.sweep()
            except Exception as error:  # the next look may find it well again
                log.warning("sessions_not_looked_at", kind=type(error).__name__)
            self.write()


def _row(session: Session) -> dict[str, Any]:
    times = {name: stamp(getattr(session, name)) for name in TIMES}
    return vars(session) | times | {"roles": " ".join(sorted(session.roles))}


def _session(row: Mapping[str, Any]) -> Session:
    times = {name: datetime.fromisoformat(row[name]) for name in TIMES}
    return Session(**dict(row) | times | {"roles": frozenset(row["roles"].split())})
