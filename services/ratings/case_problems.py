"""What ratings answers when a step of an outlier case will not do."""

from shared.kit.problems import Problem


class NotYourStep(Problem):
    """The step of a case is another party's."""

    status, code, title = 409, "not_your_step", "Somebody else must take this step"


class OverrideNeeded(Problem):
    """The audit takes a step of somebody else, or before its day, only with a reason."""

    status, code, title = 409, "override_needed", "Say why, in override"


class CalendarEnds(Problem):
    """A deadline would lie in a year whose bank holidays nobody has put down yet."""

    status, code, title = 409, "calendar_ends", "The calendar of working days ends before this deadline"


class PolicyMissing(Problem):
    """The policy under which a case was opened is in no file any more."""

    status, code, title = 409, "policy_missing", "The policy of this case is not there any more"


class IfMatchNeeded(Problem):
    status, code, title = 428, "if_match_needed", "Say which state you saw"

    def __init__(self) -> None:
        super().__init__("Read the case and send its ETag as If-Match.")


class RevisionChanged(Problem):
    status, code, title = 412, "revision_changed", "The record has changed since you saw it"

    def __init__(self) -> None:
        super().__init__("Somebody has taken a step of this case since you read it. Read it again.")
