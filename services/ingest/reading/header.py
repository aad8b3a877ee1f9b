"""The first line must be exactly a header that the source declares: same names, same order, nothing else."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from services.ingest.reading.blocks import MOST_IN_LINE, blocks
from services.ingest.refusals import Refused, excerpt, listed


def header_of(path: Path, encoding: str, headers: Sequence[list[str]]) -> list[str]:
    """Which of `headers` the file begins with.

    Raises Refused `wrong-header`, naming the columns that are missing, unexpected, repeated or out of order in
    comparison with the header that is most like it.
    """
    with path.open("rb") as opened:
        raw = next(blocks(opened)).data.partition(b"\n")[0].removesuffix(b"\r")
    found = _names(raw, encoding)
    if found not in headers:
        _refuse(raw, encoding, found, min(headers, key=lambda header: len(set(header) ^ set(found))))
    return found


def _refuse(raw: bytes, encoding: str, found: list[str], expected: list[str]) -> NoReturn:
    wanted = listed(expected, len(expected))
    if not found:
        detail = "Line 1 is blank where the header should be. Nothing was taken from the file."
        raise Refused("wrong-header", detail, "a blank line", wanted, line=1)
    if len(raw) > MOST_IN_LINE:
        detail = "Line 1 is not a header: it is too long. Nothing was taken from the file."
        raise Refused("wrong-header", detail, excerpt(raw, encoding), wanted, line=1)
    why = "; ".join(_differences(found, expected))
    detail = f"Line 1 is not the header that this source has: {why}. Nothing was taken from the file."
    raise Refused("wrong-header", detail, listed(found, 50), wanted, line=1)


def _names(raw: bytes, encoding: str) -> list[str]:
    text = raw[: MOST_IN_LINE + 1].decode(encoding, errors="replace")
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error:
        return [text]
    return rows[0] if rows and text.strip() else []


def _differences(found: list[str], expected: list[str]) -> list[str]:
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    repeated = [name for name, times in Counter(found).items() if times > 1 and name in expected]
    named = (("missing", missing), ("unexpected", unexpected), ("repeated", repeated))
    told = [f"{word} {listed(names)}" for word, names in named if names]
    if told:
        return told
    place = next(i for i, (a, b) in enumerate(zip(found, expected, strict=True)) if a != b)
    return [f"column {place + 1} should be {expected[place]}, not {found[place]}"]
