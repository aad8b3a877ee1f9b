"""Drafts are reserved, looked at, and taken through their life cycle."""

import secrets
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from services.ratings.domain.life_cycle import OWNER, STEPS, Standing, check_step, steps_from
from services.ratings.domain.naming import next_number, release_id
from services.ratings.models import PointerRow, ReleaseRow
from services.ratings.problems import KeyReused
from services.ratings.store.store import Transaction
from services.ratings.workflow.office import Office
from shared.contracts.releases import BuildState, Release, ReleaseRequest, Releases, ReleaseStatus, Stage
from shared.kit.jobs import Attempt, see_to
from shared.kit.problems import ValueNotAllowed

BUILD_JOB = "build_release"
EARLIEST: Final = date(2000, 1, 1)
AHEAD: Final = timedelta(days=365)


def reserve(office: Office, request: ReleaseRequest, key: str | None, author: str) -> tuple[Release, bool]:
    """A new draft whose build has been started, and True; or the draft of the same key, and False.

    Raises ValueNotAllowed for an indicator that is not among the reviewed files or a date that cannot be meant,
    KeyReused, StepNotAllowed.
    """
    _refuse_unknown(office, request)
    _refuse_far(request.date)
    asked = request.model_dump(mode="json")
    with office.store.transaction() as tx:
        row = tx.release_of_key(key) if key else None
        is_new = row is None
        if row is None:
            row = _new_row(request, asked, key, author, next_number(tx.numbers_of(request.date)))
            tx.add(row)
            tx.record(author, "release.reserved", row.id, requested=asked)
        elif row.requested != asked:
            raise KeyReused
        release = described(tx, row)
    if release.build is BuildState.RUNNING:
        see_to_build(office, row.id, row.attempt)  # again, too: the first start may have been lost after the commit
    return release, is_new


def _new_row(request: ReleaseRequest, asked: dict[str, Any], key: str | None, author: str, number: int) -> ReleaseRow:
    return ReleaseRow(
        id=release_id(request.date, number), day=request.date, number=number,
        idempotency_key=key or secrets.token_hex(16), requested=asked, status=ReleaseStatus.DRAFT.value,
        build=BuildState.RUNNING.value, attempt=1, stages=[], author=author, created=datetime.now(UTC),
        indicators=[], inputs=[], parts={}, salt=secrets.token_bytes(32),
    )  # fmt: skip


def _refuse_unknown(office: Office, request: ReleaseRequest) -> None:
    unknown = [one for one in request.indicators or [] if one not in office.catalogue.indicators]
    if unknown or request.indicators == []:
        hint = "ids of GET /v1/indicators, at least one"
        raise ValueNotAllowed("There is no such indicator.", errors=[{"pointer": "indicators", "hint": hint}])


def _refuse_far(day: date) -> None:
    latest = datetime.now(UTC).date() + AHEAD
    if not EARLIEST <= day <= latest:
        expected = f"from {EARLIEST} to {latest}"
        raise ValueNotAllowed(
            "A release is dated from the year 2000 to one year from today.",
            errors=[{"pointer": "date", "found": str(day), "expected": expected}],
        )


def see_to_build(office: Office, release: str, attempt: int, at_once: bool = True) -> None:
    """Make sure that a job does this build; nothing happens where one is under way."""

    def renew() -> Attempt | None:
        with office.store.transaction() as tx:
            row = tx.release(release)
            if row.build != BuildState.RUNNING.value or row.attempt != attempt:
                return None  # it has ended by now, or another process was faster
            row.attempt += 1
            tx.add(row)
            return _attempt(release, row.attempt)

    see_to(office.jobs, _attempt(release, attempt), renew, at_once)


def _attempt(release: str, number: int) -> Attempt:
    return Attempt(BUILD_JOB, f"{release}.attempt-{number}", number, (release,))


def resume_builds(office: Office, at_once: bool = True) -> None:
    """At start-up and from time to time: a build that was lost between its commit and its queue starts, one that died
    unrecorded starts once more, and one that is under way is left alone."""
    with office.store.reading() as tx:
        waiting = [(row.id, row.attempt) for row in tx.building()]
    for release, attempt in waiting:
        see_to_build(office, release, attempt, at_once)


def take_step(office: Office, release: str, step: str, person: str) -> Release:
    """Submission, return or approval. Raises NotFound, StepNotAllowed, SamePerson."""
    with office.store.transaction() as tx:
        row = tx.release(release)
        check_step(standing(row), step, person)
        row.status = STEPS[step].value
        if step != "submission":
            row.reviewer = person
        tx.add(row)
        tx.record(person, f"release.{step}", release, status=row.status)
        return as_contract(row, tx.pointer(release))


def standing(row: ReleaseRow) -> Standing:
    return Standing(row.id, ReleaseStatus(row.status), BuildState(row.build), row.author)


def one_release(office: Office, release: str) -> Release:
    """Raises NotFound."""
    with office.store.reading() as tx:
        return described(tx, tx.release(release))


def all_releases(office: Office) -> Releases:
    with office.store.reading() as tx:
        return Releases(releases=[described(tx, row) for row in tx.releases()])


def described(tx: Transaction, row: ReleaseRow) -> Release:
    return as_contract(row, tx.pointer(row.id))


def as_contract(row: ReleaseRow, pointer: PointerRow | None) -> Release:
    status, build = ReleaseStatus(row.status), BuildState(row.build)
    return Release(
        release=row.id, status=status, owner=OWNER[status], build=build, failure=row.failure,
        stages=[Stage(**stage) for stage in row.stages], next_steps=steps_from(status, build), author=row.author,
        reviewer=row.reviewer, publisher=row.publisher, created=row.created, published=row.published,
        indicators=row.indicators, inputs=sorted(one["digest"] for one in row.inputs),
        results_digest=row.results_digest, results=row.results, view=pointer.view if pointer else None,
    )  # fmt: skip
