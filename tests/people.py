"""Accounts as `candour up` makes them, with hashes that cost next to nothing. They are checked alike: argon2, by the
parameters in the hash. The real ones take 0.2 s each, in every service of every test."""

from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.kit.people import make_people

QUICK: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))  # 8 KiB, once over


def make_quick_people(target: Path) -> dict[str, str]:
    """Name → password."""
    return make_people(target, QUICK)
