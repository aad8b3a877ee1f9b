"""The law in force: what the policy files say, and what two people have put in force since.

What two people put in force is an event of the ledger about nobody, with its whole text as JSON in `body`, so that
ledger and journal alone say what the law was at any revision. Nothing in them is ever edited: a basis ends by a further
event, which can bring its last day nearer and never move it away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

import orjson

from services.consent.domain.judging import Law
from services.consent.ledger import EVERY, NOBODY, Entry, Event
from services.consent.policies import Policy, bases_of
from shared.contracts.consent import Act, BasisTerms, Switch

PROPOSED_BY: Final = "proposed_by"
Body = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A basis as it stands: `last` is the nearest last day that was ever set. From a policy file where nothing `begun`
    it."""

    terms: BasisTerms
    last: date | None
    begun: Entry | None = None
    ended: Entry | None = None

    def in_force(self, day: date) -> bool:
        return self.terms.valid_from <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Switched:
    """The last event that moved a switch."""

    switch: Switch
    programme: str
    event: Entry

    @property
    def on(self) -> bool:
        return self.event.act is Act.SWITCHED_ON


def law_in_force(policy: Policy, events: Sequence[Entry]) -> Law:
    """`events` are those of the ledger that are about no person, in order. Where files and ledger put two bases in
    force on one day, both are there: then nobody is named."""
    if not events:
        return Law(policy.bases)
    bases = bases_of((rule.terms, rule.last) for rule in rules(policy, events))
    return Law(bases, frozenset(one.programme for one in switches(events) if one.on))


def rules(policy: Policy, events: Iterable[Entry]) -> list[Rule]:
    """Every basis that files or ledger know, in the order of their first days."""
    found = {terms.id: Rule(terms, terms.valid_to) for terms in policy.terms}
    clashing: list[Rule] = []
    for event in events:
        if event.act is Act.BASIS_BEGUN:
            terms = terms_in(event)
            if terms.id in found:  # a file was given the id since: two bases of one name, and nobody is named
                clashing.append(Rule(terms, terms.valid_to, begun=event))
            else:
                found[terms.id] = Rule(terms, terms.valid_to, begun=event)
        elif event.act is Act.BASIS_ENDED and event.basis_id in found:
            known = found[event.basis_id]
            last = date.fromisoformat(event.valid_from)
            if known.last is None or last < known.last:
                found[event.basis_id] = replace(known, last=last, ended=event)
    return sorted([*found.values(), *clashing], key=lambda one: (one.terms.valid_from, one.terms.id))


def switches(events: Iterable[Entry]) -> list[Switched]:
    """Every switch that was ever moved, as it stands."""
    found: dict[tuple[Switch, str], Switched] = {}
    for event in events:
        if event.act in {Act.SWITCHED_ON, Act.SWITCHED_OFF}:
            body = body_of(event)
            found[body["switch"], body["programme"]] = Switched(body["switch"], body["programme"], event)
    return [found[key] for key in sorted(found)]


def next_turn(law: Law, day: date) -> date | None:
    """The first day after `day` on which a basis begins, or is not in force any more; None where there is none."""
    spans = [basis.valid for bases in law.bases.values() for basis in bases]
    turns = [span.first for span in spans if span.first]
    turns += [span.last + timedelta(1) for span in spans if span.last and span.last < date.max]
    return min((turn for turn in turns if turn > day), default=None)


@dataclass(frozen=True)
class Enacted:
    """An event about nobody: `body` is its whole text; `day` the first or the last day of a basis, else today."""

    act: Act
    body: Body
    day: date
    basis_id: str | None = None


def event_of(enacted: Enacted, actor: str, recorded_at: str, assurance: str | None) -> Event:
    """`actor` is who put it in force; who proposed it is in the body."""
    return Event(
        subject=NOBODY, programme=EVERY, purpose=EVERY, act=enacted.act, basis_id=enacted.basis_id, notice_version=None,
        actor=actor, channel="office", evidence=None, valid_from=enacted.day.isoformat(), recorded_at=recorded_at,
        effect=None, assurance=assurance, body=canonical(enacted.body).decode(),
    )  # fmt: skip


def canonical(body: Body) -> bytes:
    """The one encoding of a text: its digest is what a second person signs under."""
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def kept_bytes(body: Body) -> int:
    """What a text takes in an entry of the journal: there it is quoted once more, and a quote takes twice the room."""
    return len(orjson.dumps(canonical(body).decode()))


def body_of(event: Entry) -> Body:
    found: Body = orjson.loads(event.body or "{}")
    return found


def terms_in(event: Entry) -> BasisTerms:
    return BasisTerms.model_validate({name: value for name, value in body_of(event).items() if name != PROPOSED_BY})
