"""How outliers are handled, as policy data: stages, owners, working days, who may know from when, and what they are
told."""

import string
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.contracts.base import Printable, Slug
from shared.contracts.cases import Party

STAGES: Final = tuple(range(9))
"""0 is an alert; 1 to 8 are those of an alarm."""
AT_PUBLICATION: Final = 8
MAY_OWN: Final = {3: {Party.LEAD_CLINICIAN, Party.CONSULTANT}, 6: {Party.CHIEF_EXECUTIVE, Party.MEDICAL_DIRECTOR}}
"""Who else than the audit may have a stage: these must be somebody else's."""
TOLD_AT: Final = (
    "tell_locally", "tell", "explain", "escalate", "remind", "report_silence", "restart", "close_on_data",
)  # fmt: skip
"""Steps that tell somebody something: the policy has a text for each."""
WORDS: Final = frozenset({"case", "level", "subject", "indicator", "period", "release", "direction", "deadline"})
"""What a text may name in braces."""
DAYS: Final = Field(ge=1, le=250)


class OutlierPolicyRefused(ValueError):
    """A policy file that cannot be what it must be; the service does not start with it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Part):
    """`working_days`: until when, or from when until when; only the last stage has none, it ends at publication."""

    stage: int
    what: str = Field(min_length=1)
    owner: Party
    working_days: Annotated[int, DAYS] | tuple[Annotated[int, DAYS], Annotated[int, DAYS]] | None = None

    @property
    def latest(self) -> int | None:
        return self.working_days[1] if isinstance(self.working_days, tuple) else self.working_days

    @property
    def earliest(self) -> int | None:
        """The first of a range of days: before it nobody need be ready."""
        return self.working_days[0] if isinstance(self.working_days, tuple) else None

    @model_validator(mode="after")
    def _can_be_kept(self) -> "Stage":
        if isinstance(self.working_days, tuple) and self.working_days[0] >= self.working_days[1]:
            raise ValueError(f"stage {self.stage}: a range of days goes up")
        if (self.working_days is None) != (self.stage == AT_PUBLICATION):
            raise ValueError(
                f"stage {self.stage}: every stage but {AT_PUBLICATION} has working days, and that has none"
            )
        if self.owner not in MAY_OWN.get(self.stage, {Party.AUDIT}):
            raise ValueError(f"stage {self.stage} cannot be {self.owner.value}'s")
        return self


class Told(_Part):
    """Who is told at a step, and with which words; `{deadline}` and the other WORDS stand for the case's own."""

    to: list[Party] = Field(min_length=1)
    text: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_what_there_is(self) -> "Told":
        named = {name for _, name, _, _ in string.Formatter().parse(self.text) if name is not None}
        if named - WORDS:
            raise ValueError(f"a text names {', '.join(sorted(named - WORDS))}; it may name {', '.join(sorted(WORDS))}")
        return self


class OutlierPolicy(_Part):
    """One way of handling outliers, for units, or for the consultants of the specialties that have agreed on it."""

    id: Slug
    version: str = Field(min_length=1)
    levels: list[Literal["provider", "consultant"]] = Field(min_length=1)
    specialties: list[Slug] | None = None
    source: str = Field(min_length=1)
    source_date: date
    verified_by: Printable | None = Field(default=None, min_length=1)
    may_know: dict[Party, Annotated[int, Field(ge=0, le=AT_PUBLICATION)]]
    stages: list[Stage]
    told: dict[str, Told]

    @property
    def name(self) -> str:
        return f"{self.id} {self.version}"

    def stage(self, number: int) -> Stage:
        return self.stages[number]

    def covers(self, level: str, specialty: str | None) -> bool:
        return level in self.levels and (self.specialties is None or specialty in self.specialties)

    @model_validator(mode="after")
    def _is_whole(self) -> "OutlierPolicy":
        if [one.stage for one in self.stages] != list(STAGES):
            raise ValueError(f"{self.id}: each stage from {STAGES[0]} to {STAGES[-1]} once, in order")
        if set(self.told) != set(TOLD_AT):
            raise ValueError(f"{self.id}: texts are wanted for {', '.join(TOLD_AT)}, and for nothing else")
        if set(self.may_know) != set(Party) or self.may_know[Party.AUDIT] != 0:
            raise ValueError(f"{self.id}: may_know names every party, and the audit knows from 0")
        if "consultant" in self.levels and not self.specialties:
            raise ValueError(f"{self.id}: consultants are handled under their specialty's own policy: name specialties")
        if Party.CONSULTANT in {one.owner for one in self.stages} and self.levels != ["consultant"]:
            raise ValueError(f"{self.id}: a unit has no consultant who could answer for it")
        return self


class OutlierPolicies(_Part):
    """A file of the folder `policy`. A synthetic one is for what is invented, and needs nobody's word."""

    title: str
    synthetic: bool
    policies: list[OutlierPolicy] = Field(min_length=1)

    def covering(self, level: str, specialty: str | None) -> OutlierPolicy | None:
        return next((one for one in self.policies if one.covers(level, specialty)), None)

    def of(self, name: str) -> OutlierPolicy | None:
        """The version in use now of the policy that a case names."""
        return next((one for one in self.policies if one.id == name.partition(" ")[0]), None)

    def why_not(self, policy: OutlierPolicy) -> str | None:
        """Why no case may be opened under it; None where cases may."""
        if self.synthetic or policy.verified_by is not None:
            return None
        return "nobody has verified it against the source (no verified_by)"

    def may_open(self, policy: OutlierPolicy, status: str) -> bool:
        """Whether results of indicators of this status are anybody's outliers: what is reproduced from elsewhere, or
        only an illustration, was judged there; and an invented policy is for invented results."""
        return self.why_not(policy) is None and status in ({"synthetic"} if self.synthetic else {"official"})

    @model_validator(mode="after")
    def _leave_no_doubt(self) -> "OutlierPolicies":
        if len({one.id for one in self.policies}) < len(self.policies):
            raise ValueError("two policies have the same id")
        for number, one in enumerate(self.policies):
            for other in self.policies[number + 1 :]:
                same = one.specialties is None or other.specialties is None
                if set(one.levels) & set(other.levels) and (
                    same or set(one.specialties or ()) & set(other.specialties or ())
                ):
                    raise ValueError(f"{one.id} and {other.id} are both for the same results")
        if self.synthetic and any(one.verified_by for one in self.policies):
            raise ValueError("what is synthetic cannot have been verified")
        return self


def load_outlier_policies(folder: Path, name: str, demonstration: bool) -> OutlierPolicies:
    """The file of this name. Raises OutlierPolicyRefused, with the file and the reason: for a synthetic one, too, where
    this is no demonstration. One that nobody has verified may be read, but opens no case."""
    source = folder / f"{name}.toml"
    try:
        found = OutlierPolicies.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise OutlierPolicyRefused(f"{source.name}: {error}") from error
    if found.synthetic and not demonstration:
        raise OutlierPolicyRefused(f"{source.name}: it is synthetic, and this is no demonstration")
    return found
