"""How numbers and reasons are written, in sentences, on the page and on the terminal."""

import unicodedata
from typing import Final

SHOWN: Final = 200


def number(value: float) -> str:
    """`1,234`, `0.0123457`, `2.5e-07`: six digits, whole numbers in full."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1e6 else f"{value:,.6g}"


def percent(share: float) -> str:
    """With one decimal; never all or nothing where it is not."""
    told = round(100 * share, 1)
    if told == 100 and share < 1:
        told = 99.9
    if told == 0 and share > 0:
        told = 0.1
    return f"{told:.1f} %"


def printable(text: str) -> str:
    """Text of a stranger, such as the name of a file: characters without a form of their own, such as those that turn
    the direction of writing or move a terminal's cursor, are replaced, and it is cut to a length."""
    shown = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(mark)[0] == "C" else mark for mark in shown)


def reason(code: str) -> str:
    """`small_numbers` as `small numbers`."""
    return code.replace("_", " ").replace("-", " ")
