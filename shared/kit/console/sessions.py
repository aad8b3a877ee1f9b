"""How long a browser stays signed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from shared.kit.people import Account

IDLE: Final = timedelta(minutes=30)
WHOLE: Final = timedelta(hours=12)
FRESH: Final = timedelta(minutes=10)
SKEW: Final = timedelta(minutes=1)  # a clock that was set back by more has not told the truth before, or does not now


@dataclass(frozen=True)
class Session:
    """One signed-in browser. `id_hash` is the SHA-256 of what its cookie holds, `csrf` what its forms carry, `stamp`
    that of the account as it was; times are aware. `fresh_at` is when a password was last given."""

    id_hash: str
    account: str
    roles: frozenset[str]
    subject: str | None
    stamp: str
    csrf: str
    created_at: datetime
    seen_at: datetime
    fresh_at: datetime

    def holds(self, now: datetime) -> bool:
        """Whether it has not run out. A clock before its beginning counts as the end, not as more time."""
        began = self.created_at - SKEW <= now and self.seen_at - SKEW <= now
        return began and now - self.seen_at < IDLE and now - self.created_at < WHOLE

    def fresh(self, now: datetime) -> bool:
        return self.fresh_at - SKEW <= now and now - self.fresh_at < FRESH

    def seen(self, now: datetime) -> "Session":
        return replace(self, seen_at=max(now, self.seen_at))


class Sessions(Protocol):
    """Where a service keeps who is signed in. `loaded`: whether `find` answers from memory."""

    @property
    def loaded(self) -> bool: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...
    def sign_in(self, account: Account, before: str | None) -> str: ...
    def find(self, raw: str) -> Session | None: ...
    def end(self, raw: str) -> None: ...
    def end_everywhere(self, account: str) -> int: ...
    def say(self, session: Session, kind: str, text: str) -> None: ...
    def heard(self, session: Session) -> list[Mapping[str, str]]: ...
