"""The life cycle of a release is a table; every status has an owner, and two people stand between draft and public."""

from dataclasses import dataclass
from typing import Final

from services.ratings.problems import SamePerson, StepNotAllowed
from shared.contracts.releases import BuildState, ReleaseStatus

NEXT: Final[dict[ReleaseStatus, frozenset[ReleaseStatus]]] = {
    ReleaseStatus.DRAFT: frozenset({ReleaseStatus.SUBMITTED}),
    ReleaseStatus.SUBMITTED: frozenset({ReleaseStatus.RETURNED, ReleaseStatus.APPROVED}),
    ReleaseStatus.RETURNED: frozenset({ReleaseStatus.SUBMITTED}),
    ReleaseStatus.APPROVED: frozenset({ReleaseStatus.RETURNED, ReleaseStatus.PUBLISHED}),
    ReleaseStatus.PUBLISHED: frozenset({ReleaseStatus.SUPERSEDED, ReleaseStatus.TAKEN_DOWN}),
    ReleaseStatus.SUPERSEDED: frozenset({ReleaseStatus.TAKEN_DOWN}),
    ReleaseStatus.TAKEN_DOWN: frozenset(),
}
OWNER: Final[dict[ReleaseStatus, str | None]] = {
    ReleaseStatus.DRAFT: "analyst",
    ReleaseStatus.RETURNED: "analyst",
    ReleaseStatus.SUBMITTED: "reviewer",
    ReleaseStatus.APPROVED: "publisher",
    ReleaseStatus.PUBLISHED: None,
    ReleaseStatus.SUPERSEDED: None,
    ReleaseStatus.TAKEN_DOWN: None,
}
STEPS: Final[dict[str, ReleaseStatus]] = {
    "submission": ReleaseStatus.SUBMITTED,
    "return": ReleaseStatus.RETURNED,
    "approval": ReleaseStatus.APPROVED,
    "publication": ReleaseStatus.PUBLISHED,
    "takedown": ReleaseStatus.TAKEN_DOWN,
}
REINSTATED: Final = (ReleaseStatus.SUPERSEDED, ReleaseStatus.PUBLISHED)
"""No step of anybody's: what was superseded by a release that is taken down is the current one again."""
NOT_BY_THE_AUTHOR: Final = frozenset({"return", "approval", "publication"})
READABLE: Final = (ReleaseStatus.PUBLISHED, ReleaseStatus.SUPERSEDED)


def steps_from(status: ReleaseStatus, build: BuildState) -> list[str]:
    """The steps that somebody may take now; a draft without results can go nowhere."""
    if build is not BuildState.DONE:
        return []
    return [step for step, target in STEPS.items() if target in NEXT[status]]


@dataclass(frozen=True)
class Standing:
    """Where a release stands, and whose it is; `reviewer` is who approved it, where somebody has."""

    release: str
    status: ReleaseStatus
    build: BuildState
    author: str
    reviewer: str | None = None


def check_step(now: Standing, step: str, person: str) -> None:
    """Raises StepNotAllowed or SamePerson."""
    if step not in steps_from(now.status, now.build):
        state = now.status.value if now.build is BuildState.DONE else f"{now.status.value}, its build {now.build.value}"
        raise StepNotAllowed(f"Release {now.release} is {state}: {step} is not possible now.")
    if step in NOT_BY_THE_AUTHOR and person == now.author:
        raise SamePerson(now.release, step)
    if step == "publication" and person == now.reviewer:
        raise SamePerson(now.release, step, "reviewer")
