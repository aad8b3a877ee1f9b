"""What the pages say for the codes of the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.consent.workflow.desk import PURPOSES, label_of
from services.consent.workflow.office import Office
from shared.contracts.consent import Act, Purpose

DECISIONS: Final[Mapping[str, str]] = {
    "not_sought": "Not asked yet", "asked": "Asked, no answer yet", "given": "Agreed", "refused": "Declined",
    "withdrawn": "Withdrawn", "erased": "Erased",
}  # fmt: skip
ACTS: Final[Mapping[Act, str]] = {
    Act.ASKED: "Asked", Act.GIVEN: "Agreed", Act.REFUSED: "Declined", Act.WITHDRAWN: "Withdrew",
    Act.OBJECTION_RAISED: "Objected", Act.OBJECTION_UPHELD: "Objection upheld",
    Act.OBJECTION_REJECTED: "Objection rejected", Act.RESTRICTED: "Restricted", Act.RELEASED: "Restriction ended",
    Act.SIGNED_OFF: "Signed off by lawyers", Act.RECTIFIED: "Corrected", Act.ERASED: "Erased",
    Act.REASSESSED: "Reassessed: law or time changed what may be shown", Act.BASIS_BEGUN: "Legal basis put in force",
    Act.BASIS_ENDED: "Legal basis ended", Act.SWITCHED_ON: "Switched on", Act.SWITCHED_OFF: "Switched off",
    Act.ADOPTED: "Store adopted",
}  # fmt: skip
REASONS: Final[Mapping[str, str]] = {
    "consent": "the person agreed", "public_task": "a public task", "legal_obligation": "a legal obligation",
    "restricted": "the record is restricted", "no_basis": "no legal basis is in force",
    "ambiguous_basis": "two legal bases are in force at once", "switched_off": "naming who refused is switched off",
    "objection": "an objection is open or was upheld", "not_sought": "nobody has asked", "asked": "no answer yet",
    "refused": "the person declined", "withdrawn": "the person withdrew", "erased": "the record was erased",
    "not_refused": "the person did not refuse", "not_informed": "no notice on record",
    "notice_running": "the notice period still runs", "outside_scope": "only for other periods of care",
    "sign_off_missing": "withdrawn, and lawyers have not signed off",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """Given to templates."""

    office: Office

    def programme(self, programme: str) -> str:
        return label_of(self.office, programme)

    def purpose(self, purpose: str) -> str:
        return PURPOSES[Purpose(purpose)]

    def decision(self, code: str) -> str:
        return DECISIONS.get(code, code)

    def act(self, act: str) -> str:
        return ACTS[Act(act)]

    def outcome(self, outcome: str) -> str:
        return "May be named" if outcome == "named" else "Withheld"

    def reason(self, code: str) -> str:
        return REASONS.get(code, code)

    def refusal(self, code: str) -> str:
        return self.office.policy.reasons.get(code, code)

    def moment(self, moment: datetime) -> str:
        return f"{moment:%-d %B %Y, %H:%M:%S} UTC"


def words_of(office: Office) -> Words:
    return Words(office)
