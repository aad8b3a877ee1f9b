"""What every verb works with: the store beside its journal, the policy, the keys and the clock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from services.consent.domain.judging import Judge, Law
from services.consent.keys import SubjectKeys
from services.consent.policies import Policy
from services.consent.store import Reading, Store, Writing
from services.consent.workflow.fleet import Fleet
from services.consent.workflow.keeping import Keeper
from services.consent.workflow.lawmaking import law_in_force
from services.consent.workflow.room import Room
from services.consent.workflow.turning import Turning
from shared.kit.levels import Level

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """UTC with microseconds and `Z`, always 27 characters: the form in which moments are kept and hashed."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_of(moment: datetime) -> date:
    """The calendar day of the law: UTC, so that no clock of a machine decides."""
    return moment.astimezone(UTC).date()


@dataclass(frozen=True)
class Office:
    store: Store
    policy: Policy
    keys: SubjectKeys
    clock: Clock
    keeper: Keeper
    room: Room
    fleet: Fleet
    news: Level  # the ledger's revision, for whoever waits for it to rise
    turning: Turning = field(default_factory=Turning)

    def law(self, tx: Reading) -> Law:
        """What is in force at the revision that `tx` reads: never newer or older than the decisions beside it."""
        return law_in_force(self.policy, tx.policy_events())

    def judge(self, tx: Reading, moment: datetime) -> Judge:
        return Judge(self.law(tx), day_of(moment))

    def alias_of(self, tx: Reading, number: str) -> str | None:
        """How the ledger knows a number or a practice's code; None where neither register nor ledger ever had it. The
        ledger may know who is missing from the register, after a restore, and keeps the aliases of whom it erased."""
        person = tx.person(number)
        if person is not None:
            return person.alias
        return next((one for one in (self.keys.alias(number), number) if tx.latest([one])), None)

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
        self.tell(tx.end_of_ledger.revision)

    def tell(self, revision: int) -> None:
        """The ledger is at `revision`, and so is its journal."""
        self.fleet.record(revision)
        self.news.rise(revision)

    def let_go(self) -> None:
        """Nobody waits for anything any more."""
        self.news.end()
        self.fleet.effective.end()

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
