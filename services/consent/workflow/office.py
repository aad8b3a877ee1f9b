"""What every verb works with: the store beside its journal, the policy, the keys and the clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from services.consent.domain.standing import Judge
from services.consent.keys import SubjectKeys
from services.consent.policies import Policy
from services.consent.store import Reading, Store, Writing
from services.consent.workflow.keeping import Keeper
from services.consent.workflow.room import Room

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
    keeper: Keeper
    room: Room

    def judge(self, moment: datetime) -> Judge:
        return Judge(self.policy.bases, moment.astimezone(UTC).date())

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """Once the block has ended, what was written, and everything it rests on, is committed and in the journal: it
        may be acknowledged. Raises ConsentClosed, JournalUnavailable, and as `Store.writing`."""
        tip = self.keeper.tip
        with self.store.writing() as tx:
            before = tx.end_of_ledger
            self.keeper.check(tip, before)
            yield tx
            self.keeper.probe(tx.end_of_ledger.revision - before.revision)
        self.keeper.cover(tx.end_of_ledger)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """One transaction, begun now, of which everything is in the journal. Raises ConsentClosed,
        JournalUnavailable."""
        tip = self.keeper.tip
        with self.store.reading() as tx:
            end = tx.end()
            self.keeper.check(tip, end)
            self.keeper.confirm(end)
            yield tx
