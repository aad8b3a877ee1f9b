"""When a decision became effective: nobody is sending an answer that began before it was recorded."""

import base64
from datetime import datetime
from typing import Final

from services.consent.ledger import Entry
from services.consent.store import processes
from services.consent.workflow.decisions import as_contract
from services.consent.workflow.office import Office, stamp
from shared.contracts.consent import Decision, Effective
from shared.kit.logs import log
from shared.kit.problems import NotFound

DIGITS: Final = 15  # of a hash, in hexadecimal: 60 bits are what twelve letters tell
NO_DECISION: Final = "There is no decision of this number."


def effective_of(office: Office, revision: int) -> Effective:
    """Of one revision of the ledger, as far as is known now. Looks into the store for what was effective long ago."""
    progress = office.fleet.progress(revision)
    since = progress.since
    if progress.effective and since is None:
        with office.reading() as tx:
            mark = processes.first_mark(tx.session, revision)
        since = datetime.fromisoformat(mark.at) if mark else None
    return Effective(
        status="effective" if progress.effective else "waiting", at=since,
        gateways_confirmed=progress.confirmed, gateways_registered=progress.registered,
    )  # fmt: skip


def acknowledged(office: Office, decision: Decision) -> Decision:
    """With how far it has come."""
    return decision.model_copy(update={"effective": effective_of(office, decision.revision)})


def entry_of(office: Office, decision: str, whose: str | None = None) -> Entry:
    """The event with this public number. Raises NotFound, also where it is about no person, or about another one than
    `whose` number is given."""
    with office.reading() as tx:
        revision = processes.revision_of_hash(tx.session, hash_begins(decision))
        entry = tx.entry(revision) if revision is not None else None
        alias = office.alias_of(tx, whose) if whose is not None else None
    if entry is None or entry.about is None or (whose is not None and entry.subject != alias):
        raise NotFound(NO_DECISION)
    return entry


def told(office: Office, entry: Entry) -> Decision:
    return acknowledged(office, as_contract(entry))


def hash_begins(decision: str) -> str:
    """The first 15 hexadecimal digits of the hash that `ledger.decision_id` made this number of."""
    padded = decision.removeprefix("d-").upper() + "A" * 4  # to whole bytes: 16 letters are ten of them
    return base64.b32decode(padded).hex()[:DIGITS]


def keep_moments(office: Office) -> None:
    """Those that are not in the store yet. Never raises: they are in memory, and the next time is soon."""
    waiting = office.fleet.moments.waiting()
    if not waiting:
        return
    marks = [processes.Mark(one.revision, stamp(one.at)) for one in waiting]
    try:
        with office.writing() as tx:
            processes.keep_marks(tx.session, marks)
    except Exception as error:
        log.warning("moments_not_kept", kind=type(error).__name__)
        return
    office.fleet.moments.keep(marks[-1].revision)
