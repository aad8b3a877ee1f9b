"""What ratings answers when it will not do what was asked."""

from shared.kit.problems import Problem


class StepNotAllowed(Problem):
    """The life cycle has no such step from here."""

    status, code, title = 409, "step_not_allowed", "This step is not allowed now"


class SamePerson(Problem):
    """Nobody approves or publishes their own release."""

    status, code, title = 409, "same_person", "Somebody else must do this"

    def __init__(self, release: str, step: str) -> None:
        super().__init__(f"You are the author of release {release}; somebody else must do its {step}.")


class NotReplayable(Problem):
    """There is nothing yet, or nothing at all, that a replay could be compared with."""

    status, code, title = 409, "not_replayable", "There is nothing to compare with"

    def __init__(self, release: str, build: str) -> None:
        super().__init__(f"The build of release {release} is {build}: only results that are done can be replayed.")


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
