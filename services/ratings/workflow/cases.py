"""Outlier cases as those who may know of them see them, and the steps that people take.

Whoever may not know of a case is told what they would be told of one that there is not.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from services.ratings.case_problems import IfMatchNeeded, PolicyMissing, RevisionChanged
from services.ratings.domain.case_readers import Reader
from services.ratings.domain.outlier_policy import OutlierPolicy
from services.ratings.domain.outliers import Turn, steps_for, taken
from services.ratings.domain.working_days import day_zero
from services.ratings.models import CaseRow, CaseStepRow
from services.ratings.problems import KeyReused, StepNotAllowed
from services.ratings.store.cases import Wanted, case_of, cases, history, newest_sequence, sequences, step_of_key
from services.ratings.store.store import Transaction
from services.ratings.workflow.case_keeping import Written, about, keep_audited, standing_of, written
from services.ratings.workflow.office import Office
from shared.contracts.cases import (
    Case,
    CaseFigures,
    CaseLine,
    Cases,
    CaseStep,
    Notice,
    Party,
    PoliciesInUse,
    PolicyInUse,
    TakeCaseStep,
)
from shared.contracts.releases import ReleaseStatus
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound

PUBLIC_NOW: Final = frozenset({ReleaseStatus.PUBLISHED.value, ReleaseStatus.SUPERSEDED.value})
PUBLISH: Final = "publish"


def listed(office: Office, reader: Reader, wanted: Wanted) -> Cases:
    """Those of `wanted` that the reader may know of; the nearest deadline first."""
    with office.store.reading() as tx:
        return _listed(office, tx, reader, wanted)


def overdue(office: Office, reader: Reader) -> Cases:
    """Those whose deadline is over: each has an owner who should have acted, and what the audit may do about it."""
    with office.store.reading() as tx:
        return _listed(office, tx, reader, Wanted(open_before=today_of(office)))


def one(office: Office, reader: Reader, case: str) -> Case:
    """With its history. Raises NotFound for one that the reader may not know of, too."""
    with office.store.reading() as tx:
        return _told(office, tx, reader, _known(office, tx, reader, case))


@dataclass(frozen=True)
class Sent:
    """`seen` is the sequence of a case's newest step as the sender saw it, `key` what a repeat comes with."""

    seen: int | None
    key: str | None = None


def take(office: Office, reader: Reader, case: str, wanted: TakeCaseStep, sent: Sent) -> Case:
    """The case after this step. The same key again gives the case as it is, and takes no step.

    Raises NotFound, KeyReused, IfMatchNeeded, RevisionChanged, StepNotAllowed, NotYourStep, OverrideNeeded,
    CalendarEnds, PolicyMissing.
    """
    with office.store.transaction() as tx:
        row = _known(office, tx, reader, case)
        former = step_of_key(tx, case, sent.key) if sent.key else None
        if former is None:
            _check_seen(tx, case, sent.seen)
            _take(office, tx, reader, row, _written(office, reader, wanted, sent))
        elif (former.actor, former.detail["asked"]) != (reader.name, _digest(wanted)):
            raise KeyReused
        return _told(office, tx, reader, row)


def _written(office: Office, reader: Reader, wanted: TakeCaseStep, sent: Sent) -> Written:
    asked = _digest(wanted) if sent.key else None
    return Written(
        wanted.step, office.clock(), wanted.note, reader.name, override=wanted.override, key=sent.key, asked=asked
    )


def _digest(wanted: TakeCaseStep) -> str:
    return sha256_of(wanted.model_dump_json().encode())


def _check_seen(tx: Transaction, case: str, seen: int | None) -> None:
    if seen is None:
        raise IfMatchNeeded
    if seen != newest_sequence(tx, case):
        raise RevisionChanged


def _take(office: Office, tx: Transaction, reader: Reader, row: CaseRow, done: Written) -> None:
    policy = _policy_of(office, row)
    if policy is None:
        raise PolicyMissing(f"No file has the policy {row.policy} any more: put it back, or one of the same id.")
    release = tx.release(row.release)
    if done.step == PUBLISH and release.status not in PUBLIC_NOW:
        raise StepNotAllowed(f"Release {release.id} is {release.status}: its cases are published with it.")
    turn = Turn(done.step, reader.parties(about(row)), done.at, release.day, done.override)
    standing, party = taken(standing_of(row), turn, policy)
    step = written(row, standing, policy, replace(done, party=party.value), newest_sequence(tx, row.id))
    keep_audited(tx, [(row, step)])


def policies(office: Office) -> PoliciesInUse:
    """Under which policies cases are handled, and why some open none."""
    return PoliciesInUse(
        policies=[
            PolicyInUse(
                policy=policy.name, levels=list(policy.levels), specialties=policy.specialties, source=policy.source,
                source_date=policy.source_date, verified_by=policy.verified_by, synthetic=office.outliers.synthetic,
                opens_cases=office.outliers.why_not(policy) is None, why_not=office.outliers.why_not(policy),
            )
            for policy in office.outliers.policies
        ]
    )  # fmt: skip


def today_of(office: Office) -> date:
    """The day in London."""
    return day_zero(office.clock())


def _policy_of(office: Office, row: CaseRow) -> OutlierPolicy | None:
    return office.outliers.of(row.policy)


def _known(office: Office, tx: Transaction, reader: Reader, case: str) -> CaseRow:
    row = case_of(tx, case)
    if not reader.knows(about(row), _policy_of(office, row)):
        raise NotFound("There is no case of this name.")
    return row


def _listed(office: Office, tx: Transaction, reader: Reader, wanted: Wanted) -> Cases:
    today, numbers = today_of(office), sequences(tx)
    known = [row for row in cases(tx, wanted) if reader.knows(about(row), _policy_of(office, row))]
    return Cases(today=today, cases=[CaseLine(**_line(row, numbers[row.id], today)) for row in known])


def _line(row: CaseRow, sequence: int, today: date) -> dict[str, object]:
    return {
        "case": row.id, "release": row.release, "level": row.level, "subject": row.subject, "provider": row.provider,
        "indicator": row.indicator, "period": row.period, "kind": row.kind, "direction": row.direction,
        "state": row.state, "stage": row.stage, "round": row.round, "owner": row.owner, "deadline": row.deadline,
        "overdue": standing_of(row).overdue(today), "policy": row.policy, "opened": row.opened, "closed": row.closed,
        "sequence": sequence,
    }  # fmt: skip


def _told(office: Office, tx: Transaction, reader: Reader, row: CaseRow) -> Case:
    policy, today, steps = _policy_of(office, row), today_of(office), history(tx, row.id)
    theirs, others = _possible(reader, row, policy, today)
    if tx.release(row.release).status not in PUBLIC_NOW:
        theirs, others = theirs - {PUBLISH}, others - {PUBLISH}
    return Case(
        **_line(row, len(steps), today), figures=CaseFigures(**row.figures), next_steps=sorted(theirs),
        needs_override=sorted(others), history=[_step(step, reader, row, policy) for step in steps],
    )  # fmt: skip


def _possible(
    reader: Reader, row: CaseRow, policy: OutlierPolicy | None, today: date
) -> tuple[frozenset[str], frozenset[str]]:
    if policy is None:
        return frozenset(), frozenset()
    return steps_for(standing_of(row), reader.parties(about(row)), policy, today)


def _step(step: CaseStepRow, reader: Reader, row: CaseRow, policy: OutlierPolicy | None) -> CaseStep:
    """What was noted before this reader might know stays with the audit; a notice is for those whom it tells."""
    readable = step.stage >= reader.from_stage(about(row), policy)
    detail, notice = step.detail, step.detail.get("notice")
    mine = reader.is_staff or (notice and reader.parties(about(row)) & {Party(one) for one in notice["to"]})
    return CaseStep(
        sequence=step.sequence, at=step.at, day_zero=step.day_zero, party=step.party, step=step.step, was=step.was,
        actor=step.actor if reader.is_staff else None, state=step.state, stage=step.stage, round=step.round,
        owner=step.owner, deadline=step.deadline, earliest=detail.get("earliest"),
        note=(step.note or None) if readable else None, override=detail.get("override") if readable else None,
        figures=CaseFigures(**detail["figures"]) if readable and "figures" in detail else None,
        notice=Notice(**notice) if notice and mine else None,
    )  # fmt: skip
