"""How long a gateway waits for consent, in seconds. A deadline only ever refuses; none permits an answer.

They are part of what is promised, so no setting changes them. A test of something else may be more patient: what it
says must not depend on how busy its machine is.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Deadlines:
    """`head`: one exchange of the check; `check`: a reader's wait for one that began after they came; `told`: a
    registration or a confirmation; `changes`: a part of the ledger; `choices`: who refused, and how many were asked;
    `leaving`: the last word of a process that ends."""

    head: float = 0.8
    check: float = 1.0
    told: float = 2.0
    changes: float = 5.0
    choices: float = 1.0
    leaving: float = 1.0


DEADLINES: Final = Deadlines()
