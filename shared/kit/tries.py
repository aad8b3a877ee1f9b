"""How often a password may be tried: slow enough that guessing leads nowhere, never so slow that its owner is kept out.

Nobody is locked out. After ten wrong tries for one name from one address, that pair waits two seconds for each further
one; a right password clears it, and other addresses have tries of their own. So whoever fills in nonsense from afar
keeps nobody from signing in, and the pause ends by itself once the nonsense stops.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Final

from shared.kit.problems import Problem

AT_ONCE: Final = 10
SECONDS_EACH: Final = 2.0
MOST_KNOWN: Final = 10_000


class TooManyTries(Problem):
    status, code, title = 429, "too_many_tries", "Too many tries with a wrong password"

    def __init__(self, seconds: float) -> None:
        wait = max(1, math.ceil(seconds))
        super().__init__(f"Wait {wait} seconds, then try again. Nothing is locked.", headers={"Retry-After": str(wait)})


class Tries:
    """Tries left for each (name, address). What was used longest ago is forgotten first: it has its tries again anyway.

    `now` is a clock in seconds that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.used: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # tries used, as of when
        self.turn = Lock()

    def take(self, name: str, address: str) -> None:
        """One try, used up before the password is looked at: a thousand at once count as a thousand. Raises
        TooManyTries."""
        key, now = (name, address), self.now()
        with self.turn:
            used, since = self.used.pop(key, (0.0, now))
            left = max(0.0, used - (now - since) / SECONDS_EACH)
            if left > AT_ONCE - 1:
                self.used[key] = (left, now)
                raise TooManyTries((left - AT_ONCE + 1) * SECONDS_EACH)
            self.used[key] = (left + 1, now)
            while len(self.used) > MOST_KNOWN:
                self.used.popitem(last=False)

    def right(self, name: str, address: str) -> None:
        """The password was right: what was used up is given back."""
        with self.turn:
            self.used.pop((name, address), None)
