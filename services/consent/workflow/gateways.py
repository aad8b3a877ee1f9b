"""Which gateway processes there are, and how far each has come. Of one name only the newest is answered."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from services.consent.problems import IncarnationSuperseded, IncarnationUnknown
from services.consent.store import number_of
from services.consent.workflow.office import Office, stamp
from shared.contracts.consent import Confirmation, GatewayEntry, Gateways, Registration
from shared.kit.files import sha256_of
from shared.kit.problems import ValueNotAllowed


@dataclass(frozen=True)
class Caller:
    """Which process a gateway says it is."""

    gateway: str
    incarnation: str


@dataclass
class Confirmed:
    """What gateways said since this service started, by incarnation of each name: kept in memory, because each says it
    again and again. `applied` only grows."""

    known: dict[str, tuple[str, int, datetime]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)  # incarnations that a newer one has replaced, in this service's life

    def note(self, caller: Caller, applied: int, now: datetime) -> None:
        before = self.known.get(caller.gateway)
        if before and before[0] == caller.incarnation:
            applied = max(applied, before[1])
        self.known[caller.gateway] = (caller.incarnation, applied, now)

    def of(self, name: str, incarnation: str) -> tuple[int, datetime] | None:
        found = self.known.get(name)
        return found[1:] if found and found[0] == incarnation else None


def register(office: Office, confirmed: Confirmed, name: str, key: str | None) -> Registration:
    """A new incarnation of the name; from now on the one before is refused. The same `key` again gives the same one:
    a process whose registration got lost, or stands in a queue twice, must not shut itself out.

    Raises IncarnationSuperseded for the key of a process that was replaced: what it sent before its end may still be in
    this service's queue, and must not shut out its successor.
    """
    token = sha256_of(key.encode())[:32] if key else secrets.token_hex(16)
    with office.writing() as tx:
        if f"{name} {token}" in confirmed.ended:
            raise IncarnationSuperseded
        before = tx.incarnation(name)
        incarnation = tx.keep_gateway(name, token, stamp(office.clock()))
        if before is not None and before != incarnation:
            confirmed.ended.add(f"{name} {before.partition('-')[2]}")
        end = tx.end_of_ledger
    return Registration(gateway=name, incarnation=incarnation, store_id=end.store_id, revision=end.revision)


def check_incarnation(given: str, newest: str | None) -> None:
    """Raises IncarnationSuperseded where a newer one was given out since, IncarnationUnknown where `given` never was:
    then the store is older than it."""
    if given == newest:
        return
    if newest is not None and number_of(newest) > number_of(given):
        raise IncarnationSuperseded
    raise IncarnationUnknown


def confirm(office: Office, confirmed: Confirmed, name: str, said: Confirmation) -> None:
    """Raises IncarnationSuperseded, IncarnationUnknown, and ValueNotAllowed for a revision that there is not yet."""
    tip = office.keeper.tip
    told = office.store.heads.ask_now(name)
    office.keeper.check(tip, told.end)
    check_incarnation(said.incarnation, told.incarnation)
    if said.applied > told.end.revision:
        hint = f"at most {told.end.revision}, the ledger's"
        raise ValueNotAllowed("There is no such revision yet.", errors=[{"pointer": "applied", "hint": hint}])
    confirmed.note(Caller(name, said.incarnation), said.applied, office.clock())


def listed(office: Office, confirmed: Confirmed) -> Gateways:
    with office.reading() as tx:
        end, gateways = tx.end(), tx.gateways()
    entries = []
    for one in gateways:
        applied, when = confirmed.of(one.name, one.incarnation) or (None, None)
        registered = datetime.fromisoformat(one.registered_at)
        number = number_of(one.incarnation)
        entries.append(
            GatewayEntry(gateway=one.name, number=number, registered=registered, applied=applied, confirmed=when)
        )
    return Gateways(revision=end.revision, gateways=entries)
