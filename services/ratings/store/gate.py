"""What the gate of a release reads and keeps: answers, signatures, replays and cases."""

from collections.abc import Mapping

from sqlmodel import col, func, select

from services.ratings.domain.outliers import AWAITING
from services.ratings.models import CaseRow, GateAnswerRow, ReleaseRow, ReplayRow, SeenRow, SignOffRow
from services.ratings.store.store import Transaction
from shared.contracts.replay import ReplayState


def answers(tx: Transaction, row: ReleaseRow) -> Mapping[str, GateAnswerRow]:
    """By check, those of the present submission."""
    of_it = select(GateAnswerRow).where(GateAnswerRow.release == row.id, GateAnswerRow.submission == row.submission)
    return {one.gate: one for one in tx.session.exec(of_it)}


def signatures(tx: Transaction, row: ReleaseRow) -> Mapping[str, SignOffRow]:
    """By role, those of the present submission."""
    of_it = select(SignOffRow).where(SignOffRow.release == row.id, SignOffRow.submission == row.submission)
    return {one.role: one for one in tx.session.exec(of_it)}


def keep(tx: Transaction, row: GateAnswerRow | SignOffRow) -> None:
    """In place of an earlier one of the same check, or role, and submission."""
    tx.session.merge(row)
    tx.session.flush()


def newest_verdict(tx: Transaction, release: str) -> tuple[int, str] | None:
    """Number and verdict of the newest replay that has ended, "refused" where nothing was compared."""
    ended = select(ReplayRow).where(ReplayRow.release == release, ReplayRow.state != ReplayState.RUNNING.value)
    found = tx.session.exec(ended.order_by(col(ReplayRow.run).desc()).limit(1)).first()
    return None if found is None else (found.run, found.report["verdict"] if found.report else found.state)


def last_looks(tx: Transaction, row: ReleaseRow) -> list[SeenRow]:
    """Of each subject who has not looked at the present submission, their newest look at any release."""
    newest = {(one.level, one.subject): one for one in tx.session.exec(select(SeenRow).order_by(col(SeenRow.at)))}
    this = select(SeenRow).where(SeenRow.release == row.id, SeenRow.submission == row.submission)
    here = {(one.level, one.subject) for one in tx.session.exec(this)}
    return [one for key, one in sorted(newest.items()) if key not in here]


def cases(tx: Transaction, row: ReleaseRow) -> tuple[int, int]:
    """Outlier cases that stand on these results, and how many of them nobody has been told of."""
    of_it = select(func.count()).select_from(CaseRow).where(CaseRow.release == row.id)
    untold = of_it.where(col(CaseRow.closed).is_(None), CaseRow.reached < AWAITING.stage)
    return tx.session.exec(of_it).one(), tx.session.exec(untold).one()
