"""The job: gives every line of a submission its fate. Safe to run twice, and to kill at any moment: it only reads kept
bytes and writes files named by their content, until one transaction stores the fates and swaps the feed's pointer."""

from collections.abc import Mapping

import polars as pl

from services.ingest.domain import Correction, Outcome, Verdict, Waiting
from services.ingest.fates import STATUS, SUBMISSION, resolve, state_schema
from services.ingest.problems import no_space_is_storage_full
from services.ingest.reading.read import Reading, read
from services.ingest.refusals import ASIDE, Refused
from services.ingest.source import Source
from services.ingest.store.database import Store
from shared.contracts.ingest import Fate, Refusal, SubmissionState
from shared.kit.jobs import Attempt, Jobs, see_to
from shared.kit.logs import log
from shared.kit.outage import is_away


class CheckFailed(RuntimeError):
    """The job could not be finished; the submission keeps waiting. Says which kind of error it was and nothing of the
    file, since what ends a job is logged and stored."""


def check_submission(store: Store, sources: Mapping[str, Source], feed: str, sha256: str) -> None:
    """Decide the submissions of `feed` in their order until none waits; with them the one of `sha256`.

    Raises CheckFailed; what waits then is tried again when its bytes are sent again, the service starts, or some time
    has passed. A database that is away is no failure: its error is raised as it is, for the job to outlast.
    """
    try:
        with no_space_is_storage_full():
            while (waiting := store.next_waiting(feed)) is not None:
                decide(store, sources[feed], waiting)
    except Exception as error:
        if is_away(error):
            raise
        log.error("check_failed", feed=feed, sha256=sha256, kind=type(error).__name__)
        raise CheckFailed(f"{feed} {sha256}: {type(error).__name__}") from None


def see_to_check(store: Store, jobs: Jobs, waiting: Waiting, at_once: bool = True) -> None:
    """Make sure that a job will decide what waits; nothing happens where one is under way."""

    def renew() -> Attempt | None:
        next_one = store.another_attempt(waiting)
        return None if next_one is None else next_one.job

    see_to(jobs, waiting.job, renew, at_once)


def decide(store: Store, source: Source, waiting: Waiting) -> None:
    """One attempt at one submission; it changes nothing where another writer was faster."""
    pointer = store.pointer(waiting.feed)
    verdict: Verdict
    try:
        reading = read(store.files.upload(waiting.sha256), source)
    except Refused as refused:
        verdict = refused.refusal
    else:
        verdict = _outcome(store, source, waiting, reading, pointer.state)
    if store.record(waiting, pointer, verdict):
        _tell(waiting, verdict)


def _outcome(store: Store, source: Source, waiting: Waiting, reading: Reading, held: str | None) -> Outcome:
    state = pl.DataFrame(schema=state_schema(source)) if held is None else store.files.read_table(held)
    resolution = resolve(reading.rows, state, waiting.sha256, waiting.supersedes, source)
    fates = reading.fates(resolution.fates)
    aside = pl.concat([reading.aside, resolution.aside]).sort("line")
    return Outcome(
        reading.encoding, fates, store.files.keep_table(aside), store.files.keep_table(resolution.state),
        tuple(_corrections(store, waiting.feed, resolution.overtaken)),
    )  # fmt: skip


def _corrections(store: Store, feed: str, overtaken: pl.DataFrame) -> list[Correction]:
    """One for each earlier submission whose lines stood until now. One that waits itself is decided anew anyway."""
    corrections = []
    for (sha256,), lines in overtaken.group_by(SUBMISSION, maintain_order=True):
        for _, aside in store.submitted(str(sha256), feed):
            if aside is not None:
                table = pl.concat([store.files.read_table(aside), lines.select(ASIDE.names())]).sort("line")
                left = {Fate(str(fate)): int(count) for fate, count in lines.group_by(STATUS).len().iter_rows()}
                corrections.append(Correction(str(sha256), store.files.keep_table(table), left))
    return corrections


def _tell(waiting: Waiting, verdict: Verdict) -> None:
    """Counts and codes only: what the lines say stays out of the log."""
    if isinstance(verdict, Refusal):
        log.info("submission_decided", feed=waiting.feed, sha256=waiting.sha256, state=SubmissionState.REFUSED.value,
                 code=verdict.code)  # fmt: skip
    else:
        fates = {fate.value: lines for fate, lines in verdict.fates.items()}
        log.info("submission_decided", feed=waiting.feed, sha256=waiting.sha256, state=SubmissionState.CHECKED.value,
                 fates=fates)  # fmt: skip
