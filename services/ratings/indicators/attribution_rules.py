"""Whose case it is: the reviewed rules, read from `policy/attribution.toml`, in the order in which they are asked."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE: Final = "attribution.toml"
Grade = Literal["consultant", "trainee", "other"]
SecondRole = Literal["operated", "assisted", "supervised"]
Presence = Literal["named", "absent"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Part):
    """All that is said must hold; nothing said holds always. `grade` is that of the first operator. Whoever is named
    twice in one episode is no second operator."""

    first: Presence | None = None
    grade: tuple[Grade, ...] | None = Field(default=None, min_length=1)
    second: Presence | None = None
    second_role: tuple[SecondRole, ...] | None = Field(default=None, min_length=1)

    @property
    def is_always(self) -> bool:
        return self == When()


class Rule(_Part):
    """`reason` is for whoever reviews the file, `says` for the public."""

    id: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    when: When
    responsible: Literal["first", "second", "nobody"]
    reason: str = Field(min_length=1)
    says: str = Field(min_length=1)

    @model_validator(mode="after")
    def _names_somebody(self) -> "Rule":
        named = self.when.first if self.responsible == "first" else self.when.second
        if self.responsible != "nobody" and named != "named":
            raise ValueError(f"rule {self.id} gives a case to the {self.responsible} operator, who may be absent")
        return self


class Stated(_Part):
    """A rule that the software follows without a choice, or with the one that `is` names."""

    follows: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    says: str = Field(min_length=1)


class Moved(Stated):
    """Of a consultant with cases in several units: which of them is named beside the figure."""

    named_beside: Literal["most_cases"]


class Attribution(_Part):
    """The whole file. Raises ValueError unless the last rule, and no other, holds always and gives the case to nobody:
    what no rule settles is never somebody's."""

    title: str
    version: str
    dated: date
    verified_by: str | None = None
    rule: list[Rule] = Field(min_length=1)
    moved: Moved
    second: Stated
    reattributed: Stated

    @model_validator(mode="after")
    def _ends_with_nobody(self) -> "Attribution":
        if len({one.id for one in self.rule}) < len(self.rule):
            raise ValueError("two rules have one id")
        always = [one for one in self.rule if one.when.is_always]
        if always != self.rule[-1:] or self.rule[-1].responsible != "nobody":
            raise ValueError("the last rule, and no other, holds always, and gives the case to nobody")
        return self

    @property
    def says(self) -> list[str]:
        """For the public, in the order of the file."""
        stated = (self.moved, self.second, self.reattributed)
        return [*(one.says for one in self.rule), *(one.says for one in stated)]


def parse_attribution(text: str) -> Attribution:
    """Raises ValueError (pydantic's, or of TOML) for a file that says something else than it may."""
    return Attribution.model_validate(tomllib.loads(text))


def attribution_file(folder: Path) -> Path:
    """`folder`: that of the policies."""
    return folder / FILE
