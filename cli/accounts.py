"""Whose name and password a command uses: a file named by CANDOUR_ACCOUNTS, a variable, or a question on the terminal.

A password is never an argument: arguments are visible to every process of the machine.
"""

import getpass
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.say import stop


def known_password(name: str) -> str | None:
    """What the file or the variable says; None where neither says anything."""
    accounts = os.environ.get("CANDOUR_ACCOUNTS")
    if accounts:
        known: Mapping[str, str] = json.loads(Path(accounts).read_text())
        if name in known:
            return known[name]
    return os.environ.get(_variable(name)) or None


def password_of(name: str) -> str:
    """Ends the command with an explanation where no password can be had."""
    known = known_password(name)
    if known is not None:
        return known
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {name}: ")
    return stop(
        f"No password for the account '{name}'. Set {_variable(name)}, or CANDOUR_ACCOUNTS to the file "
        "that `candour up --accounts FILE` wrote, or run this in a terminal to be asked."
    )


def _variable(name: str) -> str:
    return f"CANDOUR_PASSWORD_{name.upper().replace('-', '_')}"
