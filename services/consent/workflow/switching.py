"""Naming who refused: off, until two people put it on for one programme; off again by one person, at once."""

from typing import Final

from services.consent.problems import StepNotAllowed
from services.consent.store import Reading, Writing
from services.consent.workflow import proposals
from services.consent.workflow.decisions import Actor
from services.consent.workflow.lawgiving import BASES, enact
from services.consent.workflow.lawmaking import PROPOSED_BY, Enacted, Switched, body_of, switches
from services.consent.workflow.office import Office, day_of
from services.consent.workflow.proposals import Approved, Kind, Kinds, Put
from shared.contracts.consent import Act, Proposal, Purpose, Switches, SwitchRequest, SwitchState
from shared.kit.files import sha256_of
from shared.kit.problems import NotFound, ValueNotAllowed

NAMING: Final = "naming_refusers"
WARNING: Final = (
    "To be named for having refused is a detriment. Consent is freely given only where refusing has none (UK GDPR, "
    "recitals 42 and 43): while this is on, every other consent of the programme is open to doubt. It needs a legal "
    "basis of its own, a notice that reached each person, and an impact assessment. Only names and pre-defined reasons "
    "are shown, never a result, and nobody but those whose decision is a refusal."
)
WARNING_SHA256: Final = sha256_of(WARNING.encode())


def states(office: Office) -> Switches:
    """Every programme's."""
    with office.reading() as tx:
        moved = {one.programme: one for one in switches(tx.policy_events()) if one.switch == NAMING}
    found = [_state(name, moved.get(name)) for name in office.policy.programmes]
    return Switches(warning=WARNING, warning_sha256=WARNING_SHA256, switches=found)


def _state(programme: str, moved: Switched | None) -> SwitchState:
    if moved is None:
        return SwitchState(switch=NAMING, programme=programme, on=False)
    dpia = body_of(moved.event)["dpia"] if moved.on else None
    return SwitchState(switch=NAMING, programme=programme, on=moved.on, dpia=dpia, revision=moved.event.revision)


def propose_on(office: Office, request: SwitchRequest, by: Actor) -> Proposal:
    """Raises ValueNotAllowed where the warning was not read, StepNotAllowed where nothing could come of it."""
    if request.warning_sha256 != WARNING_SHA256:
        raise _not_allowed("warning_sha256", "the digest of the warning of GET /v1/switches: read it first")
    now = office.clock()

    def make() -> Proposal:
        with office.writing() as tx:
            _check(office, tx, request.programme)
            return proposals.propose(tx, "switch", request.model_dump(mode="json"), by, now)

    return office.room.modestly(make)


def _check(office: Office, tx: Reading, programme: str) -> None:
    if programme not in office.policy.programmes:
        raise _not_allowed("programme", "a programme of GET /v1/programmes")
    law = office.law(tx)
    if Purpose.NAMING_REFUSERS not in law.purposes(programme):
        raise StepNotAllowed("The programme has no legal basis for naming who refused. Put one in force first.")
    if programme in law.naming_on:
        raise StepNotAllowed("It is on already.")


def _put_on(office: Office, tx: Writing, given: Approved) -> Put:
    _check(office, tx, str(given.body["programme"]))
    body = given.body | {PROPOSED_BY: given.proposed_by}
    return enact(office, tx, Enacted(Act.SWITCHED_ON, body, day_of(given.now)), given)


def off(office: Office, switch: str, programme: str, by: Actor) -> SwitchState:
    """At once, and found done where it is off. Raises NotFound for what is no switch. Finds room on a full disk."""
    if switch != NAMING or programme not in office.policy.programmes:
        raise NotFound("There is no such switch.")
    with office.turning.changing():
        return office.room.insist(lambda: _off(office, programme, by))


def _off(office: Office, programme: str, by: Actor) -> SwitchState:
    now = office.clock()
    with office.writing() as tx:
        if programme in office.law(tx).naming_on:
            body = {"switch": NAMING, "programme": programme}
            enact(office, tx, Enacted(Act.SWITCHED_OFF, body, day_of(now)), Approved(body, by.name, by, now))
        moved = [one for one in switches(tx.policy_events()) if one.programme == programme]
        return _state(programme, moved[0] if moved else None)


def _not_allowed(pointer: str, hint: str) -> ValueNotAllowed:
    return ValueNotAllowed("This cannot be switched on as it is.", errors=[{"pointer": pointer, "hint": hint}])


KINDS: Final[Kinds] = BASES | {"switch": Kind(_put_on)}
