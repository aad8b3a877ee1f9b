"""What could lawfully be published on a day, by what was known on another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from services.consent.domain.asof import Moment, Recorded, standings_at
from services.consent.domain.facts import ALWAYS, Span
from services.consent.domain.judging import Judge
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import Entry
from services.consent.policies import Policy
from services.consent.store import Reading, timeline
from services.consent.workflow.consultants import as_scope
from services.consent.workflow.decisions import NO_CONSULTANT
from services.consent.workflow.lawmaking import law_in_force
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Act, AsOf, AsOfAnswer, Purpose
from shared.kit.problems import NotFound, ValueNotAllowed


@dataclass(frozen=True)
class Asked:
    """`number`, `programme` and `purpose` narrow the question; `period` is the care it is about, open ends left out."""

    moment: Moment
    programme: str | None = None
    purpose: Purpose | None = None
    number: str | None = None
    period: Span = ALWAYS


def as_of(office: Office, asked: Asked) -> AsOf:
    """Everybody of whom the ledger had an event by then; whoever is not listed could not be named. The same question
    gives the same answer whenever it is asked, but for the numbers of people who were erased since, and for a day that
    has not ended.

    Raises ValueNotAllowed for a day of knowledge that has not come, NotFound for a number that nobody ever had.
    """
    if asked.moment.known > day_of(office.clock()):
        hint = f"a day that has come: {day_of(office.clock()).isoformat()} or earlier"
        raise ValueNotAllowed("Nobody knows it yet.", errors=[{"parameter": "known", "hint": hint}])
    with office.reading() as tx:
        aliases = _aliases(office, tx, asked.number)
        end = timeline.end_by(tx.session, tx.end().store_id, asked.moment.known)
        policy = known_policy(office.policy, asked.moment.known)
        law = law_in_force(policy, _counting(timeline.policy_known_by(tx.session, asked.moment.known), asked.moment))
        events = timeline.known_by(tx.session, asked.moment.known, aliases, asked.programme)
        standings = standings_at(map(recorded, events), asked.moment)
        answers = list(_answers(Judge(law, asked.moment.valid), standings, asked, timeline.numbers(tx.session)))
    named = sum(one.verdict == "named" for one in answers)
    return AsOf(
        store_id=end.store_id, valid=asked.moment.valid, known=asked.moment.known, revision=end.revision,
        ledger_head=f"sha256:{end.ledger_head}", period=as_scope(asked.period), named=named,
        withheld=len(answers) - named, answers=answers,
    )  # fmt: skip


def known_policy(policy: Policy, known: date) -> Policy:
    """Of the policy files, what had begun by then. A file does not say when it was written: each of its bases counts as
    known from its first day. What two people put in force is in the ledger, with its own time."""
    bases = {
        key: found
        for key, all_of_it in policy.bases.items()
        if (found := tuple(one for one in all_of_it if one.valid.first is None or one.valid.first <= known))
    }
    terms = tuple(one for one in policy.terms if one.valid_from <= known)
    return replace(policy, bases=bases, terms=terms)


def _counting(events: Sequence[Entry], moment: Moment) -> list[Entry]:
    """A switch counts from the day on which it was moved; a basis has its days in its own text."""
    moved = {Act.SWITCHED_ON, Act.SWITCHED_OFF}
    return [event for event in events if event.act not in moved or event.happened.day <= moment.valid]


def _aliases(office: Office, tx: Reading, number: str | None) -> list[str] | None:
    if number is None:
        return None
    alias = office.alias_of(tx, number)
    if alias is None:
        raise NotFound(NO_CONSULTANT)
    return [alias]


def recorded(entry: Entry) -> Recorded:
    assert entry.about is not None  # those about nobody are not read here
    return entry.about, entry.happened, date.fromisoformat(entry.recorded_at[:10])


def _answers(
    judge: Judge, standings: dict[Subject, Standing], asked: Asked, numbers: dict[str, str]
) -> Iterator[AsOfAnswer]:
    """In the order of aliases, which says nothing and never changes. Naming who refused is asked about beside the
    refusal, which needs no event of its own."""
    ordered = sorted(standings, key=_place)
    for (alias, programme), same in groupby(ordered, key=lambda one: (one.id, one.programme)):
        for purpose in _purposes(judge, programme, list(same), asked.purpose):
            own = standings.get(Subject(alias, programme, Purpose.OWN_FIGURES), Standing())
            standing = standings.get(Subject(alias, programme, purpose), Standing())
            verdict = judge.verdict(programme, purpose, standing, own, asked.period)
            yield AsOfAnswer(
                person=alias, gmc=numbers.get(alias), programme=programme, purpose=purpose,
                verdict="named" if verdict.allowed else "withheld", basis=verdict.basis_id,
                reason=verdict.reason.value,
            )  # fmt: skip


def _purposes(judge: Judge, programme: str, of_person: Sequence[Subject], wanted: Purpose | None) -> list[Purpose]:
    found = {subject.purpose for subject in of_person}
    if Purpose.NAMING_REFUSERS in judge.law.purposes(programme) and Purpose.OWN_FIGURES in found:
        found.add(Purpose.NAMING_REFUSERS)
    return sorted(found if wanted is None else found & {wanted})


def _place(subject: Subject) -> tuple[str, str, str]:
    return subject.id, subject.programme, subject.purpose
