"""Replays are asked for, looked at, and seen to until they have ended. Nothing of a release is changed by one."""

from datetime import UTC, datetime
from typing import Final

from services.ratings.models import ReplayRow
from services.ratings.problems import NotReplayable
from services.ratings.workflow.office import Office
from shared.contracts.releases import BuildState
from shared.contracts.replay import Replay, ReplayReport, ReplayState
from shared.kit.jobs import Attempt, see_to
from shared.kit.problems import NotFound

REPLAY_JOB: Final = "replay_release"


def ask(office: Office, release: str, person: str) -> Replay:
    """A new run, whose job has been started, or the one that is under way. In whatever status a release is, taken down
    included, its results stay what they were and can be replayed.

    Raises NotFound, NotReplayable.
    """
    with office.store.transaction() as tx:
        row = tx.release(release)
        if row.build != BuildState.DONE.value:
            raise NotReplayable(release, row.build)
        found = tx.newest_replay(release)
        if found is None or found.state != ReplayState.RUNNING.value:
            found = ReplayRow(
                release=release, run=found.run + 1 if found else 1, attempt=1, state=ReplayState.RUNNING.value,
                asked_by=person, asked=datetime.now(UTC),
            )  # fmt: skip
            tx.add(found)
            tx.record(person, "release.replay", release, run=found.run)
        answer, attempt = as_contract(found), found.attempt
    see_to_replay(office, release, answer.run, attempt)
    return answer


def newest(office: Office, release: str) -> Replay:
    """Raises NotFound."""
    with office.store.reading() as tx:
        found = tx.newest_replay(tx.release(release).id)
        if found is None:
            raise NotFound("This release has not been replayed yet.")
        return as_contract(found)


def see_to_replay(office: Office, release: str, run: int, attempt: int, at_once: bool = True) -> None:
    """Make sure that a job does this run; nothing happens where one is under way."""

    def renew() -> Attempt | None:
        with office.store.transaction() as tx:
            row = tx.replay(release, run)
            if row.state != ReplayState.RUNNING.value or row.attempt != attempt:
                return None  # it has ended by now, or another process was faster
            row.attempt += 1
            tx.add(row)
            return _attempt(release, run, row.attempt)

    see_to(office.jobs, _attempt(release, run, attempt), renew, at_once)


def _attempt(release: str, run: int, number: int) -> Attempt:
    return Attempt(REPLAY_JOB, f"{scratch_name(release, run)}.attempt-{number}", number, (release, str(run)))


def scratch_name(release: str, run: int) -> str:
    """The folder of what a run computes."""
    return f"{release}.replay-{run}"


def resume_replays(office: Office, at_once: bool = True) -> None:
    """At start-up and from time to time, as `resume_builds`."""
    with office.store.reading() as tx:
        waiting = [(row.release, row.run, row.attempt) for row in tx.replaying()]
    for release, run, attempt in waiting:
        see_to_replay(office, release, run, attempt, at_once)


def sweep_scratch(office: Office) -> None:
    """Remove what killed processes left of runs that have ended. What is listed has its row already, so a run that
    another process begins meanwhile is not touched."""
    there = office.scratch.names()
    with office.store.reading() as tx:
        running = {scratch_name(row.release, row.run) for row in tx.replaying()}
    office.scratch.remove([name for name in there if name not in running])


def as_contract(row: ReplayRow) -> Replay:
    return Replay(
        release=row.release, run=row.run, state=ReplayState(row.state), stage=row.stage, refusal=row.refusal,
        asked_by=row.asked_by, asked=row.asked, ended=row.ended,
        report=None if row.report is None else ReplayReport.model_validate(row.report),
    )  # fmt: skip
