"""Local accounts for demonstrations: a file of names, roles and argon2 hashes. Passwords are shown once, never kept."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.kit.files import sha256_of, write_durably
from shared.kit.problems import NotSignedIn

DEMONSTRATION: Final[Mapping[str, tuple[str, ...]]] = {
    "steward": ("steward",),
    "steward-2": ("steward",),
    "analyst": ("analyst",),
    "reviewer": ("reviewer",),
    "publisher": ("publisher",),
    "officer": ("officer",),
    "officer-2": ("officer",),
    "consultant": ("consultant",),
    "lead": ("lead",),
    "practice": ("practice",),
    "auditor": ("auditor",),
    "regulator": ("regulator",),
}
# Whose own record an account opens: a consultant's number, a provider's or a practice's code. All synthetic.
SUBJECTS: Final[Mapping[str, str]] = {"consultant": "9900002", "lead": "ZZ001", "practice": "Z00001"}
REMEMBER_SECONDS: Final = 300.0
REFUSED: Final = "That name and password do not go together."
_HASHER: Final = PasswordHash((Argon2Hasher(),))


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `subject` is the number of the one record that is their own, where they have one;
    `stamp` changes with anything about the account, its password included."""

    name: str
    roles: frozenset[str]
    subject: str | None
    stamp: str


def make_people(target: Path, hasher: PasswordHash = _HASHER) -> dict[str, str]:
    """Make the demonstration accounts with fresh passwords, replacing earlier ones; return name → password. How dear a
    check is stands in the hash itself."""
    passwords = {name: secrets.token_urlsafe(15) for name in DEMONSTRATION}
    accounts = [
        {"name": name, "roles": list(roles), "hash": hasher.hash(passwords[name])}
        | ({"subject": SUBJECTS[name]} if name in SUBJECTS else {})
        for name, roles in DEMONSTRATION.items()
    ]
    write_durably(target, json.dumps({"people": accounts}, indent=1).encode())
    return passwords


def basic_of(value: str) -> tuple[str, str]:
    """Name and password in the value of a Basic header. Raises NotSignedIn."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:  # not base64, not ASCII, or not UTF-8 inside
        raise NotSignedIn from None
    return name, password


class People:
    """Checks names and passwords against the file, read when it changes. A right answer is remembered for five minutes
    under a keyed hash, because argon2 is meant to be slow."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.stamp: tuple[int, int] | None = None
        self.accounts: dict[str, tuple[Account, str]] = {}
        self.remembered: dict[bytes, float] = {}
        self.salt = secrets.token_bytes(32)

    def check(self, name: str, password: str) -> Account:
        """The account of that name and password. Raises NotSignedIn."""
        self._read()
        known = self.accounts.get(name)
        # A name that nobody has costs as much as one that somebody has: who has an account is nobody's business.
        stored = known[1] if known else next((one for _, one in self.accounts.values()), None)
        right = stored is not None and self._right(name, password, stored)
        if known is None or not right:
            raise NotSignedIn(REFUSED)
        return known[0]

    def remembers(self, name: str, password: str) -> bool:
        """Whether this was right within the last five minutes, and the file has not changed since."""
        self._read()
        return self.remembered.get(self._tag(name, password), 0.0) > time.monotonic()

    def account(self, name: str) -> Account | None:
        """The account as the file has it now."""
        self._read()
        known = self.accounts.get(name)
        return known[0] if known else None

    def _read(self) -> None:
        state = self.source.stat()
        stamp = (state.st_mtime_ns, state.st_ino)
        if stamp != self.stamp:
            loaded = json.loads(self.source.read_bytes())["people"]
            self.accounts = {one["name"]: (_account(one), one["hash"]) for one in loaded}
            self.remembered.clear()
            self.stamp = stamp

    def _tag(self, name: str, password: str) -> bytes:
        return hmac.new(self.salt, f"{name}\0{password}".encode(), hashlib.sha256).digest()

    def _right(self, name: str, password: str, stored: str) -> bool:
        if self.remembered.get(self._tag(name, password), 0.0) > time.monotonic():
            return True
        if not _HASHER.verify(password, stored):
            return False
        if name in self.accounts:
            self.remembered[self._tag(name, password)] = time.monotonic() + REMEMBER_SECONDS
        return True


def _account(entry: Mapping[str, object]) -> Account:
    roles = [str(role) for role in entry["roles"]]  # type: ignore[attr-defined]  # a list in every file we wrote
    subject = None if entry.get("subject") is None else str(entry["subject"])
    parts = [str(entry["name"]), str(entry["hash"]), subject or "", *sorted(roles)]
    return Account(parts[0], frozenset(roles), subject, sha256_of(json.dumps(parts).encode()))
