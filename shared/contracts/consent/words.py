"""The words of consent: what a decision event records, for which purpose, on which ground."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.base import Slug

GatewayName = Slug
Incarnation = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}-[0-9a-f]{32}$")]
# A consultant's GMC number, or the ODS code of a practice that has one partner: that practice is a person.
Nameable = Annotated[str, Field(pattern=r"^([0-9]{7}|[A-Z][0-9A-Z]{2,5})$")]


class Act(StrEnum):
    """What an event of the ledger records. Absence of any event is `not_sought`.

    Up to `rectified` a person's acts and those of an office towards the person; `reassessed` says that law or time has
    changed who may be named. The rest are about no person: two people put a legal basis or a switch in force.
    """

    ASKED = "asked"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OBJECTION_RAISED = "objection_raised"
    OBJECTION_UPHELD = "objection_upheld"
    OBJECTION_REJECTED = "objection_rejected"
    RESTRICTED = "restricted"
    RELEASED = "released"
    SIGNED_OFF = "signed_off"
    RECTIFIED = "rectified"
    ERASED = "erased"
    REASSESSED = "reassessed"
    BASIS_BEGUN = "basis_begun"
    BASIS_ENDED = "basis_ended"
    SWITCHED_ON = "switched_on"
    SWITCHED_OFF = "switched_off"
    ADOPTED = "adopted"


class Purpose(StrEnum):
    """Purposes never imply one another."""

    OWN_FIGURES = "own_figures"
    RATING = "rating"
    NAMING_REFUSERS = "naming_refusers"
    UNIT_AGGREGATES = "unit_aggregates"
    COMPARATOR = "comparator"


class Regime(StrEnum):
    """The kinds of legal basis."""

    CONSENT = "consent"
    PUBLIC_TASK = "public_task"
    LEGAL_OBLIGATION = "legal_obligation"


class SubjectKind(StrEnum):
    """Who can be named: a consultant, or a practice with one partner."""

    CONSULTANT = "consultant"
    PRACTICE = "practice"
