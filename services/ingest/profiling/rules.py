"""The thresholds of `rules.toml`, read once and refused where one is unknown."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field

from services.ingest.layout import Layout

REVIEWED: Final = Path(__file__).with_name("rules.toml")
Share = Annotated[float, Field(gt=0, lt=1)]
Few = Annotated[int, Field(ge=1)]


class ProviderRule(Layout):
    columns: tuple[str, ...] = Field(min_length=1)
    named: Few


class PersonRule(Layout):
    columns: tuple[str, ...] = Field(min_length=1)


class RowRule(Layout):
    share: Share
    rows: Few


class CompletenessRule(Layout):
    points: float = Field(gt=0, lt=100)
    rows: Few


class MeanRule(Layout):
    errors: float = Field(gt=0)
    spreads: float = Field(ge=0)
    rows: Few


class CodeRule(Layout):
    named: Few


class SingleValueRule(Layout):
    rows: Few


class PeriodRule(Layout):
    days: int = Field(ge=0)
    moves: Few


class ShareRule(Layout):
    share: Share


class Rules(Layout):
    providers: ProviderRule
    persons: PersonRule
    rows: RowRule
    completeness: CompletenessRule
    mean: MeanRule
    codes: CodeRule
    single_value: SingleValueRule = Field(alias="single-value")
    period: PeriodRule
    set_aside: ShareRule = Field(alias="set-aside")
    totals: ShareRule


def rules_from(said: dict[str, Any]) -> Rules:
    """Raises ValueError (pydantic's) where a rule is missing, unknown or out of its range."""
    return Rules.model_validate(said)


@cache
def reviewed() -> Rules:
    return rules_from(tomllib.loads(REVIEWED.read_text(encoding="utf-8")))
