"""The whole recipe of a release on demonstration worlds: the risk model against the truth, and who is called outside.

Every world is used with outcomes by case mix alone (nobody differs), with outcomes of the true risks, and with fresh
outcomes of the same cases, on which a fitted model is judged.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from services.ratings.assembly.recipes import from_patterns
from services.ratings.casemix.counting import count_patterns
from services.ratings.casemix.fitting import Fit, fit_counts
from services.ratings.indicators.definition import Definition, Period
from services.ratings.indicators.loading import load_catalogue
from services.ratings.indicators.risk_model import RiskModel
from services.ratings.methods.calibration import by_decile, c_statistic, calibration_line
from services.ratings.methods.risk import collapse, predict
from services.ratings.simulation.truth import Country

Say = Callable[[str], None]


@dataclass(frozen=True)
class Audited:
    """An indicator of the demonstration with the model and the period that it is fitted on."""

    definition: Definition
    model: RiskModel
    period: Period

    def counts(self, episodes: pl.DataFrame) -> pl.DataFrame:
        own = episodes.lazy().filter(pl.col("specialty") == self.definition.source.specialty)
        return count_patterns(own, self.model, self.period)


@dataclass
class Gathered:
    """Frames of all worlds: judged models, their deciles, expected numbers beside the true ones, and positions."""

    models: list[pl.DataFrame] = field(default_factory=list)
    deciles: list[pl.DataFrame] = field(default_factory=list)
    expected: list[pl.DataFrame] = field(default_factory=list)
    positions: list[pl.DataFrame] = field(default_factory=list)


def audited() -> dict[str, Audited]:
    """The demonstration's indicators by their specialty, from the files that a release reads."""
    found = {}
    for one in load_catalogue().indicators.values():
        definition = one.definition
        if one.model and definition.period and definition.source.specialty:
            found[definition.source.specialty] = Audited(definition, one.model, definition.period)
    return found


def gather(country: Country, seed: int, replicates: int, into: Gathered) -> None:
    """Take both kinds of outcomes of a world through the recipe, and fit and judge each specialty `replicates` times,
    on outcomes drawn anew."""
    indicators = audited()
    null, true = (country.with_outcomes(risk, seed + i) for i, risk in enumerate(("plain", "risk")))
    for specialty in sorted(set(country.cases["specialty"])):
        one = indicators[specialty]
        counted = {"null": one.counts(null), "true": one.counts(true)}
        fit = fit_counts(counted["true"], one.model)
        into.expected.append(_beside_truth(fit, country, specialty))
        into.positions += [_positions(counts, one, country, outcomes) for outcomes, counts in counted.items()]
    for number in range(replicates):
        seen, fresh = (country.with_outcomes("risk", seed + 2 + 2 * number + i) for i in range(2))
        for specialty in sorted(set(country.cases["specialty"])):
            one = indicators[specialty]
            key = {"world": country.name, "specialty": specialty}
            _judge(fit_counts(one.counts(seen), one.model), one.counts(fresh), key, into)


def _judge(fit: Fit, fresh: pl.DataFrame, key: dict[str, str], into: Gathered) -> None:
    """Slope, intercept, c and deciles on outcomes that the fit did not see."""
    patterns = collapse(fit.merged(fresh), [term.column for term in fit.model.terms])
    seen = (predict(fit.model, patterns), patterns["cases"].to_numpy(), patterns["observed"].to_numpy())
    line, table = calibration_line(*seen), by_decile(*seen)
    found = {
        "slope": line.slope, "slope_error": line.slope_standard_error, "intercept": line.intercept,
        "intercept_error": line.intercept_standard_error, "c": c_statistic(*seen), "c_error": 0.0,
        "events": fit.model.observed,
    }  # fmt: skip
    into.models.append(pl.DataFrame([{**key, **found}]))
    place = np.arange(1, len(table.observed) + 1)
    columns = {"decile": place, "observed": table.observed, "expected": table.expected}
    into.deciles.append(pl.DataFrame(columns).with_columns(pl.lit(value).alias(name) for name, value in key.items()))


def _beside_truth(fit: Fit, country: Country, specialty: str) -> pl.DataFrame:
    """Expected of every subject by the fit and by the true case-mix risks, which are scaled to the same sum."""
    found = [
        fit.expected_of(level).select(pl.col(level).alias("subject"), "expected", pl.lit(level).alias("level"))
        for level in ("provider", "consultant")
    ]
    known = country.subjects.filter(pl.col("specialty") == specialty)
    both = pl.concat(found).join(known, on=["level", "subject"], how="inner", maintain_order="left")
    scale = pl.col("expected").sum().over("level") / pl.col("plain").sum().over("level")
    return both.with_columns((pl.col("expected") / (pl.col("plain") * scale) - 1).alias("off"))


def _positions(counts: pl.DataFrame, one: Audited, country: Country, outcomes: str) -> pl.DataFrame:
    """Positions as a release would have them, with what is true of their subjects."""
    computed = from_patterns(counts, one.definition, one.model)
    assert computed is not None
    rows = computed.results.filter(pl.col("status") == "published").select("level", "subject", "position", "expected")
    known = country.subjects.filter(pl.col("specialty") == one.definition.source.specialty)
    return rows.join(known, on=["level", "subject"], how="left", validate="1:1", maintain_order="left").with_columns(
        pl.lit(outcomes).alias("outcomes"), pl.lit(rows.filter(pl.col("level") == "provider").height).alias("units")
    )
