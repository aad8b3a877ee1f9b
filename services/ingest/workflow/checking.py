"""The job: gives every line of a submission its fate, in steps of which each follows from digests alone. Safe to run
twice, and to kill at any moment: the steps read kept bytes and write files named by what they follow from, until one
transaction stores the fates and swaps the feed's pointer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import TypeAdapter

from services.ingest.domain import Outcome, Pointer, Verdict, Waiting
from services.ingest.problems import no_space_is_storage_full
from services.ingest.refusals import Refused
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.states import is_kept
from services.ingest.store.tables import AT_ONCE
from services.ingest.workflow.adding import SMALL
from services.ingest.workflow.profiling import kept_profile
from services.ingest.workflow.progress import Telling
from services.ingest.workflow.reading import kept_reading
from services.ingest.workflow.resolving import Resolving
from services.ingest.workflow.sweeping import sweep
from shared.contracts.ingest import Refusal, SubmissionState
from shared.kit.jobs import Attempt, Jobs, see_to
from shared.kit.logs import log
from shared.kit.outage import is_away

Run = Callable[..., Any]
Told = dict[str, Any]
WAITING: Final = TypeAdapter(Waiting)
OUTCOME: Final = TypeAdapter(Outcome)
POINTER: Final = TypeAdapter(Pointer)


class CheckFailed(RuntimeError):
    """The job could not be finished; the submission keeps waiting. Says which kind of error it was and nothing of the
    file, since what ends a job is logged and stored."""


def _nothing(done: int, total: int) -> None:
    """For work that is not told."""


def at_once(_name: str, step: Run, *arguments: Any) -> Any:
    """A step without a record of it."""
    return step(*arguments)


@dataclass(frozen=True)
class Checking:
    """The steps. What they take and give is of JSON. `key` makes pseudonyms; `most` rows are held at a time, and
    tables of a state are not `small` on average."""

    store: Store
    sources: Mapping[str, Source]
    key: bytes | None = None
    most: int = AT_ONCE
    small: int = SMALL

    def run(self, feed: str, step: Run = at_once) -> None:
        """Decide the submissions of `feed` in their order until none waits.

        Raises CheckFailed; what waits then is tried again when its bytes are sent again, the service starts, or some
        time has passed. A database that is away is no failure: its error is raised as it is, for the job to outlast.
        """
        while (waiting := step("next", self._safely, self.next, feed)) is not None:
            read = step("read", self._safely, self.read, waiting)
            read |= step("profile", self._safely, self.profile, waiting, read)
            verdict = step("resolve", self._safely, self.resolve, waiting, read)
            step("record", self._safely, self.record, waiting, verdict)

    def next(self, feed: str) -> Told | None:
        waiting = self.store.next_waiting(feed)
        return None if waiting is None else WAITING.dump_python(waiting, mode="json")

    def read(self, given: Told) -> Told:
        """The digest of what is read of the upload, or why it is refused."""
        waiting = WAITING.validate_python(given)
        telling = Telling(self.store.files, waiting.feed, waiting.sha256)
        told = telling.step("reading", self.store.files.upload(waiting.sha256).stat().st_size)
        try:
            return {"reading": kept_reading(self.store, self._source(waiting), waiting, self.key, told)[0]}
        except Refused as refused:
            return {"refusal": refused.refusal.model_dump(mode="json")}

    def profile(self, given: Told, read: Told) -> Told:
        """The digest of the report on what was read. Lines that mend those of another file are no file of their own to
        report on."""
        waiting = WAITING.validate_python(given)
        if "refusal" in read or waiting.mends is not None:
            return {}
        source = self._source(waiting)
        digest, kept = kept_reading(self.store, source, waiting, self.key, _nothing)
        return {"profile": kept_profile(self.store, source, digest, kept)}

    def resolve(self, given: Told, read: Told) -> Told:
        """The fates, as digests of tables and counts, and the pointer of the state that they were compared with."""
        waiting = WAITING.validate_python(given)
        pointer = self.store.pointer(waiting.feed)
        found = {"pointer": POINTER.dump_python(pointer)}
        if "refusal" in read:
            return found | read
        source, telling = self._source(waiting), Telling(self.store.files, waiting.feed, waiting.sha256)
        digest, kept = kept_reading(self.store, source, waiting, self.key, _nothing)
        self._read_again(waiting)
        told = telling.step("resolving", kept.height)
        resolving = Resolving(self.store, source, waiting, told, self.most, self.small)
        outcome = replace(resolving.outcome(digest, kept, pointer.state), profile=read.get("profile"))
        return found | {"outcome": OUTCOME.dump_python(outcome, mode="json")}

    def record(self, given: Told, told: Told) -> bool:
        """Whether it is decided now. It is not where another writer was faster, or what was made has been swept."""
        waiting, pointer = WAITING.validate_python(given), POINTER.validate_python(told["pointer"])
        verdict = _verdict(told)
        telling = Telling(self.store.files, waiting.feed, waiting.sha256)
        telling.step("recording", 1)
        with self.store.files.naming():
            if not _is_there(self.store, verdict) or not self.store.record(waiting, pointer, verdict):
                return False
        _tell(waiting, verdict)
        telling.over()
        sweep(self.store)
        return True

    def _read_again(self, waiting: Waiting) -> None:
        """The file that is mended, where what was read of it is not there: no backup has that."""
        earlier = None if waiting.mends is None else self.store.traces(waiting.feed, waiting.mends)
        if earlier is None or waiting.mends is None or earlier.reading is None:
            return
        if self.store.files.read_of(earlier.reading) is None:
            mended = replace(waiting, sha256=waiting.mends, name=earlier.name, mends=earlier.mends)
            kept_reading(self.store, self._source(waiting), mended, self.key, _nothing)

    def _source(self, waiting: Waiting) -> Source:
        return self.sources[waiting.feed]

    def _safely(self, step: Run, *arguments: Any) -> Any:
        try:
            with no_space_is_storage_full():
                return step(*arguments)
        except Exception as error:
            if is_away(error):
                raise
            kind = type(error).__name__
            log.error("check_failed", step=step.__name__, kind=kind)
            if arguments and isinstance(arguments[0], dict):
                waiting = WAITING.validate_python(arguments[0])
                Telling(self.store.files, waiting.feed, waiting.sha256).failed(kind)
            raise CheckFailed(f"{step.__name__}: {kind}") from None


def check_submission(store: Store, sources: Mapping[str, Source], feed: str, sha256: str) -> None:  # noqa: ARG001
    """The whole job, one step after another; with the others of its feed it decides this one. Raises CheckFailed."""
    Checking(store, sources).run(feed)


def decide(store: Store, source: Source, waiting: Waiting) -> None:
    """One attempt at one submission; it changes nothing where another writer was faster."""
    checking = Checking(store, {waiting.feed: source})
    given = WAITING.dump_python(waiting, mode="json")
    read = checking.read(given)
    checking.record(given, checking.resolve(given, read | checking.profile(given, read)))


def see_to_check(store: Store, jobs: Jobs, waiting: Waiting, at_once: bool = True) -> None:
    """Make sure that a job will decide what waits; nothing happens where one is under way."""

    def renew() -> Attempt | None:
        next_one = store.another_attempt(waiting)
        return None if next_one is None else next_one.job

    see_to(jobs, waiting.job, renew, at_once)


def _verdict(told: Told) -> Verdict:
    if "refusal" in told:
        return Refusal.model_validate(told["refusal"])
    return OUTCOME.validate_python(told["outcome"])


def _is_there(store: Store, verdict: Verdict) -> bool:
    """Whether all that the verdict names is still kept, when no sweep can come between."""
    if isinstance(verdict, Refusal):
        return True
    tables = [verdict.aside, *(one.aside for one in verdict.corrections)]
    if not all(store.files.table(digest).exists() for digest in tables) or not is_kept(store.files, verdict.state):
        return False
    return verdict.reading is None or store.files.read_of(verdict.reading) is not None


def _tell(waiting: Waiting, verdict: Verdict) -> None:
    """Counts and codes only: what the lines say stays out of the log."""
    if isinstance(verdict, Refusal):
        log.info("submission_decided", feed=waiting.feed, sha256=waiting.sha256, state=SubmissionState.REFUSED.value,
                 code=verdict.code)  # fmt: skip
    else:
        fates = {fate.value: lines for fate, lines in verdict.fates.items()}
        log.info("submission_decided", feed=waiting.feed, sha256=waiting.sha256, state=SubmissionState.CHECKED.value,
                 fates=fates)  # fmt: skip
