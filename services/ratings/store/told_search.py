"""What one person has looked at, asked and said before publication, whatever became of it."""

from collections.abc import Iterator
from typing import Any, Final

from sqlmodel import select

from services.ratings.models import AnswerRow, QueryRow, SeenRow
from services.ratings.store.store import Store

OURS: Final = {"level", "subject", "idempotency_key", "figures"}  # how we find it, and nothing about anybody


def told_first(store: Store, number: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """`seen`, `queries` or `texts`, and the entry."""
    with store.database.reading() as session:
        looks = session.exec(select(SeenRow).where(SeenRow.level == "consultant", SeenRow.subject == number))
        yield from (("seen", _told(row)) for row in looks)
        asked = session.exec(select(QueryRow).where(QueryRow.level == "consultant", QueryRow.subject == number))
        yield from (("queries", _told(row)) for row in asked)
        texts = session.exec(select(AnswerRow).where(AnswerRow.level == "consultant", AnswerRow.subject == number))
        yield from (("texts", _told(row)) for row in texts)


def _told(row: SeenRow | QueryRow | AnswerRow) -> dict[str, Any]:
    return row.model_dump(exclude=OURS, exclude_none=True)
