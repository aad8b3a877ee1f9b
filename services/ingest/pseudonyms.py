"""Patients' keys become pseudonyms as they are read, under a key that is a file among the secrets and nowhere else."""

import hmac
from pathlib import Path
from typing import Final

import polars as pl

from services.ingest.personal import in_one_spelling
from shared.kit.secretfiles import read_secret

KEY: Final = "ingest-pseudonyms"
FILE: Final = f"{KEY}.key"
"""What `candour up`, `candour secrets` and docker-compose.yml call it."""
DIGITS: Final = 32


def load_key(folder: Path) -> bytes:
    """The key in the folder of secrets. Raises FileNotFoundError without one, ValueError where it is too short."""
    return read_secret(folder, KEY)


def pseudonym(text: str, key: bytes) -> str:
    """HMAC-SHA256 of `text` in UTF-8, its first 128 bits as 32 hexadecimal digits (RFC 2104)."""
    return hmac.digest(key, text.encode(), "sha256").hex()[:DIGITS]


def pseudonyms(texts: pl.Series, key: bytes) -> pl.Series:
    """The pseudonym of each of `texts`, shape (n,), in their order; null where there is no text.

    An NHS number is one number however its digits are set apart. Other keys count letter by letter: whether two that
    differ in case are one patient is known to nobody here.
    """
    different = texts.drop_nulls().unique()
    made = pl.Series([pseudonym(in_one_spelling(text), key) for text in different], dtype=pl.String)
    return texts.replace_strict(different, made, default=None, return_dtype=pl.String)
