"""Whose pages these are."""

from typing import Final

from shared.kit.console.desk import Desk

OFFICE: Final = frozenset({"officer", "steward", "auditor"})
CONSULTANT: Final = frozenset({"consultant"})
DESK: Final = Desk(
    package="services.consent.console",
    title="Candour consent",
    foot="No page here shows anybody's results.",
    homes={"/console": OFFICE, "/me": CONSULTANT},
    navigation=(
        ("/console", "Start", OFFICE),
        ("/console/people", "People", frozenset({"officer", "auditor"})),
        ("/console/queue", "Objections", frozenset({"officer", "auditor"})),
        ("/console/imports", "Files", frozenset({"officer"})),
        ("/console/campaigns", "Requests", frozenset({"officer", "auditor"})),
        ("/console/law", "Law", OFFICE),
        ("/console/audit", "Audit", frozenset({"auditor"})),
        ("/me", "My choice", CONSULTANT),
        ("/me/history", "History", CONSULTANT),
    ),
)
