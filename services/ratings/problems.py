"""What ratings answers when it will not do what was asked."""

from collections.abc import Mapping
from datetime import date

from shared.kit.problems import Problem


class StepNotAllowed(Problem):
    """The life cycle has no such step from here."""

    status, code, title = 409, "step_not_allowed", "This step is not allowed now"


class SamePerson(Problem):
    """Nobody approves or publishes their own release, and nobody signs one twice."""

    status, code, title = 409, "same_person", "Somebody else must do this"

    def __init__(self, release: str, step: str, already: str = "author") -> None:
        super().__init__(f"You are the {already} of release {release}; somebody else must do its {step}.")


class WindowOpen(Problem):
    """Those who are measured still have time to look."""

    status, code, title = 409, "window_open", "The preview window is still open"

    def __init__(self, release: str, until: date) -> None:
        super().__init__(f"Release {release} can be seen and answered until the end of {until}. Approve it after that.")


class GateNotAnswered(Problem):
    """A check of the gate has failed, or waits."""

    status, code, title = 409, "gate_not_answered", "The gate has not been passed"

    def __init__(self, release: str, open_checks: Mapping[str, str]) -> None:
        super().__init__(
            f"Not every check of release {release} has passed: read its checks, and mend or answer these.",
            errors=[{"check": name, "hint": f"{name}: {title}."} for name, title in open_checks.items()],
        )


class GateChanged(Problem):
    """A signature for something else than the gate says now."""

    status, code, title = 409, "gate_changed", "The gate says something else now"

    def __init__(self, release: str) -> None:
        super().__init__(f"The checks of release {release} are others than you read. Read them again, and sign those.")


class NotSigned(Problem):
    """A signature is missing, or stands for what the gate said before."""

    status, code, title = 409, "not_signed", "A signature is missing"

    def __init__(self, release: str, role: str, yours: bool = False) -> None:
        whose = "your signature" if yours else "the signature"
        super().__init__(f"Release {release} lacks {whose} as its {role} under what the gate says now. Sign it first.")


class AnsweredByTheComputer(Problem):
    """No person's word can stand for this check."""

    status, code, title = 409, "check_not_answerable", "This check is not answered by people"

    def __init__(self, check: str) -> None:
        super().__init__(f"The check {check} is the computer's alone, or has passed: mend what it found.")


class NotAnnounced(Problem):
    """A release comes on a day that readers could know."""

    status, code, title = 409, "not_announced", "This day is not announced"


class BeforeItsDay(Problem):
    """Nothing is published before the day that bears its name."""

    status, code, title = 409, "before_its_day", "The day of this release has not come"

    def __init__(self, release: str, day: date, today: date) -> None:
        super().__init__(f"Release {release} is announced for {day}; in London it is {today}. Publish it on its day.")


class NotReplayable(Problem):
    """There is nothing yet, or nothing at all, that a replay could be compared with."""

    status, code, title = 409, "not_replayable", "There is nothing to compare with"

    def __init__(self, release: str, build: str) -> None:
        super().__init__(f"The build of release {release} is {build}: only results that are done can be replayed.")


class NoCells(Problem):
    """The release was built before the figures of each consultant in each hospital were kept."""

    status, code, title = 409, "no_cells", "This release has no roster"

    def __init__(self, release: str) -> None:
        super().__init__(
            f"Release {release} has no roster: its build is not done, or was done before rosters were kept. Build a "
            "new one from the same data."
        )


class KeyReused(Problem):
    """One idempotency key, two different requests."""

    status, code, title = 409, "idempotency_key_reused", "This key was used for another request"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key came with another request before. Take a new key for a new release.")


class BakedMeanwhile(Problem):
    """Another view went live while this one was baked: the process had lost its turn, as when its database crashed."""

    status, code, title = 503, "baked_meanwhile", "Another view went live meanwhile"

    def __init__(self, release: str) -> None:
        super().__init__(
            f"While a view of {release} was baked, another one went live; nothing has changed. Send the request again.",
            headers={"Retry-After": "2"},
        )
