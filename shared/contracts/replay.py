"""A replay: the results of a release computed again from its recorded inputs, and digest compared with digest."""

from datetime import datetime
from enum import StrEnum

from shared.contracts.base import Contract, Count, Digest, ReleaseId, Slug


class ReplayState(StrEnum):
    """`refused`: nothing was compared, and `refusal` says why."""

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class Verdict(StrEnum):
    """`same`: every part is equal, and nothing that runs now is known to be other than what made the release.
    `other_definition`: method version or reviewed files are others now, or code is and parts differ: this was no replay
    of it. `different`: a kept frame is not what was recorded, or the very same rules gave something else."""

    SAME = "same"
    DIFFERENT = "different"
    OTHER_DEFINITION = "other_definition"


class Compared(Contract):
    """What the release recorded beside what runs now; either is absent where there is none."""

    recorded: str | None = None
    running: str | None = None


class ReplayedFile(Compared):
    """A reviewed file, by its path; the values are digests."""

    name: str
    equal: bool


class ReplayedPart(Contract):
    """`kept`: the digest of the frame as it lies on the disk today; absent where it cannot be read. `equal` only where
    all three are one."""

    name: str
    recorded: str | None = None
    kept: str | None = None
    recomputed: Digest | None = None
    equal: bool


class ReplayInput(Contract):
    """A snapshot whose bytes and content were found to be those of its name."""

    feed: Slug
    digest: Digest
    rows: Count


class ReplayReport(Contract):
    """`recorded_digest` and `digest` are over the names and digests of all parts: one value for a whole release."""

    verdict: Verdict
    code: Compared
    method_version: Compared
    files: list[ReplayedFile]
    inputs: list[ReplayInput]
    parts: list[ReplayedPart]
    recorded_digest: Digest
    digest: Digest


class Replay(Contract):
    """One run. `stage`: the last one begun."""

    release: ReleaseId
    run: Count
    state: ReplayState
    stage: str | None = None
    refusal: str | None = None
    asked_by: str
    asked: datetime
    ended: datetime | None = None
    report: ReplayReport | None = None
