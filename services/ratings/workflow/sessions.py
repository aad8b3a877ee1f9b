"""Who is signed in to the pages of ratings. Kept in the database, because several processes may answer."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from services.ratings.store import sessions as table
from services.ratings.store.store import Store
from shared.kit.console.sessions import Session
from shared.kit.files import sha256_of
from shared.kit.people import Account, People

MOST_MESSAGES: Final = 5
SEEN_AGAIN: Final = timedelta(minutes=1)  # how much of its idle time a session may lose to a crash


class DatabaseSessions:
    """Every question is one look at the table: `loaded` is never true, so pages ask from a thread."""

    loaded: Final = False

    def __init__(self, store: Store, people: People, clock: Callable[[], datetime]) -> None:
        self.store, self.people, self.clock = store, people, clock

    def sign_in(self, account: Account, before: str | None) -> str:
        """The new id, which only the browser will know; the session `before` of the same browser has ended. Whatever id
        a browser brought along is never taken up: it may have been given to it."""
        raw, now = secrets.token_urlsafe(32), self.clock()
        session = Session(
            sha256_of(raw.encode()), account.name, account.roles, account.subject, account.stamp,
            secrets.token_urlsafe(32), now, now, now,
        )  # fmt: skip
        with self.store.transaction() as tx:
            if before is not None:
                table.end(tx.session, [sha256_of(before.encode())])
            gone = [row.id_hash for row in table.all_of_them(tx.session) if not self._holds(table.as_session(row), now)]
            table.end(tx.session, gone)
            table.keep(tx.session, session)
        return raw

    def find(self, raw: str) -> Session | None:
        """The session of a cookie, seen now; None where it has run out, or its account is not what it was."""
        key, now = sha256_of(raw.encode()), self.clock()
        with self.store.reading() as tx:
            row = table.find(tx.session, key)
            session = None if row is None else table.as_session(row)
        if session is None:
            return None
        if not self._holds(session, now):
            self.end(raw)
            return None
        if now - session.seen_at >= SEEN_AGAIN:
            session = session.seen(now)
            with self.store.transaction() as tx:
                again = table.find(tx.session, key)
                if again is None:  # signed out elsewhere meanwhile
                    return None
                again.seen_at = session.seen_at
        return session

    def end(self, raw: str) -> None:
        """Signed out: the id is worth nothing from here on."""
        with self.store.transaction() as tx:
            table.end(tx.session, [sha256_of(raw.encode())])

    def end_everywhere(self, account: str) -> int:
        """Every browser of the account is signed out; how many there were."""
        with self.store.transaction() as tx:
            return table.end_of_account(tx.session, account)

    def say(self, session: Session, kind: str, text: str) -> None:
        """A message for the next page of this browser. It is in no address and no cookie."""
        with self.store.transaction() as tx:
            row = table.find(tx.session, session.id_hash)
            if row is not None:
                row.messages = [*row.messages, {"kind": kind, "text": text}][-MOST_MESSAGES:]

    def heard(self, session: Session) -> list[Mapping[str, str]]:
        """The messages that wait, which are gone afterwards."""
        with self.store.reading() as tx:
            row = table.find(tx.session, session.id_hash)
            if row is None or not row.messages:
                return []
        with self.store.transaction() as tx:
            row = table.find(tx.session, session.id_hash)
            waiting = [] if row is None else row.messages
            if row is not None:
                row.messages = []
        return list(waiting)

    def _holds(self, session: Session, now: datetime) -> bool:
        account = self.people.account(session.account)
        return account is not None and account.stamp == session.stamp and session.holds(now)
