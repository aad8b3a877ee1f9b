"""Local accounts for demonstrations: a file of names, roles and argon2 hashes. Passwords are shown once, never kept."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.kit.files import write_durably
from shared.kit.problems import NotSignedIn

DEMONSTRATION: Final[Mapping[str, tuple[str, ...]]] = {
    "steward": ("steward",),
    "analyst": ("analyst",),
    "reviewer": ("reviewer",),
    "publisher": ("publisher",),
    "officer": ("officer",),
    "auditor": ("auditor",),
}
REMEMBER_SECONDS: Final = 300.0
_HASHER: Final = PasswordHash((Argon2Hasher(),))


def make_people(target: Path, hasher: PasswordHash = _HASHER) -> dict[str, str]:
    """Make the demonstration accounts with fresh passwords, replacing earlier ones; return name → password. How dear a
    check is stands in the hash itself."""
    passwords = {name: secrets.token_urlsafe(15) for name in DEMONSTRATION}
    accounts = [
        {"name": name, "roles": list(roles), "hash": hasher.hash(passwords[name])}
        for name, roles in DEMONSTRATION.items()
    ]
    write_durably(target, json.dumps({"people": accounts}, indent=1).encode())
    return passwords


class People:
    """Checks HTTP Basic credentials against the file, read when it changes. A right answer is remembered for five
    minutes under a keyed hash, because argon2 is meant to be slow."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.stamp: tuple[int, int] | None = None
        self.accounts: dict[str, tuple[str, frozenset[str]]] = {}
        self.remembered: dict[bytes, float] = {}
        self.salt = secrets.token_bytes(32)

    def check(self, basic: str) -> tuple[str, frozenset[str]]:
        """Name and roles for the value of a Basic header. Raises NotSignedIn."""
        self._read()
        try:
            name, _, password = base64.b64decode(basic, validate=True).decode().partition(":")
        except ValueError:  # not base64, not ASCII, or not UTF-8 inside
            raise NotSignedIn from None
        known = self.accounts.get(name)
        if known is None or not self._right(name, password, known[0]):
            raise NotSignedIn("That name and password do not go together.")
        return name, known[1]

    def _read(self) -> None:
        state = self.source.stat()
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != self.stamp:
            loaded = json.loads(self.source.read_bytes())["people"]
            self.accounts = {one["name"]: (one["hash"], frozenset(one["roles"])) for one in loaded}
            self.remembered.clear()
            self.stamp = stamp

    def _right(self, name: str, password: str, stored: str) -> bool:
        tag = hmac.new(self.salt, f"{name}\0{password}".encode(), hashlib.sha256).digest()
        if self.remembered.get(tag, 0.0) > time.monotonic():
            return True
        if not _HASHER.verify(password, stored):
            return False
        self.remembered[tag] = time.monotonic() + REMEMBER_SECONDS
        return True
