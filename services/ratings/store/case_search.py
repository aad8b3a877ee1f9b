"""What is kept of one person's outlier cases, for whoever answers their request."""

from collections.abc import Iterator
from typing import Any

from sqlmodel import select

from services.ratings.models import CaseRow
from services.ratings.store.cases import history
from services.ratings.store.store import Store


def of_person(store: Store, number: str) -> Iterator[dict[str, Any]]:
    """Each case, and each step of it."""
    with store.reading() as tx:
        for case in tx.session.exec(select(CaseRow).where(CaseRow.subject == number)).all():
            yield {"table": "outlier_case", **case.model_dump(mode="json")}
            for step in history(tx, case.id):
                yield {"table": "case_step", **step.model_dump(mode="json")}
