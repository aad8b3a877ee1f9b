"""What an argument must look like, said in words before any service is asked.

Each function gives the text back, or raises `typer.BadParameter`: the command ends with 2, the code of wrong usage.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

import typer

GMC: Final = re.compile(r"[0-9]{7}")
ODS: Final = re.compile(r"[A-Z][0-9A-Z]{2,5}")
RELEASE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(\.[2-9]|\.[1-9][0-9])?")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SHOWN: Final = 80


def gmc(text: str) -> str:
    if not GMC.fullmatch(text):
        raise _unlike(text, "a GMC number", "seven digits are expected")
    return text


def nameable(text: str) -> str:
    """A consultant's number, or the code of a practice."""
    if not GMC.fullmatch(text) and not ODS.fullmatch(text):
        raise _unlike(text, "a GMC number or an ODS code", "seven digits, or a letter with two to five after it")
    return text


def release(text: str) -> str:
    found = RELEASE.fullmatch(text)
    if not found or not _is_day(found.group(1)):
        raise _unlike(
            text, "the name of a release", "a date is expected, or a date with a number, such as 2026-09-30.2"
        )
    return text


def day(text: str) -> str:
    """Empty stays empty: today."""
    if text and not _is_day(text):
        raise _unlike(text, "a date", "year, month and day are expected, such as 2026-09-30")
    return text


def sha256(text: str) -> str:
    if not SHA256.fullmatch(text):
        found = f"these are {len(text)} characters" if len(text) != 64 else "there are others among these"
        raise _unlike(text, "a digest", f"64 characters from 0-9 and a-f are expected, {found}")
    return text


def slug(text: str) -> str:
    if not SLUG.fullmatch(text):
        raise _unlike(text, "such a name", "small letters, digits and single hyphens are expected")
    return text


def optional(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    """`check`, for an option that may be left out."""

    def checked(text: str | None) -> str | None:
        return None if text is None else check(text)

    return checked


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text  # other spellings of ISO 8601 are not ours
    except ValueError:
        return False


def _unlike(text: str, what: str, expected: str) -> typer.BadParameter:
    shown = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return typer.BadParameter(f"{shown or 'Nothing'} is not {what}: {expected}.")
