"""What a service has about one person, as lines of JSON: a piece each, and a last line that says what was searched. An
answer without its last line is not whole."""

from typing import Any, Final

from shared.contracts.base import Contract, Count, Slug

LINES: Final = "application/x-ndjson"


class Piece(Contract):
    """One thing that is kept about the person, and where."""

    place: Slug
    found: dict[str, Any]


class Searched(Contract):
    """Every place that was searched, with the number of pieces found there, also where it is none."""

    service: Slug
    searched: dict[str, Count]
