"""What ratings answers to whoever is measured, and to whoever moderates, where something cannot be taken."""

from datetime import date

from shared.kit.problems import Problem


class WindowClosed(Problem):
    """The last day on which subjects may say something has passed, or the release is not under review."""

    status, code, title = 409, "window_closed", "The window for answers is closed"

    def __init__(self, release: str, until: date | None) -> None:
        when = f"It was open until the end of {until}." if until else "It is open while the release is under review."
        super().__init__(f"Release {release} takes no queries, replies or comments now. {when}")


class Frozen(Problem):
    """What stands beside a published release does not change."""

    status, code, title = 409, "release_frozen", "What stands beside a published release is frozen"

    def __init__(self, release: str) -> None:
        super().__init__(
            f"Release {release} has been published, with what stood beside it then. What is wrong in it is set right "
            "by a revision: a new release that says what it corrects."
        )


class OwnWords(Problem):
    """Nobody moderates, or answers, what they have sent themselves."""

    status, code, title = 409, "own_words", "Somebody else must do this"

    def __init__(self) -> None:
        super().__init__("You, or somebody of your own organisation, have sent this: somebody else must deal with it.")


class TextSettled(Problem):
    """A text is moderated once, and a query is answered once."""

    status, code, title = 409, "already_settled", "This has been dealt with already"


class LatestNotSeen(Problem):
    """A text replaces the one before it, which its author must have read."""

    status, code, title = 428, "if_match_needed", "Say which state you saw"

    def __init__(self) -> None:
        super().__init__("There is a text of yours already. Read it, and send its ETag as If-Match.")


class LatestChanged(Problem):
    status, code, title = 412, "revision_changed", "The record has changed since you saw it"

    def __init__(self) -> None:
        super().__init__("The text that you replace is not the one that you read. Read it again.")
