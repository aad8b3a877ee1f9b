"""Legal bases begin and end, and switches go on, by two people; a switch goes off by one."""

from datetime import date, timedelta
from typing import Final

from services.consent.domain.judging import Judge
from services.consent.ledger import MOST_BODY_BYTES
from services.consent.policies import bases_of, overlapping
from services.consent.store import Reading, Writing
from services.consent.workflow import proposals, reassessing
from services.consent.workflow.decisions import Actor
from services.consent.workflow.lawmaking import (
    PROPOSED_BY,
    Body,
    Enacted,
    Rule,
    body_of,
    event_of,
    kept_bytes,
    law_in_force,
    next_turn,
    rules,
)
from services.consent.workflow.office import Office, day_of, stamp
from services.consent.workflow.proposals import Approved, Kind, Put
from shared.contracts.consent import (
    Act,
    BasisEnd,
    BasisTerms,
    LegalBases,
    LegalBasisEntry,
    Proposal,
    ProposalKind,
    Purpose,
    Regime,
)
from shared.kit.problems import NotFound, ValueNotAllowed

LONGEST_ACTOR: Final = 80


def legal_bases(office: Office, programme: str | None, at: date | None) -> LegalBases:
    """Every basis that there is, was, or is to be, as it stands now. Raises ValueNotAllowed."""
    if programme is not None and programme not in office.policy.programmes:
        raise _not_allowed("programme", "a programme of GET /v1/programmes", "parameter")
    day = at or day_of(office.clock())
    with office.reading() as tx:
        revision, known = tx.end().revision, rules(office.policy, tx.policy_events())
    wanted = [rule for rule in known if programme is None or programme in rule.terms.programmes]
    return LegalBases(at=day, revision=revision, bases=[_entry(rule, day) for rule in wanted])


def _entry(rule: Rule, day: date) -> LegalBasisEntry:
    begun = rule.begun
    return LegalBasisEntry(
        terms=rule.terms, source="ledger" if begun else "file", in_force=rule.in_force(day), last=rule.last,
        proposed_by=body_of(begun)[PROPOSED_BY] if begun else None, approved_by=begun.actor if begun else None,
        begun_revision=begun.revision if begun else None, ended_revision=rule.ended.revision if rule.ended else None,
    )  # fmt: skip


def propose_basis(office: Office, terms: BasisTerms, by: Actor) -> Proposal:
    """Raises ValueNotAllowed where the law would not allow it, StorageFull."""
    now = office.clock()

    def make() -> Proposal:
        with office.writing() as tx:
            _check_basis(office, tx, terms, day_of(now))
            return proposals.propose(tx, "basis", terms.model_dump(mode="json"), by, now)

    return office.room.modestly(make)


def _check_basis(office: Office, tx: Reading, terms: BasisTerms, today: date) -> None:
    policy, known = office.policy, rules(office.policy, tx.policy_events())
    strangers = set(terms.programmes) - set(policy.programmes)
    if strangers:
        raise _not_allowed("programmes", "programmes of GET /v1/programmes")
    if any((name, terms.notice_version) not in policy.notices for name in terms.programmes):
        raise _not_allowed("notice_version", "a version of the notice that the policy has for each of the programmes")
    if terms.dpia is None and (terms.regime is not Regime.CONSENT or Purpose.NAMING_REFUSERS in terms.purposes):
        raise _not_allowed(
            "dpia", "whatever does not rest on consent, or names who refused, needs an impact assessment"
        )
    if terms.id in {rule.terms.id for rule in known}:
        raise _not_allowed("id", "an id that no basis has had; nothing is edited")
    if terms.valid_from < today:
        raise _not_allowed("valid_from", f"a basis does not begin in the past: {today.isoformat()} or later")
    clash = overlapping(bases_of([*((one.terms, one.last) for one in known), (terms, terms.valid_to)]))
    if clash:
        raise _not_allowed("valid_from", f"one basis at a time; end the other first. {clash}")
    if kept_bytes(terms.model_dump(mode="json")) > MOST_BODY_BYTES - LONGEST_ACTOR - len(PROPOSED_BY) - 8:
        raise _not_allowed("programmes", "the text is too long for one event: fewer programmes, or shorter words")


def propose_end(office: Office, basis_id: str, end: BasisEnd, by: Actor) -> Proposal:
    """Raises NotFound, and ValueNotAllowed where it ends by then already."""
    now = office.clock()

    def make() -> Proposal:
        with office.writing() as tx:
            _check_end(office, tx, basis_id, end.last)
            body = {"id": basis_id} | end.model_dump(mode="json")
            return proposals.propose(tx, "basis_end", body, by, now)

    return office.room.insist(make)


def _check_end(office: Office, tx: Reading, basis_id: str, last: date) -> None:
    found = [rule for rule in rules(office.policy, tx.policy_events()) if rule.terms.id == basis_id]
    if not found:
        raise NotFound("There is no basis of this id.")
    if last < found[0].terms.valid_from - timedelta(1):
        raise _not_allowed("last", "the day before its first day, or later: then it was never in force")
    if found[0].last is not None and last >= found[0].last:
        raise _not_allowed("last", f"an end is only brought nearer; it ends on {found[0].last.isoformat()}")


def _put_basis(office: Office, tx: Writing, given: Approved) -> Put:
    """The law may have changed since it was proposed, and the day has: everything is checked again."""
    terms = BasisTerms.model_validate(given.body)
    _check_basis(office, tx, terms, day_of(given.now))
    return enact(office, tx, Enacted(Act.BASIS_BEGUN, _signed(given), terms.valid_from, terms.id), given)


def _put_end(office: Office, tx: Writing, given: Approved) -> Put:
    basis_id, last = str(given.body["id"]), date.fromisoformat(given.body["last"])
    _check_end(office, tx, basis_id, last)
    return enact(office, tx, Enacted(Act.BASIS_ENDED, _signed(given), last, basis_id), given)


def _signed(given: Approved) -> Body:
    return given.body | {PROPOSED_BY: given.proposed_by}


def enact(office: Office, tx: Writing, enacted: Enacted, given: Approved) -> Put:
    """Write the event, and hide in the same transaction whoever may not be named from now on. Its revision, and how
    many were hidden. Where they are very many, the sweep hides them, in short transactions, and no check of a gateway
    is answered before; whoever may be shown is left to the sweep, too, and nobody waits for that."""
    event = event_of(enacted, given.by.name, stamp(given.now), given.by.assurance)
    revision = tx.append([event])[0].revision
    law = law_in_force(office.policy, tx.policy_events())
    today = day_of(given.now)
    hidden = reassessing.hide_now(tx, Judge(law, today), given.now)
    office.turning.nearer(today if hidden is None else next_turn(law, today))
    return revision, hidden


def _not_allowed(where: str, hint: str, kind: str = "pointer") -> ValueNotAllowed:
    return ValueNotAllowed("This cannot be put in force as it is.", errors=[{kind: where, "hint": hint}])


BASES: Final[dict[ProposalKind, Kind]] = {
    "basis": Kind(_put_basis),
    "basis_end": Kind(_put_end, hides=True),
}
