"""Legal bases, what waits for a second person, and the switch for naming who refused. Whatever may show somebody needs
a password given just now; what hides needs one person."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Response
from pydantic import ValidationError

from services.consent.console.people import OFFICE
from services.consent.console.words import words_of
from services.consent.problems import SamePerson, StepNotAllowed
from services.consent.routes.parts import OfficeDep, actor_of
from services.consent.workflow import lawgiving, proposals, switching
from services.consent.workflow.desk import PURPOSES
from services.consent.workflow.office import Office
from shared.contracts.consent import BasisEnd, BasisTerms, Proposal, SwitchRequest
from shared.kit.auth import Caller
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import NotFound, ValueNotAllowed

router: Final = APIRouter(prefix="/console/law", include_in_schema=False, tags=["console"])
Steward = Annotated[Visitor, Depends(signed_in("steward"))]
Fresh = Annotated[Visitor, Depends(signed_in("steward", fresh=True))]
CRUMBS: Final = (("Start", "/console"),)
KINDS: Final = {"basis": "A legal basis begins", "basis_end": "A legal basis ends", "switch": "Naming who refused"}
PLAIN: Final = ("id", "regime", "instrument_kind", "instrument", "valid_from", "notice_version")
LOOSE: Final = ("citation", "valid_to", "notice_days", "dpia")
Decide = Callable[[Office, proposals.Kinds, str, str, Caller], Proposal]
Refused = (ValueNotAllowed, StepNotAllowed, SamePerson)


@router.get("")
def law(visitor: Annotated[Visitor, Depends(signed_in(*OFFICE))], office: OfficeDep) -> Response:
    return _page(visitor, office)


@router.get("/basis")
def begin(visitor: Fresh, office: OfficeDep) -> Response:
    return _form(visitor, office, {}, {})


@router.post("/basis")
def propose(visitor: Fresh, office: OfficeDep) -> Response:
    given = {name: value for name, value in visitor.form.values.items() if value}
    try:
        plain = visitor.take(*PLAIN, optional=LOOSE, many=("programmes", "purposes"))
        lawgiving.propose_basis(office, _terms(visitor, plain), actor_of(visitor.caller))
    except ValueNotAllowed as refused:
        shown = {name: values[0] for name, values in given.items() if name not in {"programmes", "purposes"}}
        return _form(visitor, office, shown, given, refused)
    visitor.say("Proposed. Another steward must approve it.")
    return visitor.go("/console/law")


@router.post("/end")
def end(visitor: Steward, office: OfficeDep) -> Response:
    try:
        given = visitor.take("basis", "last", "reason")
        ending = BasisEnd(last=date.fromisoformat(given["last"]), reason=given["reason"])
        lawgiving.propose_end(office, given["basis"], ending, actor_of(visitor.caller))
    except (ValidationError, ValueError):
        return _page(visitor, office, "Give the last day as year, month and day, and a reason in one line.")
    except (NotFound, *Refused) as refused:
        return _page(visitor, office, _hint(refused))
    visitor.say("Proposed. Another steward must approve it.")
    return visitor.go("/console/law")


@router.post("/on")
def on(visitor: Fresh, office: OfficeDep) -> Response:
    try:
        given = visitor.take("programme", "warning", "dpia")
        request = SwitchRequest(
            switch="naming_refusers", programme=given["programme"], dpia=given["dpia"], warning_sha256=given["warning"]
        )
        switching.propose_on(office, request, actor_of(visitor.caller))
    except ValidationError:
        return _page(visitor, office, "Give the number of the impact assessment.")
    except Refused as refused:
        return _page(visitor, office, _hint(refused))
    visitor.say("Proposed. Another steward must approve it.")
    return visitor.go("/console/law")


@router.post("/off")
def off(visitor: Steward, office: OfficeDep) -> Response:
    given = visitor.take("programme")
    switching.off(office, "naming_refusers", given["programme"], actor_of(visitor.caller))
    visitor.say("Switched off: nobody is listed for having refused.")
    return visitor.go("/console/law")


@router.post("/approval")
def approve(visitor: Fresh, office: OfficeDep) -> Response:
    return _decided(visitor, office, proposals.approve, "Approved, and in the ledger.")


@router.post("/rejection")
def reject(visitor: Steward, office: OfficeDep) -> Response:
    return _decided(visitor, office, proposals.reject, "Rejected: nothing comes of it.")


def _decided(visitor: Visitor, office: Office, decide: Decide, said: str) -> Response:
    given = visitor.take("number", "digest")
    try:
        decide(office, switching.KINDS, given["number"], given["digest"], visitor.caller)
    except Refused as refused:
        return _page(visitor, office, _hint(refused))
    visitor.say(said)
    return visitor.go("/console/law")


def _terms(visitor: Visitor, plain: Mapping[str, str]) -> BasisTerms:
    """Raises ValueNotAllowed, with the fields that are wrong."""
    chosen = {name: list(visitor.form.all(name)) for name in ("programmes", "purposes")}
    try:
        return BasisTerms.model_validate(dict(plain) | chosen)
    except ValidationError as wrong:
        errors = [{"pointer": str((one["loc"] or ("regime",))[0]), "hint": _said(one["msg"])} for one in wrong.errors()]
        raise ValueNotAllowed("The form could not be taken as it is.", errors=errors) from None


def _said(message: str) -> str:
    own = message.removeprefix("Value error, ")
    return f"{own[:1].upper()}{own[1:]}." if own != message else "This cannot be understood."


def _hint(refused: Any) -> str:
    hints = [str(one["hint"]) for one in refused.errors if "hint" in one]
    return " ".join([refused.detail, *hints])


def _page(visitor: Visitor, office: Office, wrong: str = "") -> Response:
    found = lawgiving.legal_bases(office, None, None)
    return visitor.page(
        "law.jinja", "Legal bases and switches", status=422 if wrong else 200, crumbs=CRUMBS,
        errors=[{"pointer": "maincontent", "hint": wrong}] if wrong else [], bases=found.bases, today=found.at,
        programmes=len(office.policy.programmes), kinds=KINDS, words=words_of(office),
        switches=switching.states(office), open=proposals.listed(office, list(switching.KINDS), "open").proposals,
        steward="steward" in visitor.caller.roles,
    )  # fmt: skip


def _form(
    visitor: Visitor, office: Office, given: Mapping[str, str], lists: Mapping[str, Any],
    refused: ValueNotAllowed | None = None,
) -> Response:  # fmt: skip
    return visitor.page(
        "propose.jinja", "Propose a legal basis", status=422 if refused else 200, given=given, purposes=PURPOSES,
        errors=refused.errors if refused else [], crumbs=(*CRUMBS, ("Legal bases", "/console/law")),
        programmes=list(office.policy.programmes.values()), chosen=lists.get("programmes", ()),
        wanted=lists.get("purposes", ()),
    )  # fmt: skip
