"""How well predicted risks tell events from non-events, and how near they come to what happened.

Everything takes covariate patterns of shape (m,): `risk`, whole numbers `cases` and `observed`. Patterns of one risk
are added up first, so neither the order of the rows nor how they were grouped changes a bit of any answer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, logit

from services.ratings.methods import METHOD_VERSION
from services.ratings.methods.arrays import Figures, FloatArray, IntArray, same_length
from services.ratings.methods.designs import Rows
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.newton import Logistic, NoVariation, maximise
from services.ratings.methods.risk_levels import ByRisk, by_risk, checked, counts_by_group, risk_groups
from services.ratings.methods.separation import refuse_separation
from services.ratings.methods.standardisation import standardise
from services.ratings.methods.sums import sum_by_group, total

GROUPS = 10


@dataclass(frozen=True)
class HosmerLemeshow:
    """A description, never a gate: at national size it rejects every model."""

    statistic: float
    df: int
    p_value: float
    groups: int
    method: str = "hosmer_lemeshow"
    method_version: str = METHOD_VERSION


@dataclass(frozen=True)
class CalibrationLine:
    """logit y = a + `slope` logit p (target 1), and `intercept` with logit p as offset (target 0)."""

    slope: float
    slope_standard_error: float
    intercept: float
    intercept_standard_error: float
    method: str = "logistic_recalibration"
    method_version: str = METHOD_VERSION


@dataclass(frozen=True, eq=False)
class CalibrationTable:
    """One row per group with cases, shape (g,). The ratio is observed over expected, 1.0 = as predicted; its 95%
    limits are the exact Poisson ones of the count, a little wide where risks are high."""

    labels: tuple[str, ...]
    cases: IntArray
    observed: IntArray
    expected: FloatArray
    ratio: Figures
    lower_95: Figures
    upper_95: Figures
    method: str
    method_version: str = METHOD_VERSION


def c_statistic(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> float:
    """Share of event/non-event pairs ordered by risk, ties counting half, from pattern counts of shape (m,).

    (R1 - n1 (n1 + 1) / 2) / (n1 n0) with R1 the events' sum of mid-ranks (Hanley and McNeil 1982). Raises
    NoVariation without events or without non-events; ValueError for a risk outside [0, 1] or bad counts.
    """
    rows = _varied(risk, cases, observed)
    n, n1 = int(rows.cases.sum()), int(rows.observed.sum())
    mid_rank = np.cumsum(rows.cases) - (rows.cases - 1) / 2
    return (total(rows.observed * mid_rank) - n1 * (n1 + 1) / 2) / (n1 * (n - n1))


def brier_score(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> float:
    """Mean over cases of (risk - outcome) squared, in [0, 1] (Brier 1950). Raises ValueError without cases, for a risk
    outside [0, 1] or bad counts."""
    rows = by_risk(risk, cases, observed)
    if not rows.cases.size:
        raise ValueError("there are no cases")
    missed = rows.observed * (1 - rows.risk) ** 2 + (rows.cases - rows.observed) * rows.risk**2
    return total(missed) / int(rows.cases.sum())


def hosmer_lemeshow(
    risk: ArrayLike, cases: ArrayLike, observed: ArrayLike, groups: int = GROUPS, *, own_data: bool = True
) -> HosmerLemeshow:
    """Chi-squared of observed against expected in groups of ascending risk (Hosmer and Lemeshow 1980).

    Sum over non-empty groups of (O - E)^2 / (E (1 - E/n)); df = groups - 2 on the data that the model was fitted on,
    the number of groups on others (`own_data=False`). Raises NoVariation where too few groups have cases to leave a
    degree of freedom, or where the risks of a whole group are 0 or 1; ValueError as `c_statistic`.
    """
    rows = by_risk(risk, cases, observed)
    _, group = np.unique(risk_groups(rows, groups), return_inverse=True)
    found = int(group.max(initial=-1)) + 1
    df = found - 2 if own_data else found
    if df < 1:
        raise NoVariation(f"{found} groups of risk are too few to compare")
    size, events = counts_by_group(group, found, rows.cases), counts_by_group(group, found, rows.observed)
    expected = sum_by_group(group, found, rows.expected)
    variance = expected * (1 - expected / size)
    if (variance <= 0).any():
        raise NoVariation("the risks of a whole group are 0, or 1")
    statistic = total((events - expected) ** 2 / variance)
    return HosmerLemeshow(statistic, df, float(chdtrc(df, statistic)), found)


def calibration_line(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> CalibrationLine:
    """Slope and intercept of the outcomes on the logit of the risk, with standard errors (Cox 1958).

    On the data that a model was fitted on the slope is 1 and the intercept 0. Raises NoVariation without events,
    without non-events, or where every risk is the same; SeparationFound where some risk parts all events from all
    non-events; ValueError for a risk outside (0, 1) or bad counts.
    """
    rows = _varied(risk, cases, observed)
    if rows.risk[0] <= 0 or rows.risk[-1] >= 1:
        raise ValueError("risk must lie in (0, 1)")
    if len(rows.risk) == 1:
        raise NoVariation("every risk is the same, so there is no slope")
    offset, ones = logit(rows.risk), np.ones((len(rows.risk), 1))
    both = Rows(np.column_stack([ones, offset]))
    refuse_separation(both, rows.cases, rows.observed, ("intercept", "slope"))
    line = maximise(both, Logistic(), rows.cases, rows.observed)
    level = maximise(Rows(ones), Logistic(), rows.cases, rows.observed, offset=offset)
    return CalibrationLine(
        float(line.coefficients[1]),
        float(line.standard_errors[1]),
        float(level.coefficients[0]),
        float(level.standard_errors[0]),
    )


def by_decile(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike, groups: int = GROUPS) -> CalibrationTable:
    """Groups of ascending risk with nearly the same number of cases; `labels` are "1" (lowest) to `groups`.

    Equal risks stay together, as in `hosmer_lemeshow`, so a group may be empty and then has no row. Raises
    ImpossibleExpected for events where every risk is 0; ValueError for a risk outside [0, 1] or bad counts.
    """
    rows = by_risk(risk, cases, observed)
    names = [str(number) for number in range(1, groups + 1)]
    return _table("groups_of_risk", names, risk_groups(rows, groups), rows)


def by_subgroup(labels: ArrayLike, risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> CalibrationTable:
    """Groups named by `labels` (words, shape (m,)), in alphabetical order; a group without cases has no row.

    Raises as `by_decile`, and ValueError for a label that is no word (a missing one, too).
    """
    risks, sizes, events = checked(risk, cases, observed)
    words = np.asarray(labels, dtype=object)
    if words.ndim != 1 or any(not isinstance(word, str) for word in words.tolist()):
        raise ValueError("labels must be a one-dimensional array of words, none missing")
    distinct, group = np.unique(words.astype(np.str_), return_inverse=True)
    same_length(risks, group)
    return _table("groups_of_people", distinct.tolist(), group, ByRisk(risks, sizes, events))


def _varied(risk: ArrayLike, cases: ArrayLike, observed: ArrayLike) -> ByRisk:
    rows = by_risk(risk, cases, observed)
    if not 0 < rows.observed.sum() < rows.cases.sum():
        raise NoVariation("the outcome has no events, or nothing but events")
    return rows


def _table(method: str, names: list[str], group: IntArray, rows: ByRisk) -> CalibrationTable:
    size, events = (counts_by_group(group, len(names), counts) for counts in (rows.cases, rows.observed))
    kept = size > 0
    sums = sum_by_group(group, len(names), rows.expected)[kept]
    ratio = standardise(events[kept], size[kept], sums, rule=IntervalRule.EXACT)
    return CalibrationTable(
        tuple(name for name, has in zip(names, kept, strict=True) if has),
        ratio.cases,
        ratio.observed,
        sums,
        ratio.ratio,
        ratio.limits.lower_95,
        ratio.limits.upper_95,
        method,
    )
