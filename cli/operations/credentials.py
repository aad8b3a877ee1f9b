"""The files of one installation's secrets: who needs which, how one is made, replaced and retired.

A pair's secret is replaced in two steps: while both exist, the callee accepts either. `*.previous.*` files are always
there, empty where nothing is being replaced, so that a list of files to mount never changes.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cli.up.layout import PAIRS, PRIVATE
from shared.kit.files import write_durably

USER: Final = 10001  # of the containers
SUBJECTS: Final = "consent-subjects"
RECEIPTS: Final = {"consent-receipts": "consent", "ingest-receipts": "ingest"}
"""And which service signs with each; earlier public halves stay published, so nothing is kept of the one before."""
PSEUDONYMS: Final = "ingest-pseudonyms"  # nobody may keep the one before: with it patients' keys could be tried out
CURSOR: Final = "gateway-cursor"
SUPERUSER: Final = "postgres"
SUPERVISOR: Final = "supervisor"  # no container: a command reads its secret where it needs it
ROLES: Final = ("consent", "ingest", "ratings")
PEOPLE: Final = "people"
KEYS: Final = (*PAIRS, *PRIVATE)
PASSWORDS: Final = (SUPERUSER, *ROLES)
FILES: Final = {**{name: f"{name}.key" for name in KEYS}, **{name: f"{name}.password" for name in PASSWORDS}}
TWICE: Final = (*PAIRS, CURSOR, SUPERUSER)  # of these, the one before is kept until it is retired
BYTES: Final = 32


class NotRotated(Exception):
    """Why a secret stays as it is, in a sentence for the person at the terminal."""


class Credentials:
    """The folder of secrets. Where root runs this, the files belong to the user of the containers and nobody else may
    read them; elsewhere they belong to whoever runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str) -> Path:
        return self.folder / FILES[name]

    def previous(self, name: str) -> Path:
        known = self.file(name)
        return known.with_name(f"{name}.previous{known.suffix}")

    @property
    def people(self) -> Path:
        return self.folder / f"{PEOPLE}.json"

    def make(self) -> tuple[list[str], dict[str, str]]:
        """Make what is missing. Returns the names of the files made, and the accounts (name → password) if those were
        made now: their passwords are kept nowhere."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = {self.file(name): _fresh for name in FILES} | {self.previous(name): bytes for name in TWICE}
        made = [self._write(path, content).name for path, content in wanted.items() if not path.exists()]
        accounts = {} if self.people.exists() else self.new_people()
        return made + ([self.people.name] if accounts else []), accounts

    def new_people(self) -> dict[str, str]:
        from shared.kit.people import make_people  # noqa: PLC0415  # half a second, and only this needs it

        accounts = make_people(self.people)
        self._settle(self.people)
        return accounts

    def rotate(self, name: str) -> None:
        """Raises NotRotated. The old one is set aside before it is replaced: a repeat goes on where this one ended."""
        if name == SUBJECTS:
            raise NotRotated(
                f"{SUBJECTS} is never replaced: views and gateways know people by hashes made with it, so a withdrawal "
                "would no longer find those whom they show."
            )
        current = self._existing(name)
        if name in TWICE:
            before = self.previous(name).read_bytes() if self.previous(name).exists() else b""
            if before and before != current:
                raise NotRotated(f"{self.previous(name).name} is still in use; expected none. Retire it first.")
            self._write(self.previous(name), lambda: current)
        self._write(self.file(name), _fresh)

    def retire(self, name: str) -> None:
        """From the next start of the callee only the new one is accepted. Raises NotRotated."""
        if name not in TWICE:
            raise NotRotated(f"{name} has nothing to retire; expected one of: {', '.join(TWICE)}.")
        self._existing(name)
        if not self.previous(name).exists() or not self.previous(name).read_bytes():
            raise NotRotated(f"{self.previous(name).name} is empty: {name} is not being replaced.")
        self._write(self.previous(name), bytes)

    def _existing(self, name: str) -> bytes:
        if name not in FILES:
            raise NotRotated(f"{name} is not a secret; expected one of: {', '.join(FILES)}.")
        try:
            return self.file(name).read_bytes()
        except FileNotFoundError:
            raise NotRotated(f"{self.file(name)} is not there; make it with `candour secrets make`.") from None

    def _write(self, path: Path, content: Callable[[], bytes]) -> Path:
        write_durably(path, content(), mode=0o400)
        return self._settle(path)

    def _settle(self, path: Path) -> Path:
        path.chmod(0o400)
        if os.geteuid() == 0:
            os.chown(path, USER, USER)
        return path


def _fresh() -> bytes:
    return secrets.token_hex(BYTES).encode()
