"""Who may know of a case, and what of it: from the account, the case and its policy, never from an address."""

from dataclasses import dataclass
from typing import Final

from services.ratings.domain.outlier_policy import OutlierPolicy
from services.ratings.domain.outliers import may_know
from shared.contracts.cases import Party

LEADS: Final = frozenset({Party.LEAD_CLINICIAN, Party.CHIEF_EXECUTIVE, Party.MEDICAL_DIRECTOR})
"""A provider has one account for its leads, a practice likewise."""
STAFF: Final = frozenset({"analyst", "reviewer", "auditor"})


@dataclass(frozen=True)
class About:
    """Whom a case concerns: `provider` is the subject itself, or where the consultant treats most."""

    level: str
    subject: str
    provider: str
    reached: int


@dataclass(frozen=True)
class Reader:
    """Somebody signed in. `subject` is the number of their own record."""

    name: str
    roles: frozenset[str]
    subject: str | None = None

    @property
    def is_staff(self) -> bool:
        """Of the audit: knows every case. Only an analyst takes its steps."""
        return bool(self.roles & STAFF)

    def parties(self, case: About) -> frozenset[Party]:
        """Whom this person is, for this case."""
        found: set[Party] = set()
        if "analyst" in self.roles:
            found.add(Party.AUDIT)
        if self.roles & {"lead", "practice"} and self.subject == case.provider:
            found |= LEADS
        if "consultant" in self.roles and case.level == "consultant" and self.subject == case.subject:
            found.add(Party.CONSULTANT)
        if "regulator" in self.roles:
            found.add(Party.REGULATOR)
        return frozenset(found)

    def knows(self, case: About, policy: OutlierPolicy | None) -> bool:
        """Nobody but the audit where the policy that would say so is gone."""
        if self.is_staff:
            return True
        return policy is not None and any(may_know(one, case.reached, policy) for one in self.parties(case))

    def from_stage(self, case: About, policy: OutlierPolicy | None) -> int:
        """The stage from which this person may read what was noted; call for one who knows."""
        if self.is_staff or policy is None:
            return 0
        return min(policy.may_know[one] for one in self.parties(case))
