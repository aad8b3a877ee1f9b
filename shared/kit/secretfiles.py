"""Secrets are files: one per pair of services, named `<caller>-<callee>.key`, and one per private purpose.

While a secret is being replaced, the one before it stands in `<name>.previous.key`: who checks accepts both, who signs
takes the new one. An empty file, or none, means that nothing is being replaced.
"""

import secrets
from pathlib import Path

from shared.kit.files import write_durably

LEAST_BYTES = 32


def make_secret(folder: Path, name: str) -> None:
    """Write a fresh secret where there is none yet; an existing one stays."""
    target = folder / f"{name}.key"
    if not target.exists():
        write_durably(target, secrets.token_hex(LEAST_BYTES).encode())


def read_secret(folder: Path, name: str) -> bytes:
    """Raises FileNotFoundError without it, ValueError where it is too short to be one."""
    value = (folder / f"{name}.key").read_bytes().strip()
    if len(value) < LEAST_BYTES:
        raise ValueError(f"secret {name} is shorter than {LEAST_BYTES} bytes")
    return value


def accepted_secrets(folder: Path, name: str) -> list[bytes]:
    """What signs first, then the one before it where there is one. Raises as read_secret."""
    previous = folder / f"{name}.previous.key"
    waiting = previous.is_file() and bool(previous.read_bytes().strip())
    return [read_secret(folder, name), *([read_secret(folder, f"{name}.previous")] if waiting else [])]
