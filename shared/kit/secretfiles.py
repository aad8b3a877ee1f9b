"""Secrets are files: one per pair of services, named `<caller>-<callee>.key`, and one per private purpose."""

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
