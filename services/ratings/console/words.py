"""What the pages say for the codes of the service."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.ratings.indicators.loading import Catalogue

PERIOD: Final = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))_(\d{4}-(?:0[1-9]|1[0-2]))")
LONDON: Final = ZoneInfo("Europe/London")
UNITS: Final = {
    "percent": "%", "ratio": "", "per_100000": " per 100,000", "count": "", "days": " days", "points": " points",
    "word": "",
}  # fmt: skip
STATUSES: Final = {
    "draft": "Draft", "submitted": "Submitted", "returned": "Returned", "approved": "Approved",
    "published": "Published", "superseded": "Superseded", "taken_down": "Taken down",
}  # fmt: skip
STEPS: Final = {
    "submission": "Submit", "return": "Return", "approval": "Approve", "publication": "Publish",
    "takedown": "Take down",
}  # fmt: skip
DONE: Final = {
    "release.reserved": "Draft begun", "release.built": "Results built", "release.submission": "Submitted",
    "release.return": "Returned", "release.approval": "Approved", "release.publication": "Published",
    "release.takedown": "Taken down", "release.superseded": "Superseded by a newer one",
    "release.reinstated": "Current again", "release.check_answered": "A check was answered",
    "release.signed": "Signed", "release.build_failed": "Build failed", "release.replayed": "Computed again",
}  # fmt: skip
"""What is told of a release's history; what people have sent, and cases, stand on pages of their own."""
CHECKS: Final = {"passed": ("Passed", "blue"), "failed": ("Failed", "orange"), "waiting": ("Waits", "grey")}
CAUSES: Final = {
    "selection": "Only one of the releases has this indicator", "data": "Other data",
    "definition_version": "Another definition", "method_version": "Another method",
    "small_number_rule": "Another rule of small numbers",
}  # fmt: skip
POSITIONS: Final = {
    "within": "Within the limits", "above_warning": "Above the warning limits",
    "below_warning": "Below the warning limits", "above_control": "Above the control limits",
    "below_control": "Below the control limits",
}  # fmt: skip
LEVELS: Final = {"provider": "Hospital or practice", "consultant": "Consultant"}
CASE_STATES: Final = {
    "signal": "Signal", "in_scrutiny": "In scrutiny", "closed_no_case": "Closed: no case",
    "case_to_answer": "A case to answer", "awaiting_response": "Awaiting a response", "in_review": "In review",
    "closed_data": "Closed: the data were wrong", "closed_explained": "Closed: explained", "confirmed": "Confirmed",
    "investigation": "Being investigated", "published": "Published", "local_review": "For local review",
}  # fmt: skip
CASE_STEPS: Final = {
    "open": "Opened by the results", "restart": "Began again with other results",
    "carry": "Carried on to the next release", "close_on_data": "Closed by corrected data",
    "tell_locally": "Tell them, for local review",
    "take_up": "Take up the scrutiny of the data", "no_case": "Close: no case to answer",
    "case_to_answer": "There is a case to answer", "tell": "Tell the lead clinician", "respond": "Respond",
    "no_response": "Go on without a response", "explain": "Close: explained", "confirm": "Confirm",
    "escalate": "Tell the chief executive", "acknowledge": "Acknowledge", "remind": "Remind",
    "report_silence": "Report that there was no answer", "publish": "Publish with the release",
}  # fmt: skip
PARTIES: Final = {
    "audit": "The audit", "lead_clinician": "Lead clinician", "consultant": "Consultant",
    "chief_executive": "Chief executive", "medical_director": "Medical director", "regulator": "Regulator",
    "ratings": "The results",
}  # fmt: skip
TEXT_STATES: Final = {
    "waiting": "Waits to be read by the audit", "accepted": "Accepted", "refused": "Refused", "kept": "Kept",
    "replaced": "Replaced", "withdrawn": "Taken back", "open": "Open", "answered": "Answered",
}  # fmt: skip
TEXT_KINDS: Final = {"reply": "Reply", "commentary": "Commentary", "comment": "Comment"}


class Words:
    """Given to templates."""

    statuses, steps, checks, causes, levels = STATUSES, STEPS, CHECKS, CAUSES, LEVELS
    case_states, case_steps, parties = CASE_STATES, CASE_STEPS, PARTIES
    text_states, text_kinds, done = TEXT_STATES, TEXT_KINDS, DONE

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def indicator(self, indicator: str) -> str:
        """Its label; of one that is not among the reviewed files any more, its id."""
        loaded = self._catalogue.indicators.get(indicator)
        return loaded.definition.label if loaded else indicator

    @staticmethod
    def moment(moment: datetime) -> str:
        """In London, where days begin and end."""
        there = moment.astimezone(LONDON)
        return f"{there.day} {there:%B %Y, %H:%M}"

    @staticmethod
    def day(given: date | str) -> str:
        """`30 September 2026`."""
        found = given if isinstance(given, date) else date.fromisoformat(given[:10])
        return f"{found.day} {found:%B %Y}"

    @staticmethod
    def span(period: str) -> str:
        """`April 2023 to March 2026` for the period `2023-04_2026-03`; any other id as it is."""
        found = PERIOD.fullmatch(period)
        if found is None:
            return period
        first, last = (date.fromisoformat(f"{month}-01") for month in found.groups())
        return f"{first:%B %Y} to {last:%B %Y}"

    @staticmethod
    def plain(code: str) -> str:
        """A name of our own in plain letters: `people_hidden` is `People hidden`."""
        return code.replace("_", " ").capitalize()

    @staticmethod
    def position(code: str) -> str:
        """A position among the limits, or why there is none."""
        return POSITIONS.get(code, code.replace("_", " ").capitalize())

    @staticmethod
    def amount(value: Any) -> str:
        return f"{value:,}" if isinstance(value, int) else str(value)


def figure(number: float, indicator: Mapping[str, Any]) -> str:
    """A number of a public row with its zeros and unit: rounded already, so that nothing is rounded twice."""
    return f"{number:,.{indicator['decimals']}f}{UNITS[indicator['unit']]}"
