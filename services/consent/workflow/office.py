"""What every verb works with: the store, the policy, the keys and the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from services.consent.domain.standing import Judge
from services.consent.keys import SubjectKeys
from services.consent.policies import Policy
from services.consent.store import Store

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """UTC with microseconds and `Z`, always 27 characters: the form in which moments are kept and hashed."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True)
class Office:
    store: Store
    policy: Policy
    keys: SubjectKeys
    clock: Clock

    def judge(self, moment: datetime) -> Judge:
        return Judge(self.policy.bases, moment.astimezone(UTC).date())

    def keep_policy(self) -> None:
        """Remember the policy this store is run under."""
        with self.store.writing() as tx:
            tx.keep_policy(self.policy.texts, stamp(self.clock()))
