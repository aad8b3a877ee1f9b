"""Ratings as it must never be: only those who may not be named are hidden, and every total stays. For the test that the
disclosure audit finds it; nothing but this module can start it."""

import sys
from collections.abc import Sequence

from services.ratings.__main__ import main
from services.ratings.disclosure import Decision, Table
from services.ratings.view import joint


def nobody_beside_the_secrets(tables: Sequence[Table], secrets: frozenset[str], *_others: object) -> Decision:
    """In place of `decide`."""
    people = frozenset[str]().union(*(table.people for table in tables))
    return Decision(secrets & people, tuple(frozenset[str]() for _ in tables))


if __name__ == "__main__":
    vars(joint)["decide"] = nobody_beside_the_secrets  # this is what is wrong with it
    sys.exit(main())
