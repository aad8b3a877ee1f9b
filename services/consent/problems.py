"""What can go wrong here, beyond what every service declares."""

from shared.kit.problems import Problem


class IfMatchNeeded(Problem):
    status, code, title = 428, "if_match_needed", "Say which state you saw"


class RevisionChanged(Problem):
    status, code, title = 412, "revision_changed", "The record has changed since you saw it"


class BundledDecision(Problem):
    status, code, title = 409, "bundled_decision", "One decision for each purpose"


class CursorNotValid(Problem):
    status, code, title = 400, "cursor_not_valid", "This cursor cannot be used"
