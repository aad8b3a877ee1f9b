"""Drafts are reserved, looked at, and taken through their life cycle."""

import secrets
from datetime import date, timedelta
from typing import Final

from services.ratings.domain.life_cycle import OWNER, STEPS, Standing, check_step, steps_from
from services.ratings.domain.naming import next_number, release_id
from services.ratings.domain.working_days import BeyondTheCalendar, day_zero, deadline, england
from services.ratings.models import PointerRow, ReleaseRow
from services.ratings.problems import KeyReused, StepNotAllowed, WindowOpen
from services.ratings.store.store import Transaction
from services.ratings.workflow.case_opening import open_cases
from services.ratings.workflow.checking import gate_of, window_is_open
from services.ratings.workflow.gate import check_signed
from services.ratings.workflow.measuring import look
from services.ratings.workflow.office import Office
from shared.contracts.releases import BuildState, Release, ReleaseRequest, Releases, ReleaseStatus, Stage
from shared.contracts.views import Correction
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
    _refuse_far(office, request.date)
    asked = request.model_dump(mode="json")
    with office.store.transaction() as tx:
        row = tx.release_of_key(key) if key else None
        is_new = row is None
        if row is None:
            _refuse_unreadable(tx, request)
            row = _new_row(office, request, key, author, next_number(tx.numbers_of(request.date)))
            tx.add(row)
            tx.record(author, "release.reserved", row.id, requested=asked)
        elif (row.requested, row.author) != (asked, author):
            raise KeyReused
        release = described(tx, row)
    if release.build is BuildState.RUNNING:
        see_to_build(office, row.id, row.attempt)  # again, too: the first start may have been lost after the commit
    return release, is_new


def _new_row(office: Office, request: ReleaseRequest, key: str | None, author: str, number: int) -> ReleaseRow:
    return ReleaseRow(
        id=release_id(request.date, number), day=request.date, number=number,
        idempotency_key=key or secrets.token_hex(16), requested=request.model_dump(mode="json"),
        status=ReleaseStatus.DRAFT.value, build=BuildState.RUNNING.value, attempt=1, stages=[], author=author,
        created=office.clock(), indicators=[], inputs=[], parts={}, salt=secrets.token_bytes(32),
        correction=request.correction.model_dump(mode="json") if request.correction else None,
    )  # fmt: skip


def _refuse_unknown(office: Office, request: ReleaseRequest) -> None:
    unknown = [one for one in request.indicators or [] if one not in office.catalogue.indicators]
    if unknown or request.indicators == []:
        hint = "ids of GET /v1/indicators, at least one"
        raise ValueNotAllowed("There is no such indicator.", errors=[{"pointer": "indicators", "hint": hint}])


def _refuse_unreadable(tx: Transaction, request: ReleaseRequest) -> None:
    """A correction is of a release that the public can read."""
    wrong = request.correction.supersedes if request.correction else None
    if wrong is not None and wrong not in {row.id for row, _ in tx.readable()}:
        raise ValueNotAllowed(
            f"There is no release {wrong} that the public can read.",
            errors=[{"pointer": "correction/supersedes", "expected": "a published or superseded release"}],
        )


def _refuse_far(office: Office, day: date) -> None:
    latest = day_zero(office.clock()) + AHEAD
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


def take_step(office: Office, release: str, step: str, person: str, reason: str | None = None) -> Release:
    """Submission or return. Each submission begins a window for those who are measured, a gate with no answers, and
    the cases of its outliers. `reason` is kept with who did it.

    Raises NotFound, StepNotAllowed, SamePerson, CalendarEnds.
    """
    with office.store.transaction() as tx:
        row = tx.release(release)
        check_step(standing(row), step, person)
        if step == "submission":
            _open_window(office, row)
            open_cases(office, tx, row, office.frames.load(row.parts["results"]))
        else:
            row.reviewer = person
        return _taken(tx, row, step, person, reason)


def approve(office: Office, release: str, person: str) -> Release:
    """The reviewer's own step, under their signature and after the window.

    Raises NotFound, StepNotAllowed, SamePerson, WindowOpen, GateNotAnswered, NotSigned, and PeerUnreachable or
    PeerRefused where consent does not say who may be named.
    """
    with office.store.reading() as tx:
        _check_approvable(office, tx.release(release), person)
    looked = look(office, release, office.peers.permissions())
    with office.store.transaction() as tx:
        row = tx.release(release)
        _check_approvable(office, row, person)
        check_signed(gate_of(office, tx, row, looked), "reviewer", person)
        row.reviewer = person
        return _taken(tx, row, "approval", person)


def _check_approvable(office: Office, row: ReleaseRow, person: str) -> None:
    check_step(standing(row), "approval", person)
    if row.window_until is not None and window_is_open(row, office.clock()):
        raise WindowOpen(row.id, row.window_until)


def _open_window(office: Office, row: ReleaseRow) -> None:
    now, days = office.clock(), office.release_policy.preview_working_days
    try:
        row.window_until = deadline(day_zero(now), days, england()) if days else None
    except BeyondTheCalendar as error:
        raise StepNotAllowed(f"The window of release {row.id} cannot be counted: {error}.") from error
    row.submission, row.submitted, row.reviewer = row.submission + 1, now, None


def _taken(tx: Transaction, row: ReleaseRow, step: str, person: str, reason: str | None = None) -> Release:
    row.status = STEPS[step].value
    tx.add(row)
    tx.record(person, f"release.{step}", row.id, status=row.status, **({"reason": reason} if reason else {}))
    return as_contract(row, tx.pointer(row.id))


def standing(row: ReleaseRow) -> Standing:
    return Standing(row.id, ReleaseStatus(row.status), BuildState(row.build), row.author, row.reviewer)


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
        reviewer=row.reviewer, publisher=row.publisher, created=row.created, submission=row.submission,
        submitted=row.submitted, window_until=row.window_until, published=row.published, supersedes=row.supersedes,
        correction=Correction.model_validate(row.correction) if row.correction else None, indicators=row.indicators,
        inputs=sorted(one["digest"] for one in row.inputs), results_digest=row.results_digest, results=row.results,
        view=pointer.view if pointer else None,
    )  # fmt: skip
