"""Breaks a share of the lines of an episodes file in named ways, so that tests know exactly what must be refused."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import numpy as np

HEADER = "episode,provider,consultant,specialty,date,age_band,sex,urgency,comorbidity,died_30_days"
COLUMNS = HEADER.split(",")
LETTERS = {"0": "O", "1": "l"}  # what a tired typist writes
UNKNOWN_LEVELS = {"age_band": "40-55", "sex": "unspecified", "urgency": "soon", "comorbidity": "many"}
REQUIRED = ("episode", "provider", "specialty", "date", "age_band", "sex", "urgency", "died_30_days")
NEVER = ("2024-02-30", "2025-13-01", "2023-06-31", "2025-02-29", "2024-00-10")


class Dirt(StrEnum):
    """The ways in which a line is spoilt."""

    LETTER_FOR_NUMBER = "letter_for_number"  # the outcome is O for 0 or l for 1
    UNKNOWN_LEVEL = "unknown_level"  # a case-mix column holds a word outside its list
    MISSING_FIELD = "missing_field"  # a required field is blank
    SHORT_LINE = "short_line"  # the last field and its comma are cut off
    IMPOSSIBLE_DATE = "impossible_date"  # a day that no calendar has
    DUPLICATE_LINE = "duplicate_line"  # the same line again, at the end of the file
    CONFLICTING_DUPLICATE = "conflicting_duplicate"  # again at the end of the file, with the other outcome


def spoil(path_in: Path, path_out: Path, share: float, seed: int) -> dict[Dirt, int]:
    """Copy a clean episodes file, spoiling round(share x lines) of its lines, each in one way. Returns the counts.

    The ways take equal turns. A duplicate leaves its first line as it was and adds one at the end of the file, so the
    output has that many lines more. Raises ValueError for a share outside 0 to 1 or a file not written by this package.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    text = path_in.read_text(encoding="utf-8")
    header, *lines = text.removesuffix("\n").split("\n")
    if header != HEADER or any(line.count(",") != len(COLUMNS) - 1 or line[-2:] not in (",0", ",1") for line in lines):
        raise ValueError(f"{path_in.name} is not a clean episodes file of the demonstration audit")
    rng = np.random.Generator(np.random.PCG64(seed))
    added, kinds = [], list(Dirt)
    counts = dict.fromkeys(kinds, 0)
    for turn, index in enumerate(rng.permutation(len(lines))[: round(share * len(lines))]):
        dirt = kinds[turn % len(kinds)]
        spoilt = SPOILERS[dirt](lines[index].split(","), rng)
        counts[dirt] += 1
        if dirt in (Dirt.DUPLICATE_LINE, Dirt.CONFLICTING_DUPLICATE):
            added.append(",".join(spoilt))
        else:
            lines[index] = ",".join(spoilt)
    path_out.write_bytes(("\n".join([header, *lines, *added]) + "\n").encode())
    return counts


def _letter_for_number(fields: list[str], _rng: np.random.Generator) -> list[str]:
    return [*fields[:-1], LETTERS[fields[-1]]]


def _unknown_level(fields: list[str], rng: np.random.Generator) -> list[str]:
    column = list(UNKNOWN_LEVELS)[rng.integers(len(UNKNOWN_LEVELS))]
    return _replaced(fields, column, UNKNOWN_LEVELS[column])


def _missing_field(fields: list[str], rng: np.random.Generator) -> list[str]:
    return _replaced(fields, REQUIRED[rng.integers(len(REQUIRED))], "")


def _short_line(fields: list[str], _rng: np.random.Generator) -> list[str]:
    return fields[:-1]


def _impossible_date(fields: list[str], rng: np.random.Generator) -> list[str]:
    return _replaced(fields, "date", NEVER[rng.integers(len(NEVER))])


def _duplicate_line(fields: list[str], _rng: np.random.Generator) -> list[str]:
    return fields


def _conflicting_duplicate(fields: list[str], _rng: np.random.Generator) -> list[str]:
    return [*fields[:-1], {"0": "1", "1": "0"}[fields[-1]]]


def _replaced(fields: list[str], column: str, text: str) -> list[str]:
    place = COLUMNS.index(column)
    return [*fields[:place], text, *fields[place + 1 :]]


SPOILERS: dict[Dirt, Callable[[list[str], np.random.Generator], list[str]]] = {
    Dirt.LETTER_FOR_NUMBER: _letter_for_number,
    Dirt.UNKNOWN_LEVEL: _unknown_level,
    Dirt.MISSING_FIELD: _missing_field,
    Dirt.SHORT_LINE: _short_line,
    Dirt.IMPOSSIBLE_DATE: _impossible_date,
    Dirt.DUPLICATE_LINE: _duplicate_line,
    Dirt.CONFLICTING_DUPLICATE: _conflicting_duplicate,
}
