"""Lines of returns that wait for a second person. Their text is kept only as long as they do."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import RowMapping, insert, select, update
from sqlmodel import Session

from services.consent.models import PROPOSAL

KIND: Final = "returns"


@dataclass(frozen=True)
class HeldLines:
    """`text` is CSV, one line for each of `numbers`; both are empty once somebody has decided. `revision` is where the
    ledger was when it was proposed, and `report` the import that an approval has become."""

    id: str
    revision: int
    numbers: tuple[int, ...]
    text: str
    effect: tuple[Mapping[str, Any], ...]
    proposed_by: str
    proposed_at: str
    decided_by: str | None = None
    decided_at: str | None = None
    outcome: str | None = None
    report: str | None = None


def hold(session: Session, lines: HeldLines) -> None:
    body = {"revision": lines.revision, "numbers": lines.numbers, "text": lines.text, "effect": lines.effect}
    values = {
        "id": lines.id, "kind": KIND, "body": _json(body), "proposed_by": lines.proposed_by,
        "proposed_at": lines.proposed_at,
    }  # fmt: skip
    session.execute(insert(PROPOSAL), [values])


def find(session: Session, import_id: str) -> HeldLines | None:
    query = select(PROPOSAL).where(PROPOSAL.c.id == import_id, PROPOSAL.c.kind == KIND)
    row = session.execute(query).mappings().one_or_none()
    return _held(row) if row else None


def waiting(session: Session) -> list[HeldLines]:
    """Those that nobody has decided, the oldest first."""
    query = select(PROPOSAL).where(PROPOSAL.c.kind == KIND, PROPOSAL.c.outcome.is_(None))
    rows = session.execute(query.order_by(PROPOSAL.c.proposed_at, PROPOSAL.c.id)).mappings()
    return [_held(row) for row in rows]


def settle(session: Session, decided: HeldLines) -> None:
    """Write down who decided what, and let the lines go."""
    body = {"revision": decided.revision, "numbers": [], "text": "", "effect": decided.effect}
    values = {
        "body": _json(body | ({"report": decided.report} if decided.report else {})),
        "decided_by": decided.decided_by, "decided_at": decided.decided_at, "outcome": decided.outcome,
    }  # fmt: skip
    session.execute(update(PROPOSAL).where(PROPOSAL.c.id == decided.id).values(values))


def _held(row: RowMapping) -> HeldLines:
    body = json.loads(row["body"])
    return HeldLines(
        row["id"], body["revision"], tuple(body["numbers"]), body["text"], tuple(body["effect"]), row["proposed_by"],
        row["proposed_at"], row["decided_by"], row["decided_at"], row["outcome"], body.get("report"),
    )  # fmt: skip


def _json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
