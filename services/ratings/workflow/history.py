"""What was done to a release, by whom, and the reasons that they gave."""

from dataclasses import dataclass
from datetime import datetime

from services.ratings.workflow.office import Office


@dataclass(frozen=True)
class Done:
    """`said`: the reason or note that came with it, where there was one; `check`: which check an answer is to, `role`:
    as whom somebody has signed."""

    at: datetime
    actor: str
    action: str
    said: str = ""
    check: str = ""
    role: str = ""


def history_of(office: Office, release: str) -> list[Done]:
    """Newest first. Raises NotFound."""
    with office.store.reading() as tx:
        tx.release(release)
        found = [
            Done(
                one.at, one.actor, one.action, str(one.detail.get("reason") or one.detail.get("note") or ""),
                str(one.detail.get("check", "")), str(one.detail.get("role", "")),
            )
            for one in tx.audited(release)
        ]  # fmt: skip
    return found[::-1]
