"""The office's first page and its queue of rights: what is due, in counts, and how soon withdrawals took effect."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.consent.store import counting
from services.consent.store.counting import OpenCase
from services.consent.workflow.gateways import listed
from services.consent.workflow.office import Office, stamp
from shared.contracts.consent import Act, Gateways

DAYS: Final = 30
TARGET_SECONDS: Final = 12.0
RAISING: Final = (Act.OBJECTION_RAISED, Act.RESTRICTED)


@dataclass(frozen=True)
class Withdrawals:
    """Of the last `days`: how many there were, how many were effective within the target, how many are not yet, and the
    longest in seconds."""

    days: int
    target: float
    recorded: int
    in_time: int
    waiting: int
    longest: float | None


@dataclass(frozen=True)
class Due:
    """Who has not answered, by programme: (asked, not asked yet); and how the gateways stand."""

    unanswered: Mapping[str, tuple[int, int]]
    withdrawals: Withdrawals
    gateways: Gateways


@dataclass(frozen=True)
class Queued:
    """One case of the queue, with the person's name, when it was raised, and the revision of the record as it is."""

    case: OpenCase
    name: str
    raised: datetime
    revision: int


def due(office: Office) -> Due:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: {"asked": 0, "not_sought": 0})
    begins = stamp(office.clock() - timedelta(days=DAYS))
    with office.reading() as tx:
        for programme, word, number in counting.unanswered(tx.session):
            counts[programme][word] = number
        hidden = counting.withdrawn_since(tx.session, begins)
        ended = counting.effective_at(tx.session, hidden)
    took = [
        (datetime.fromisoformat(at) - datetime.fromisoformat(one.recorded_at)).total_seconds()
        for one, at in zip(hidden, ended, strict=True)
        if at is not None
    ]
    withdrawals = Withdrawals(
        DAYS, TARGET_SECONDS, len(hidden), sum(seconds <= TARGET_SECONDS for seconds in took), len(hidden) - len(took),
        max(took, default=None),
    )  # fmt: skip
    return Due({name: (one["asked"], one["not_sought"]) for name, one in counts.items()}, withdrawals, listed(office))


def queue(office: Office) -> list[Queued]:
    """Open objections and restrictions, the oldest first."""
    with office.reading() as tx:
        cases = counting.open_cases(tx.session)
        aliases = sorted({one.alias for one in cases})
        people, raised = tx.people_of(aliases), counting.since(tx.session, aliases, RAISING)
    found = [
        Queued(
            one, people[one.alias].name, datetime.fromisoformat(raised[one.alias, one.programme, one.purpose]),
            people[one.alias].revision,
        )
        for one in cases
        if one.alias in people
    ]  # fmt: skip
    return sorted(found, key=lambda one: one.raised)
