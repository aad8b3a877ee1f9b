"""How a step of a case is written down: the case as it stands, the step that led there, and an entry of the audit."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.ratings.domain.case_readers import About
from services.ratings.domain.outlier_policy import OutlierPolicy
from services.ratings.domain.outliers import Place, Standing, may_know
from services.ratings.domain.working_days import day_zero
from services.ratings.models import CaseRow, CaseStepRow
from services.ratings.store.cases import keep
from services.ratings.store.store import Transaction
from shared.contracts.cases import CaseKind, CaseState, Party

RATINGS: Final = "ratings"
"""Who takes the steps that results take."""
BY_RESULTS: Final = frozenset({"restart", "close_on_data"})


@dataclass(frozen=True)
class Written:
    """What is written down of a step: `actor` is an account, `party` whose step it was."""

    step: str
    at: datetime
    note: str
    actor: str = RATINGS
    party: str = RATINGS
    override: str | None = None
    figures: dict[str, Any] | None = None
    key: str | None = None
    asked: str | None = None


def about(row: CaseRow) -> About:
    return About(row.level, row.subject, row.provider, row.reached)


def standing_of(row: CaseRow) -> Standing:
    owner = Party(row.owner) if row.owner else None
    place = Place(CaseState(row.state), row.stage)
    return Standing(CaseKind(row.kind), place, row.round, row.reached, owner, row.deadline)


def written(row: CaseRow, now: Standing, policy: OutlierPolicy, done: Written, sequence: int) -> CaseStepRow:
    """The step to be kept; `row` is changed to where the case stands now. `sequence` is that of the step before, 0 for
    the first."""
    was = row.state if sequence else None
    knew = row.reached
    row.state, row.stage, row.round, row.reached = now.place.state.value, now.place.stage, now.round, now.reached
    row.owner, row.deadline, row.policy = now.owner.value if now.owner else None, now.deadline, policy.name
    row.closed = done.at if now.ended else None
    if done.figures is not None:
        row.figures = done.figures
    return CaseStepRow(
        case=row.id, sequence=sequence + 1, at=done.at, day_zero=day_zero(done.at), actor=done.actor,
        party=done.party, step=done.step, was=was, state=row.state, stage=row.stage, round=row.round, owner=row.owner,
        deadline=row.deadline, note=done.note, detail=_detail(row, now, policy, done, knew), idempotency_key=done.key,
    )  # fmt: skip


def keep_audited(tx: Transaction, kept: Collection[tuple[CaseRow, CaseStepRow]]) -> None:
    """In the caller's transaction: durable when that has ended, each step with its entry of the audit."""
    keep(tx, kept)
    for row, step in kept:
        tx.record(
            step.actor, "case.step", row.release, case=row.id, sequence=step.sequence, step=step.step,
            state=step.state, round=step.round,
        )  # fmt: skip


def _detail(row: CaseRow, now: Standing, policy: OutlierPolicy, done: Written, knew: int) -> dict[str, Any]:
    """What only some steps have: absent, not null, where they have it not."""
    found = {
        "override": done.override,
        "figures": done.figures,
        "asked": done.asked,
        "earliest": now.earliest.isoformat() if now.earliest else None,
        "notice": _notice(row, policy, done.step, knew),
    }
    return {name: value for name, value in found.items() if value is not None}


def _notice(row: CaseRow, policy: OutlierPolicy, step: str, knew: int) -> dict[str, Any] | None:
    """What the step tells. What results do is told to those who knew of the case: nobody else is made to wonder."""
    told = policy.told.get(step)
    if told is None:
        return None
    to = [one for one in told.to if step not in BY_RESULTS or may_know(one, knew, policy)]
    if not to:
        return None
    words = {
        "case": row.id, "level": row.level, "subject": row.subject, "indicator": row.indicator, "period": row.period,
        "release": row.release, "direction": row.direction,
        "deadline": row.deadline.isoformat() if row.deadline else "",
    }  # fmt: skip
    return {"to": [one.value for one in to], "text": told.text.format_map(words)}
