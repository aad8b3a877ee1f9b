"""The card of a fitted model: computed with the results, and coarse from the start: no exact count is kept in it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
import polars as pl

from services.ratings.assembly.coarse import (
    CASES_TO,
    DISCLOSURE,
    EVENTS_TO,
    FEWEST_BEHIND,
    coarse,
    group_of,
    rounded,
)
from services.ratings.assembly.left_out import FOLDS, Predicted, predicted, predicted_when_left_out
from services.ratings.assembly.schema import Span
from services.ratings.casemix.fitting import Fit, Merge
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.risk_model import Factor, RiskModel
from services.ratings.methods.calibration import (
    GROUPS,
    brier_score,
    by_decile,
    by_subgroup,
    c_statistic,
    calibration_line,
    hosmer_lemeshow,
)
from services.ratings.methods.design_matrix import INTERCEPT
from services.ratings.methods.levels import WARNING, z_of
from services.ratings.methods.risk_levels import by_risk, risk_groups
from shared.contracts.cards import Coefficient, Group, HosmerLemeshow, Merged, ModelCard, Performance

T = TypeVar("T")
PATTERNS_TO: Final = 10
ESTIMATE_DECIMALS: Final = 3
DIGITS: Final = 2  # significant ones, of what would give back a count if there were more

WORDS: Final = {
    "hospitals_left_out": "Each hospital's patients were predicted by a model that was fitted on other hospitals only.",
    "own_data": "Predictions are those for the very patients that the model was fitted on, because it could not be "
    "fitted without some of the hospitals. In every level of a factor observed then equals expected by construction.",
    "own": "On its own data the slope is 1 and the intercept 0 by construction.",
    "hosmer_lemeshow": "Hosmer and Lemeshow's test is a description and never a gate: with as many patients as these "
    "it rejects models whose errors nobody would notice.",
}


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model as fitted, the counts as they came (patterns by hospital and consultant), and the model's file."""

    fit: Fit
    counts: pl.DataFrame
    model: RiskModel


def card_of(
    fitted: Fitted, definition: Definition, span: Span, snapshots: Sequence[str], files: Mapping[str, str]
) -> ModelCard:
    """The card of one indicator's model. Figures that cannot be estimated are left out; it never fails a build."""
    fit, model = fitted.fit, fitted.model
    own = predicted(fitted.counts, fit, model)
    held = predicted_when_left_out(fitted.counts, model)
    shown = held or own
    return ModelCard(
        indicator=definition.id, period=span.id, period_start=span.start, period_end=span.end, model=model.id,
        model_version=model.version, outcome=model.outcome, outcome_label=definition.numerator, link=model.link,
        method=fit.model.method, method_version=fit.model.method_version, inputs=sorted(snapshots), files=dict(files),
        cases=coarse(fit.model.cases, CASES_TO), events=coarse(fit.model.observed, EVENTS_TO),
        patterns=coarse(fit.model.patterns, PATTERNS_TO), coefficients=coefficients(fitted),
        merged=[_merged(merge, model) for merge in fit.merges], on="hospitals_left_out" if held else "own_data",
        folds=FOLDS,
        own_data=performance(own, own_data=True), left_out=performance(held, own_data=False) if held else None,
        deciles=deciles(shown), subgroups=[group for factor in model.factor for group in subgroups(shown, factor)],
        disclosure=DISCLOSURE, words=WORDS,
    )  # fmt: skip


def coefficients(fitted: Fitted) -> list[Coefficient]:
    """The intercept, then every level of every factor in the order of the file, those without a figure included."""
    fit = fitted.fit
    place = {name: at for at, name in enumerate(fit.model.names)}
    firm = {factor.column: _firm_levels(fit, factor.column) for factor in fitted.model.factor}
    sure = all(factor.reference in firm[factor.column] for factor in fitted.model.factor)
    found = [_estimated(fit, place[INTERCEPT], INTERCEPT, None) if sure else _suppressed(INTERCEPT, None)]
    for factor in fitted.model.factor:
        found += [_of_level(fitted, factor, level, place, firm[factor.column]) for level in factor.levels]
    return found


def _firm_levels(fit: Fit, column: str) -> set[str]:
    """Levels, as merged, with enough events and non-events for a coefficient to be told."""
    per_level = fit.counts.group_by(column).agg(pl.col("cases", "observed").sum())
    enough = (pl.col("observed") >= FEWEST_BEHIND) & (pl.col("cases") - pl.col("observed") >= FEWEST_BEHIND)
    return set(per_level.filter(enough)[column].to_list())


def _of_level(fitted: Fitted, factor: Factor, level: str, place: Mapping[str, int], firm: set[str]) -> Coefficient:
    into = {merge.level: merge.into for merge in fitted.fit.merges if merge.column == factor.column}
    if level in into:
        return Coefficient(factor=factor.column, level=level, status="merged", into=into[level])
    if level == factor.reference:
        return Coefficient(factor=factor.column, level=level, status="reference")
    at = place.get(f"{factor.column}={level}")
    if at is None:
        return Coefficient(factor=factor.column, level=level, status="no_cases")
    if level not in firm or factor.reference not in firm:
        return _suppressed(factor.column, level)
    return _estimated(fitted.fit, at, factor.column, level)


def _suppressed(factor: str, level: str | None) -> Coefficient:
    return Coefficient(factor=factor, level=level, status="suppressed")


def _estimated(fit: Fit, at: int, factor: str, level: str | None) -> Coefficient:
    """Odds ratio and limits are worked out from the rounded figures: they must not tell more than these."""
    estimate = rounded(fit.model.coefficients[at], ESTIMATE_DECIMALS)
    error = significant(fit.model.standard_errors[at], DIGITS)
    lower, ratio, upper = (rounded(math.exp(estimate + z * error), 2) for z in (-z_of(WARNING), 0.0, z_of(WARNING)))
    odds = {} if level is None else {"odds_ratio": ratio, "lower": lower, "upper": upper}
    return Coefficient.model_validate(
        {"factor": factor, "level": level, "status": "estimated", "estimate": estimate, "standard_error": error, **odds}
    )


def _merged(merge: Merge, model: RiskModel) -> Merged:
    why = WHY[merge.why].format(cases=model.minimum_cases, events=model.minimum_events)
    words = f"{merge.level} was counted with {merge.into}: {why}."
    return Merged(factor=merge.column, level=merge.level, into=merge.into, why=merge.why, words=words)


WHY: Final = {
    "separation": "in it, patients with and without the event did not mix, so no coefficient exists",
    "rare": "it has fewer than {cases} cases, or fewer than {events} with the event",
}


def deciles(shown: Predicted) -> list[Group]:
    """Tenths of the cases by ascending risk. A tenth ends where the next begins; the outermost ends are not told,
    because a single patient may lie there."""
    table = by_decile(shown.risk, shown.cases, shown.observed)
    ends = _ends_of_groups(shown)
    found = []
    for at, name in enumerate(table.labels):
        risk_from, risk_to = ends[at], ends[at + 1]
        found.append(
            group_of(
                name, int(table.cases[at]), int(table.observed[at]), float(table.expected[at]),
                risk_from=risk_from, risk_to=risk_to,
            )
        )  # fmt: skip
    return found


def _ends_of_groups(shown: Predicted) -> list[float | None]:
    """Where the groups that hold cases meet, in percent: midway between the last risk of one and the first of the
    next."""
    rows = by_risk(shown.risk, shown.cases, shown.observed)
    group = risk_groups(rows, GROUPS)
    steps = np.flatnonzero(np.diff(group))
    middles = [(rows.risk[step] + rows.risk[step + 1]) / 2 for step in steps.tolist()]
    return [None, *(significant(100 * middle, DIGITS) for middle in middles), None]


def subgroups(shown: Predicted, factor: Factor) -> list[Group]:
    """Every level of a factor that has cases, in the order of the file, whatever it was merged with for the fit."""
    table = by_subgroup(shown.patterns[factor.column].to_numpy(), shown.risk, shown.cases, shown.observed)
    at = {label: row for row, label in enumerate(table.labels)}
    return [
        group_of(
            level, int(table.cases[at[level]]), int(table.observed[at[level]]), float(table.expected[at[level]]),
            factor=factor.column,
        )
        for level in factor.levels if level in at
    ]  # fmt: skip


def performance(found: Predicted, *, own_data: bool) -> Performance:
    """How well these predictions tell and fit; what cannot be estimated is absent."""
    given = (found.risk, found.cases, found.observed)
    line = _or_none(lambda: calibration_line(*given))
    test = _or_none(lambda: hosmer_lemeshow(*given, own_data=own_data))
    c, brier = _or_none(lambda: c_statistic(*given)), _or_none(lambda: brier_score(*given))
    told = None
    if test is not None:
        told = HosmerLemeshow(
            statistic=rounded(test.statistic, 1), df=test.df, p_value=rounded(test.p_value, 3), groups=test.groups
        )
    return Performance(
        c_statistic=None if c is None else rounded(c, 3), brier=None if brier is None else significant(brier, DIGITS),
        slope=None if line is None else rounded(line.slope, 2),
        intercept=None if line is None else rounded(line.intercept, 2), hosmer_lemeshow=told,
    )  # fmt: skip


def _or_none(work: Callable[[], T]) -> T | None:
    try:
        return work()
    except (ValueError, ArithmeticError):  # no variation, separated or without a maximum: no such figure exists
        return None


def significant(value: float, digits: int) -> float:
    """To so many significant digits: 0.0213 gives 0.021, 14.26 gives 14.0."""
    if value == 0:
        return 0.0
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    if decimals >= 0:
        return rounded(value, min(decimals, 9))
    step = 10.0**-decimals
    return rounded(value / step, 0) * step
