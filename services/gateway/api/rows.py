"""Which parts of a row an answer holds."""

from collections.abc import Collection
from typing import Any, Final

Body = dict[str, Any]
ALWAYS: Final = frozenset({"id", "status"})
PARTS: Final = frozenset({
    "id", "status", "partition", "indicator", "subject", "period", "value", "comparison", "certainty", "quality",
    "words", "reply", "basis", "method", "links", "absence", "rank_interval",
})  # fmt: skip


def cut(body: Body, fields: Collection[str]) -> Body:
    """The keys asked for; `id` and `status` always stay. All where none was asked for."""
    return {key: value for key, value in body.items() if key in fields or key in ALWAYS} if fields else body
