"""Whose pages these are."""

from typing import Final

from shared.kit.console.desk import Desk

AUDIT: Final = frozenset({"analyst", "reviewer", "publisher", "steward", "auditor"})
SUBJECTS: Final = frozenset({"consultant", "lead", "practice"})
DESK: Final = Desk(
    package="services.ratings.console",
    title="Candour results",
    foot="What stands here is not public before its day.",
    homes={"/console": AUDIT, "/me": SUBJECTS},
    navigation=(
        ("/console", "Releases", AUDIT),
        ("/console/calendar", "Calendar", frozenset({"analyst", "reviewer", "publisher", "auditor"})),
        ("/console/answers", "Answers", frozenset({"analyst", "reviewer", "steward"})),
        ("/console/cases", "Cases", frozenset({"analyst", "reviewer", "auditor"})),
        ("/me", "My results", SUBJECTS),
        ("/me/queries", "Queries", SUBJECTS),
        ("/me/cases", "Case mix", SUBJECTS),
        ("/me/pack", "Peer review", SUBJECTS),
        ("/me/signals", "Signals", SUBJECTS),
    ),
    synthetic="Synthetic demonstration data: invented people and results",
)
