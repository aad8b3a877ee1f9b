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


class ConsentClosed(Problem):
    """The ledger and its journal do not agree: nothing is answered until they do."""

    status, code, title = 503, "consent_closed", "Consent answers nothing for now"

    def __init__(self, why: str) -> None:
        super().__init__(why, headers={"Retry-After": "2"})


class JournalUnavailable(Problem):
    status, code, title = 503, "journal_unavailable", "The journal could not be written"

    def __init__(self) -> None:
        super().__init__(
            "What was sent may be in the ledger, but not yet in its journal on the other device: it is not "
            "acknowledged. Send the same request again; where it was kept, the answer is the same.",
            headers={"Retry-After": "2"},
        )


class IncarnationSuperseded(Problem):
    status, code, title = 409, "incarnation_superseded", "A newer process has this gateway's name"

    def __init__(self) -> None:
        super().__init__(
            "Another process has registered under this name since. Stop this one, or give it another name."
        )


class IncarnationUnknown(Problem):
    status, code, title = 409, "incarnation_unknown", "This store never gave that incarnation"

    def __init__(self) -> None:
        super().__init__("Register the gateway again: the store may have been restored since.")


class IncarnationEnded(Problem):
    status, code, title = 409, "incarnation_ended", "This process is known to have ended"

    def __init__(self) -> None:
        super().__init__(
            "It said that it was leaving, or whoever watches it said that it had ended: it is not answered any more. "
            "Start it again."
        )


class StepNotAllowed(Problem):
    status, code, title = 409, "step_not_allowed", "This step is not allowed now"


class ErasureRefused(Problem):
    """The ground on which the person is named gives no right to erasure, or not yet."""

    status, code, title = 409, "erasure_refused", "The ground gives no right to erasure now"


class LawTurning(Problem):
    """A legal basis begins or ends today, and not everybody whom that concerns has been hidden yet."""

    status, code, title = 503, "law_turning", "The law has just changed"

    def __init__(self) -> None:
        super().__init__(
            "A legal basis begins or ends today. Who may be named is being worked out again; ask again in a moment.",
            headers={"Retry-After": "1"},
        )


class SamePerson(Problem):
    status, code, title = 409, "same_person", "Two people are needed"


class CampaignOpen(Problem):
    status, code, title = 409, "campaign_open", "A campaign for this is open"


class CampaignClosed(Problem):
    status, code, title = 409, "campaign_closed", "The campaign is closed"


class ImpactUnknown(Problem):
    """`why`: in a sentence. Nothing else waits for what could not be said."""

    status, code, title = 503, "impact_unknown", "What would be hidden cannot be said now"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"{why} A withdrawal does not wait for this: whatever has to be hidden is hidden all the same."
        )
        self.why = why
