"""What waits for a second person, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlmodel import Session

from services.consent.models import PROPOSAL
from shared.contracts.consent import ProposalKind


@dataclass(frozen=True)
class Proposed:
    """`body` is the canonical text that is signed under. `outcome` is `approved` or `rejected`; `revision` that of the
    event that put it in force."""

    id: str
    kind: ProposalKind
    body: str
    proposed_by: str
    proposed_at: str
    decided_by: str | None = None
    decided_at: str | None = None
    outcome: str | None = None
    revision: int | None = None


def _proposed(row: Sequence[Any]) -> Proposed:
    """`row` has the columns of the table, in its order."""
    return Proposed(*row)


def keep(session: Session, one: Proposed) -> None:
    session.execute(insert(PROPOSAL), [vars(one)])


def proposal(session: Session, number: str) -> Proposed | None:
    row = session.execute(select(PROPOSAL).where(PROPOSAL.c.id == number)).one_or_none()
    return _proposed(row) if row else None


def listed(session: Session, kinds: Sequence[str], open_only: bool) -> list[Proposed]:
    """Newest first."""
    query = select(PROPOSAL).where(PROPOSAL.c.kind.in_(kinds))
    if open_only:
        query = query.where(PROPOSAL.c.outcome.is_(None))
    rows = session.execute(query.order_by(PROPOSAL.c.proposed_at.desc(), PROPOSAL.c.id))
    return [_proposed(row) for row in rows]


def decide(session: Session, one: Proposed) -> None:
    """Keep what became of it; a proposal is decided once."""
    values = {name: getattr(one, name) for name in ("decided_by", "decided_at", "outcome", "revision")}
    undecided = PROPOSAL.c.id == one.id, PROPOSAL.c.outcome.is_(None)
    changed = session.connection().execute(update(PROPOSAL).where(*undecided).values(**values)).rowcount
    if changed != 1:
        raise RuntimeError("the proposal was decided already")  # its decider holds the one writer's turn
