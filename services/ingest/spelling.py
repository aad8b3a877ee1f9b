"""What a source's TOML may leave unsaid, said: the names of columns, columns that are alike, and the header."""

import re
from collections.abc import Mapping
from typing import Any

NOT_IN_NAMES = re.compile(r"[^0-9a-z]+")


def snake(header: str) -> str:
    """`Comparison to U.S. Rate` -> `comparison_to_u_s_rate`."""
    return NOT_IN_NAMES.sub("_", header.lower()).strip("_")


def spelled_out(given: Any) -> Any:
    """A source as it would be written in full; what is not of that shape is left for its validation to refuse.

    `each = [...]` in a column stands for one such column per name of the list, in its place. A column without `name`
    has its header's, in lower snake case. Without `header` it is the columns' names in the file, in their order.
    """
    if not isinstance(given, Mapping) or not isinstance(columns := given.get("columns"), list | tuple):
        return given
    full = [_named(column) for one in columns for column in _each(one)]
    header = given["header"] if "header" in given else _header(full)
    return {**given, "columns": full, "header": header}


def _each(column: Any) -> list[Any]:
    if not isinstance(column, Mapping) or not isinstance(names := column.get("each"), list):
        return [column]
    rest = {key: value for key, value in column.items() if key != "each"}
    return [{**rest, "from": name} for name in names] if not {"name", "from"} & set(rest) else [column]


def _named(column: Any) -> Any:
    if not isinstance(column, Mapping) or "name" in column or not (name := _first(column)):
        return column
    return {**column, "name": snake(name)}


def _header(columns: list[Any]) -> list[str]:
    return list(dict.fromkeys(name for column in columns if isinstance(column, Mapping) and (name := _first(column))))


def _first(column: Mapping[str, Any]) -> str | None:
    names = column.get("from")
    first = names[0] if isinstance(names, list | tuple) and names else names
    return first if isinstance(first, str) else None
