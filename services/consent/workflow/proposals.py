"""Two people: one proposes, another approves by repeating the digest of the text, and only then is it in force."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson

from services.consent.problems import SamePerson, StepNotAllowed
from services.consent.store import Reading, Writing, proposals
from services.consent.store.proposals import Proposed
from services.consent.workflow.decisions import Actor
from services.consent.workflow.lawmaking import canonical
from services.consent.workflow.office import Office, stamp
from shared.contracts.consent import Proposal, ProposalKind, Proposals
from shared.kit.auth import Caller
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound, ValueNotAllowed

Body = dict[str, Any]
Put = tuple[int, int | None]
NONE = "There is no such proposal."


@dataclass(frozen=True)
class Approved:
    """What is put in force: its text, who proposed it, who approved it, and when."""

    body: Body
    proposed_by: str
    by: Actor
    now: datetime


@dataclass(frozen=True)
class Kind:
    """`put` puts it in force within the transaction, and gives the revision of its event and how many that hid, None
    where they were too many for it; it raises a Problem where it cannot be. `hides`: it may hide people, and finds room
    on a full disk."""

    put: Callable[[Office, Writing, Approved], Put]
    hides: bool = False


Kinds = Mapping[ProposalKind, Kind]


def propose(tx: Writing, kind: ProposalKind, body: Body, by: Actor, now: datetime) -> Proposal:
    """Keep a proposal in the caller's transaction. What is open already in the same words is not proposed twice."""
    text = canonical(body).decode()
    for one in proposals.listed(tx.session, [kind], open_only=True):
        if one.body == text and one.proposed_by == by.name:
            return as_contract(one)
    made = Proposed("q-" + secrets.token_hex(6), kind, text, by.name, stamp(now))
    proposals.keep(tx.session, made)
    return as_contract(made)


def listed(office: Office, kinds: Sequence[ProposalKind], state: Literal["open", "all"]) -> Proposals:
    """Newest first. A large return that waits is listed with the imports."""
    with office.reading() as tx:
        found = proposals.listed(tx.session, kinds, open_only=state == "open")
    return Proposals(proposals=[as_contract(one) for one in found])


def approve(office: Office, kinds: Kinds, number: str, digest: str, caller: Caller) -> Proposal:
    """Put it in force, at once and whole. The same again by the same person is answered as the first time.

    Raises NotFound, SamePerson for who proposed it, ValueNotAllowed for another digest, StepNotAllowed where it was
    decided, and what its kind raises where the law does not allow it any more.
    """
    with office.reading() as tx:
        kind = _kind(kinds, _found(tx, number))
    make = office.room.insist if kind.hides else office.room.modestly
    by = Actor(caller.name, caller.assurance)
    with office.turning.changing():
        return make(lambda: _approve(office, kind, number, digest, by))


def _approve(office: Office, kind: Kind, number: str, digest: str, by: Actor) -> Proposal:
    now = office.clock()
    with office.writing() as tx:
        one = _found(tx, number)
        _check_digest(one, digest)
        if one.outcome == "approved" and one.decided_by == by.name:
            return as_contract(one)
        _check_open(one)
        if one.proposed_by == by.name:
            raise SamePerson("You proposed this yourself; somebody else must approve it.")
        revision, hidden = kind.put(office, tx, Approved(orjson.loads(one.body), one.proposed_by, by, now))
        decided = replace(one, decided_by=by.name, decided_at=stamp(now), outcome="approved", revision=revision)
        proposals.decide(tx.session, decided)
        return as_contract(decided, hidden)


def reject(office: Office, kinds: Kinds, number: str, digest: str, caller: Caller) -> Proposal:
    """Nothing comes of it; whoever proposed it may take it back so. Raises as `approve`, but SamePerson."""
    now = office.clock()
    with office.writing() as tx:
        one = _found(tx, number)
        _kind(kinds, one)
        _check_digest(one, digest)
        if one.outcome == "rejected" and one.decided_by == caller.name:
            return as_contract(one)
        _check_open(one)
        decided = replace(one, decided_by=caller.name, decided_at=stamp(now), outcome="rejected")
        proposals.decide(tx.session, decided)
        return as_contract(decided)


def _found(tx: Reading, number: str) -> Proposed:
    one = proposals.proposal(tx.session, number)
    if one is None:
        raise NotFound(NONE)
    return one


def _kind(kinds: Kinds, one: Proposed) -> Kind:
    kind = kinds.get(one.kind)
    if kind is None:
        raise NotFound(NONE)
    return kind


def _check_open(one: Proposed) -> None:
    if one.outcome is not None:
        raise StepNotAllowed(f"This proposal was {one.outcome} already.")


def _check_digest(one: Proposed, digest: str) -> None:
    if digest != digest_of(one.body):
        hint = "the digest that the proposal itself gives: read it first"
        raise ValueNotAllowed("That is not the digest of the text.", errors=[{"pointer": "digest", "hint": hint}])


def digest_of(text: str) -> str:
    return f"sha256:{sha256_of(text.encode())}"


def as_contract(one: Proposed, hidden: int | None = None) -> Proposal:
    return Proposal.model_validate(
        {
            "proposal": one.id, "kind": one.kind, "digest": digest_of(one.body), "what": orjson.loads(one.body),
            "state": one.outcome or "open", "proposed_by": one.proposed_by, "proposed_at": one.proposed_at,
            "decided_by": one.decided_by, "decided_at": one.decided_at, "revision": one.revision, "hidden": hidden,
        }
    )  # fmt: skip
