"""Whose pages these are."""

from typing import Final

OFFICE: Final = frozenset({"officer", "steward", "auditor"})
CONSULTANT: Final = frozenset({"consultant"})
HOMES: Final = {"/console": OFFICE, "/me": CONSULTANT}  # first page → whose
EVERYBODY: Final = OFFICE | CONSULTANT

# What the header leads to: address, words, roles.
NAVIGATION: Final[tuple[tuple[str, str, frozenset[str]], ...]] = (
    ("/console", "Start", OFFICE),
    ("/console/people", "People", frozenset({"officer", "auditor"})),
    ("/console/queue", "Objections", frozenset({"officer", "auditor"})),
    ("/console/imports", "Files", frozenset({"officer"})),
    ("/console/campaigns", "Requests", frozenset({"officer", "auditor"})),
    ("/console/law", "Law", OFFICE),
    ("/console/audit", "Audit", frozenset({"auditor"})),
    ("/me", "My choice", CONSULTANT),
    ("/me/history", "History", CONSULTANT),
)


def navigation(roles: frozenset[str]) -> list[tuple[str, str]]:
    return [(path, words) for path, words, wanted in NAVIGATION if roles & wanted]
