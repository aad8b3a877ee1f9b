"""One release: what its gate says and who has signed it, the step that may be taken now, what is held back, and what is
other than in the release before it."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Response
from pydantic import ValidationError

from services.ratings.console.words import DONE, Words
from services.ratings.domain.life_cycle import NOT_BY_THE_AUTHOR
from services.ratings.routes import OfficeDep
from services.ratings.workflow import differing, gate, publishing, releases
from services.ratings.workflow.history import history_of
from services.ratings.workflow.office import Office
from services.ratings.workflow.withholding import withheld_of
from shared.contracts.base import ReleaseId
from shared.contracts.gate import CheckAnswerRequest, Gate, SignatureRequest
from shared.contracts.releases import BuildState, Release, TakeDown
from shared.kit.console.gate import Visitor, signed_in
from shared.kit.problems import Problem, RoleNotAllowed, ValueNotAllowed

router: Final = APIRouter(prefix="/console/releases/{release}", include_in_schema=False, tags=["console"])
MAKERS: Final = frozenset({"analyst", "reviewer", "publisher"})
"""The gate is theirs; the auditor sees what was done."""
ROLE_OF: Final = {
    "submission": "analyst", "return": "reviewer", "approval": "reviewer", "publication": "publisher",
    "takedown": "publisher",
}  # fmt: skip
REASONED: Final = frozenset({"return", "takedown"})
SIGNERS: Final = ("reviewer", "publisher")
CRUMBS: Final = (("Releases", "/console"),)
CHOOSE: Final = "Say whether it is met."
EMPTY: Final = "Write why, in at most 2,000 letters."
Named = Annotated[ReleaseId, Path()]
Check = Annotated[str, Path(pattern=r"^[a-z_]{1,40}$")]
Maker = Annotated[Visitor, Depends(signed_in(*MAKERS))]
Signer = Annotated[Visitor, Depends(signed_in(*SIGNERS))]
Analyst = Annotated[Visitor, Depends(signed_in("analyst"))]
Reviewer = Annotated[Visitor, Depends(signed_in("reviewer"))]
Publisher = Annotated[Visitor, Depends(signed_in("publisher"))]


@dataclass(frozen=True)
class Refused:
    """What could not be done, and beside which field the page says so."""

    problem: Problem
    field: str = "maincontent"
    hint: str = ""

    @property
    def errors(self) -> list[dict[str, str]]:
        why = [self.problem.detail, *(str(one["hint"]) for one in self.problem.errors if "hint" in one)]
        return [{"pointer": self.field, "hint": self.hint or " ".join(why)}]


@router.get("")
def release(
    visitor: Annotated[Visitor, Depends(signed_in(*MAKERS, "auditor"))], office: OfficeDep, release: Named
) -> Response:  # fmt: skip
    return _page(visitor, office, release)


@router.post("/checks/{check}")
def answer(visitor: Signer, office: OfficeDep, release: Named, check: Check) -> Response:
    field = f"note-{check}"
    try:
        given = visitor.take("passed", "note")
        wanted = CheckAnswerRequest(passed=given["passed"] == "yes", note=given["note"])
        gate.answer(office, release, check, wanted, visitor.caller.name)
    except ValidationError:
        return _page(visitor, office, release, Refused(ValueNotAllowed(EMPTY), field, EMPTY))
    except ValueNotAllowed as refused:
        missing = {one.get("pointer") for one in refused.errors}
        field, hint = (f"passed-{check}", CHOOSE) if "passed" in missing else (field, EMPTY)
        return _page(visitor, office, release, Refused(refused, field, hint))
    except Problem as refused:
        return _page(visitor, office, release, Refused(refused))
    visitor.say("Your answer is recorded. Whoever had signed must sign anew.")
    return visitor.go(_address(release))


@router.post("/signature")
def sign(visitor: Signer, office: OfficeDep, release: Named) -> Response:
    """The form carries the digest of the gate that the page showed."""
    given = visitor.take("role", "gate")
    if given["role"] not in visitor.caller.roles:
        raise RoleNotAllowed("Nobody signs as somebody else.")
    try:
        gate.sign(office, release, SignatureRequest.model_validate(given), visitor.caller.name)
    except ValidationError:
        raise ValueNotAllowed("The form is not one of ours.") from None
    except Problem as refused:
        return _page(visitor, office, release, Refused(refused))
    visitor.say("Signed, as the gate stands.")
    return visitor.go(_address(release))


@router.post("/submission")
def submit(visitor: Analyst, office: OfficeDep, release: Named) -> Response:
    visitor.take()
    return _stepped(visitor, office, release, "submission")


@router.post("/return")
def send_back(visitor: Reviewer, office: OfficeDep, release: Named) -> Response:
    return _stepped(visitor, office, release, "return")


@router.post("/approval")
def approve(visitor: Reviewer, office: OfficeDep, release: Named) -> Response:
    visitor.take()
    return _stepped(visitor, office, release, "approval")


@router.post("/publication")
def publish(visitor: Publisher, office: OfficeDep, release: Named) -> Response:
    visitor.take()
    return _stepped(visitor, office, release, "publication")


@router.post("/takedown")
def take_down(visitor: Publisher, office: OfficeDep, release: Named) -> Response:
    return _stepped(visitor, office, release, "takedown")


@router.get("/withheld")
def withheld(visitor: Maker, office: OfficeDep, release: Named) -> Response:
    """In counts: whoever reads this could otherwise learn who declined."""
    found = withheld_of(office, release)
    return visitor.page(
        "withheld.jinja", "What is held back", crumbs=_crumbs(release), release=release, withheld=found,
        words=Words(office.catalogue),
    )  # fmt: skip


@router.get("/differences")
def different(visitor: Maker, office: OfficeDep, release: Named) -> Response:
    found = differing.differences(office, release, None)
    return visitor.page(
        "differences.jinja", "What is other than before", crumbs=_crumbs(release), found=found,
        words=Words(office.catalogue),
    )  # fmt: skip


def _stepped(visitor: Visitor, office: Office, release: str, step: str) -> Response:
    person = visitor.caller.name
    try:
        reason = TakeDown(reason=visitor.take("reason")["reason"]).reason if step in REASONED else None
        if step == "publication":
            publishing.publish(office, release, person)
        elif step == "takedown":
            publishing.take_down(office, release, person, reason or "")
        elif step == "approval":
            releases.approve(office, release, person)
        else:
            releases.take_step(office, release, step, person, reason)
    except (ValidationError, ValueNotAllowed):
        hint = "Write the reason, in at most 1,000 letters."
        return _page(visitor, office, release, Refused(ValueNotAllowed(hint), f"reason-{step}", hint))
    except Problem as refused:
        return _page(visitor, office, release, Refused(refused))
    visitor.say(f"{Words.statuses[releases.one_release(office, release).status.value]}.")
    return visitor.go(_address(release))


def _page(visitor: Visitor, office: Office, release: str, refused: Refused | None = None) -> Response:
    found, roles = releases.one_release(office, release), visitor.caller.roles
    makes, own = bool(roles & MAKERS), visitor.caller.name == found.author
    steps = [one for one in found.next_steps if ROLE_OF[one] in roles]
    return visitor.page(
        "release.jinja", f"Release {release}", crumbs=CRUMBS, status=refused.problem.status if refused else 200,
        errors=refused.errors if refused else [], release=found, gate=_gate(office, found) if makes else None,
        makes=makes, own=own and bool(steps), steps=[one for one in steps if not (own and one in NOT_BY_THE_AUTHOR)],
        signers=_signers(visitor, found), reasoned=REASONED, given=visitor.form.values, words=Words(office.catalogue),
        history=[one for one in history_of(office, release) if one.action in DONE],
    )  # fmt: skip


def _gate(office: Office, found: Release) -> Gate | None:
    return gate.checks(office, found.release) if found.build is BuildState.DONE else None


def _signers(visitor: Visitor, found: Release) -> list[str]:
    """As whom this person may sign now."""
    if found.status.value not in gate.BEFORE_THE_PUBLIC or visitor.caller.name == found.author:
        return []
    return [one for one in SIGNERS if one in visitor.caller.roles]


def _address(release: str) -> str:
    return f"/console/releases/{release}"


def _crumbs(release: str) -> tuple[tuple[str, str], ...]:
    return (*CRUMBS, (f"Release {release}", _address(release)))
