"""How a release comes out, as policy data: windows, notice, signatures, and which checks a person may answer."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.ratings.domain.checks import BY_A_PERSON, CheckName

FOLDER: Final = Path(__file__).parents[1] / "policy"
Mode = Literal["always", "when_not_met"]


class PolicyRefused(ValueError):
    """A policy file that says something else than it may; the service does not start with it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CalibrationRange(_Part):
    """What a fitted model's figures must be, on hospitals left out of the fit, to pass without anybody's word."""

    c_statistic_at_least: float = Field(ge=0, le=1)
    slope_at_least: float
    slope_at_most: float


class AscertainmentFloor(_Part):
    """The share of all cases of an indicator that must have been sent to pass without anybody's word."""

    overall_at_least: float = Field(gt=0, le=1)


class ResponsibleRule(_Part):
    """The share of an indicator's cases that may be nobody's without anybody's word."""

    nobody_at_most: float = Field(ge=0, lt=1)


class Source(_Part):
    """Which rule of the file rests on what."""

    rule: str
    cites: str = Field(min_length=1)


class ReleasePolicy(_Part):
    """A file of the folder `policy`. `answers`: which checks a person answers, and whether always or only where the
    computer does not find them met; a check that is not there is the computer's alone."""

    title: str
    version: str
    dated: date
    verified_by: str | None = None
    preview_working_days: int = Field(ge=0, le=250)
    notice_days: int = Field(ge=0, le=365)
    correction_notice_days: int = Field(ge=0, le=365)
    signs: tuple[Literal["reviewer"], Literal["publisher"]]
    calibration: CalibrationRange
    ascertainment: AscertainmentFloor
    responsible: ResponsibleRule
    answers: dict[CheckName, Mode]
    sources: list[Source] = Field(min_length=1)

    @model_validator(mode="after")
    def _answered_by_people_where_people_may(self) -> "ReleasePolicy":
        if wrong := sorted(set(self.answers) - BY_A_PERSON):
            raise ValueError(f"no person may answer {', '.join(wrong)}")
        return self


def load_release_policy(folder: Path, name: str, demonstration: bool) -> ReleasePolicy:
    """The file of this name; one that nobody has verified only in a demonstration. Raises PolicyRefused, with the file
    and the reason."""
    source = folder / f"{name}.toml"
    try:
        policy = ReleasePolicy.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
        if policy.verified_by is None and not demonstration:
            raise PolicyRefused("nobody has verified it (no verified_by), and this is not a demonstration")
        return policy
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError, PolicyRefused) as error:
        raise PolicyRefused(f"{source}: {error}") from error
