"""Lines about the risk model and about the recipe, from what the demonstration worlds gave."""

from collections.abc import Iterable

import numpy as np
import polars as pl

from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.simulation.casemix import Gathered, Say, gather
from services.ratings.simulation.lines import Line, share_error
from services.ratings.simulation.promises import nominal_share, promised_share
from services.ratings.simulation.truth import Country

MODEL_PART, RECIPE_PART = "risk_model", "recipe"
SLOPE_WITHIN, LEAST_C = 0.1, 0.6  # the gates of section 2.7
LEAST_EXPECTED = 1.0
SEEDS_PER_WORLD = 100


def casemix_lines(countries: Iterable[Country], replicates: int, seed: int, say: Say) -> list[Line]:
    """Lines about the model and about the recipe, from worlds read one after the other."""
    gathered = Gathered()
    for number, country in enumerate(countries):
        say(f"risk models and positions of {country.name}: {country.cases.height} cases")
        gather(country, seed + SEEDS_PER_WORLD * number, replicates, gathered)
    return [*_model_lines(gathered), *_decile_lines(gathered), *_expected_lines(gathered), *_recipe_lines(gathered)]


def _model_lines(gathered: Gathered) -> list[Line]:
    """Means over many fits, and how many single fits miss the gate: with few events, many that are right do."""
    models = pl.concat(gathered.models)
    found = []
    for (specialty,), own in models.group_by("specialty", maintain_order=True):
        what = (MODEL_PART, str(specialty), "demonstration")
        of = f"{own.height} fits of about {own['events'].to_numpy().mean():.0f} events, judged on fresh outcomes"
        for name, target in (("slope", 1.0), ("intercept", 0.0)):
            mean, error = _mean(own, name)
            why = f"mean {mean:.4f}; {of}"
            off = abs(mean - target)
            found.append(Line(*what, f"{name}_from_{target:g}", off, error, promised=SLOPE_WITHIN, why=why))
        missed = float((np.abs(own["slope"].to_numpy() - 1) > SLOPE_WITHIN).mean())
        error = share_error(missed, own.height)
        found.append(Line(*what, "single_fits_outside_gate", missed, error, why=f"slope not within .9 to 1.1; {of}"))
        mean, error = _mean(own, "c")
        found.append(Line(*what, "c_statistic", mean, error, promised=LEAST_C, at_least=True, why=of))
    return found


def _mean(fits: pl.DataFrame, name: str) -> tuple[float, float]:
    """The error is the spread between fits, and never less than what each fit says of itself: a few fits that happen
    to agree prove nothing."""
    values = fits[name].to_numpy()
    between = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    own = float(fits[f"{name}_error"].to_numpy().mean())
    return float(values.mean()), max(between, own) / len(values) ** 0.5


def _decile_lines(gathered: Gathered) -> list[Line]:
    found = []
    deciles = pl.concat(gathered.deciles).group_by("decile").agg(pl.col("observed", "expected").sum()).sort("decile")
    for decile, observed, expected in deciles.iter_rows():
        ratio = observed / expected
        why = "observed over expected of fresh outcomes, all specialties"
        found.append(
            Line(MODEL_PART, "all", f"decile {decile} of risk", "observed_over_expected", ratio, ratio / observed**0.5,
                 why=why)
        )  # fmt: skip
    return found


def _expected_lines(gathered: Gathered) -> list[Line]:
    """How far the expected numbers of a fitted model lie from those of the true risks, relatively."""
    both = pl.concat(gathered.expected).filter(pl.col("expected") >= LEAST_EXPECTED)
    found = []
    for level in ("provider", "consultant"):
        off = both.filter(pl.col("level") == level)["off"].to_numpy()
        why = f"{len(off)} subjects with at least one expected event: what fitting the model costs"
        found.append(
            Line(MODEL_PART, level, "demonstration", "expected_off_rms", float(np.sqrt((off**2).mean())), why=why)
        )
    return found


def _recipe_lines(gathered: Gathered) -> list[Line]:
    rows = pl.concat(gathered.positions)
    found = []
    for level in ("provider", "consultant"):
        null = rows.filter((pl.col("level") == level) & (pl.col("outcomes") == "null"))
        found += _false_alarms(null, level, "nobody differs", True)
        true = rows.filter((pl.col("level") == level) & (pl.col("outcomes") == "true"))
        plain = true.filter(~pl.col("planted") & ~pl.col("touched"))
        found += _false_alarms(plain, level, "true effects, not planted", level == "provider")
        found += _finds(true.filter("planted"), level)
    return found


def _false_alarms(rows: pl.DataFrame, level: str, world: str, promised: bool) -> list[Line]:
    """Outside 99.8%: of all that are published, for such a position is never hidden; outside 95%: of those rated."""
    rated = rows.filter(pl.col("position") != "")
    bounds = {
        "outside_95": (pl.col("position") != "within", rated, WARNING),
        "outside_99_8": (pl.col("position").str.ends_with("control"), rows, CONTROL),
    }
    found = []
    for figure, (hits, among, confidence) in bounds.items():
        bound, share = _promised(among, level, confidence), among.filter(hits).height / among.height
        error = max(share_error(bound, among.height), share_error(share, among.height))
        why = f"{among.height} subjects" if promised else f"{among.height} subjects; their true rates do differ"
        found.append(
            Line(RECIPE_PART, level, world, figure, share, error, nominal_share(confidence),
                 bound if promised else None, why=why)
        )  # fmt: skip
    return found


def _promised(rows: pl.DataFrame, level: str, confidence: float) -> float:
    """Consultants are tested for chance alone; limits of units allow for a spread estimated from those of a world."""
    if level == "consultant":
        return nominal_share(confidence)
    sizes = rows.group_by("units").len().sort("units")
    prices = [promised_share(confidence, DispersionRows.WINSORISED_10_CONSISTENT, n) for n in sizes["units"].to_list()]
    return float(np.average(prices, weights=sizes["len"].to_numpy()))


def _finds(planted: pl.DataFrame, level: str) -> list[Line]:
    found = []
    for name, rows, word in (
        ("planted with more", planted.filter(pl.col("multiplier") > 1), "above_control"),
        ("planted with fewer", planted.filter(pl.col("multiplier") < 1), "below_control"),
    ):
        if rows.height:
            share = rows.filter(pl.col("position") == word).height / rows.height
            odds = float(rows["multiplier"].to_numpy().mean())
            why = f"{rows.height} planted, odds x {odds:.1f}: power, not a level"
            error = share_error(share, rows.height)
            found.append(Line(RECIPE_PART, level, name, "found_99_8", share, error, why=why))
    return found
