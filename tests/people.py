"""Accounts as `candour up` makes them, with hashes that cost next to nothing. They are checked alike: argon2, by the
parameters in the hash. The real ones take 0.2 s each, in every service of every test."""

import json
from pathlib import Path
from typing import Final

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.kit.files import write_durably
from shared.kit.people import make_people

QUICK: Final = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))  # 8 KiB, once over


def make_quick_people(target: Path) -> dict[str, str]:
    """Name → password."""
    return make_people(target, QUICK)


def change_person(target: Path, name: str, **changes: object) -> None:
    """Change this account in the file, or add it where it is not there; `password` is hashed, None takes away."""
    people = [one for one in json.loads(target.read_bytes())["people"] if one["name"] != name]
    before = next((one for one in json.loads(target.read_bytes())["people"] if one["name"] == name), {"name": name})
    if "password" in changes:
        changes["hash"] = QUICK.hash(str(changes.pop("password")))
    after = {key: value for key, value in (before | changes).items() if value is not None}
    write_durably(target, json.dumps({"people": [*people, after]}).encode())


def remove_person(target: Path, name: str) -> None:
    people = [one for one in json.loads(target.read_bytes())["people"] if one["name"] != name]
    write_durably(target, json.dumps({"people": people}).encode())
