"""Gateway processes begin, say how far they are, leave, or are seen to have ended. Of one name only the newest is
answered; one that was replaced counts as sending until there is proof that it has ended."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.consent.problems import IncarnationEnded, IncarnationSuperseded, IncarnationUnknown, JournalUnavailable
from services.consent.roll import Roll
from services.consent.store import Process, Writing, number_of, processes
from services.consent.workflow.fleet import Caller
from services.consent.workflow.office import Office, stamp
from shared.contracts.consent import Begin, Confirmation, Fence, GatewayEntry, Gateways, News, Registration
from shared.kit.files import sha256_of
from shared.kit.logs import log
from shared.kit.problems import NotFound, ValueNotAllowed

LOCK: Final = "lock"
LEAVING: Final = "leaving"


def register(office: Office, name: str, key: str | None, begin: Begin) -> Registration:
    """A new incarnation of the name; from now on the one before is refused. The same `key` again gives the same one:
    a process whose registration got lost, or stands in a queue twice, must not shut itself out.

    Raises IncarnationSuperseded for the key of a process that was replaced, IncarnationEnded for that of one that has
    ended: what it sent before its end may still be in this service's queue. Raises ValueNotAllowed where `begin` speaks
    of a process that cannot have been before this one.
    """
    token = sha256_of(key.encode())[:32] if key else secrets.token_hex(16)
    return office.room.insist(lambda: _register(office, name, token, begin))


def _register(office: Office, name: str, token: str, begin: Begin) -> Registration:
    now = stamp(office.clock())
    with office.writing() as tx:
        known = processes.process_of_token(tx.session, name, token)
        _refuse_replaced(tx, known)
        mine = known or _begun(tx, name, token, now)
        before = _before(tx, mine, begin.ended)
        if before is not None:
            processes.keep_end(tx.session, before, now, LOCK)
        end = tx.end_of_ledger
    _enrol(office, mine, *([replace(before, ended_at=now, proof=LOCK)] if before else []))
    office.fleet.add(mine)
    if before is not None:
        office.fleet.end(before)
    return Registration(gateway=name, incarnation=mine.incarnation, store_id=end.store_id, revision=end.revision)


def _refuse_replaced(tx: Writing, known: Process | None) -> None:
    if known is None:
        return
    if known.incarnation != processes.newest_of(tx.session, known.name):
        raise IncarnationSuperseded
    if known.ended_at is not None:
        raise IncarnationEnded


def _begun(tx: Writing, name: str, token: str, now: str) -> Process:
    before = processes.newest_of(tx.session, name)
    number = number_of(before) + 1 if before else 1
    mine = Process(name, number, f"{number}-{token}", now)
    processes.keep_process(tx.session, mine, replacing=before is not None)
    return mine


def _before(tx: Writing, mine: Process, ended: str | None) -> Process | None:
    """The process that `mine` says has ended: it has the lock that the other held."""
    if ended is None:
        return None
    found = processes.process(tx.session, mine.name, number_of(ended)) if number_of(ended) < mine.number else None
    if found is None or found.incarnation != ended:
        hint = "an earlier incarnation that this store gave to the same name"
        raise ValueNotAllowed("No such process can have ended.", errors=[{"pointer": "ended", "hint": hint}])
    return found


def confirm(office: Office, name: str, said: Confirmation) -> None:
    """Only looks into memory. Raises IncarnationSuperseded, IncarnationUnknown, IncarnationEnded, and ValueNotAllowed
    for a revision that there is not yet."""
    tip = office.keeper.tip.revision
    caller = Caller(name, said.incarnation)
    office.fleet.check(caller)
    if said.applied > tip:
        hint = f"at most {tip}, the ledger's"
        raise ValueNotAllowed("There is no such revision yet.", errors=[{"pointer": "applied", "hint": hint}])
    office.fleet.confirm(caller, said.applied)


def leave(office: Office, name: str, said: Confirmation) -> None:
    """The process has closed its door and its connections, and is not answered any more; it may say so again. One that
    was replaced may say so too. Raises IncarnationUnknown."""
    with office.writing() as tx:
        found = processes.process(tx.session, name, number_of(said.incarnation))
        if found is None or found.incarnation != said.incarnation:
            raise IncarnationUnknown
        ended = _ended(office, tx, found, LEAVING)
    _enrol(office, ended)
    office.fleet.end(ended)


def fence(office: Office, name: str, given: Fence) -> None:
    """Somebody has seen that the process ended: it is not waited for, and not answered any more. Raises NotFound where
    there never was such a process."""
    with office.writing() as tx:
        found = processes.process(tx.session, name, given.number)
        if found is None:
            raise NotFound("No process of this number has registered under this name.")
        ended = _ended(office, tx, found, given.proof)
    _enrol(office, ended)
    office.fleet.end(ended)


def _ended(office: Office, tx: Writing, found: Process, proof: str) -> Process:
    """The first proof stays."""
    ended = found if found.proof else replace(found, ended_at=stamp(office.clock()), proof=proof)
    processes.keep_end(tx.session, ended, str(ended.ended_at), str(ended.proof))
    return ended


def _enrol(office: Office, *told: Process) -> None:
    """On the roll before anything is acknowledged. Raises JournalUnavailable: the caller says it again."""
    try:
        _roll(office).add(told)
    except OSError as error:
        log.error("roll_not_written", kind=type(error).__name__, number=error.errno)
        raise JournalUnavailable from error


def _roll(office: Office) -> Roll:
    journal = office.keeper.journal
    return Roll(journal.file.parent, journal.store_id)


def listed(office: Office) -> Gateways:
    """Every process that may be sending."""
    with office.reading() as tx:
        end, senders, newest = tx.end(), processes.open_processes(tx.session), processes.newest(tx.session)
    effective = min(office.fleet.effective.value, end.revision)
    entries = [_entry(office, one, newest.get(one.name) == one.incarnation) for one in senders]
    return Gateways(revision=end.revision, effective=effective, gateways=entries)


def _entry(office: Office, one: Process, newest: bool) -> GatewayEntry:
    said = office.fleet.said(one)
    return GatewayEntry(
        gateway=one.name, number=one.number, newest=newest, registered=datetime.fromisoformat(one.registered_at),
        applied=said.applied, confirmed=said.confirmed,
    )  # fmt: skip


async def news(office: Office, caller: Caller, after: int, seconds: float) -> News:
    """As soon as the ledger is beyond `after`, or when the time is up; asks no database. Raises as `Fleet.check`, and
    ConsentClosed."""
    office.fleet.check(caller)
    if office.keeper.tip.revision <= after:
        await office.news.reach(after + 1, seconds)
    return News(revision=office.keeper.tip.revision)


def _compare(office: Office) -> bool:
    """Each learns from the other what it does not know; whether somebody may be missing in both. Raises OSError."""
    roll = _roll(office)
    told = roll.read()
    with office.store.reading() as tx:
        kept = {(one.name, one.number): one for one in processes.all_processes(tx.session)}
    lost = [told[key] for key in sorted(told) if key not in kept]
    ended = [told[key] for key, one in kept.items() if one.proof is None and key in told and told[key].proof]
    if lost or ended:
        log.warning("processes_put_back", begun=len(lost), ended=len(ended))
        with office.store.writing() as tx:
            processes.put_back(tx.session, lost)
            for one in ended:
                processes.keep_end(tx.session, one, str(one.ended_at), str(one.proof))
    missing = [one for key, one in kept.items() if key not in told or (one.proof and not told[key].proof)]
    office.room.insist(lambda: roll.add(missing))
    return roll.damaged


def begin(office: Office) -> None:
    """What store and roll know of gateways, before the first of them is answered. Raises OSError."""
    office.fleet.doubt = _compare(office)
    with office.store.turn.taken():  # or a registration of this moment would be forgotten
        with office.store.reading() as tx:
            end, marked = tx.end(), processes.last_mark(tx.session)
            senders, newest = processes.open_processes(tx.session), processes.newest(tx.session)
        office.fleet.begin(senders, newest, marked, end.revision)
    office.news.set(end.revision)
