"""What the gate says of the cases behind a release: whose they are, and how many of them were sent."""

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from services.ratings.assembly.schema import as_declared
from services.ratings.domain.checks import Found

Frames = Mapping[str, pl.DataFrame]
Figure = int | float | str
LISTED: Final = 20  # units told by code; more are counted
OF_COMPARISON: Final = ["indicator", "period_id"]


def who_operated(frames: Frames, nobody_at_most: float) -> Found:
    """Of indicators with consultants: cases that are nobody's, all together and in the worst of them, and by which rule
    cases were decided where rules were followed."""
    if not {"results", "members"} <= frames.keys():
        return Found("failed", {"cases": 0})
    known = frames["members"].group_by(OF_COMPARISON).agg(pl.col("cases").sum().alias("known"))
    units = frames["results"].filter(pl.col("level") == "provider").group_by(OF_COMPARISON).agg(pl.col("cases").sum())
    revocable = frames["results"].filter(pl.col("level") == "consultant").select(OF_COMPARISON).unique()
    counted = units.join(revocable, on=OF_COMPARISON, how="semi").join(known, on=OF_COMPARISON, how="left")
    nobody = counted["cases"] - counted["known"].fill_null(0)
    share = (nobody / counted["cases"]).fill_nan(0.0).max() if counted.height else 0.0
    highest = float(share) if isinstance(share, float) else 0.0
    evidence: dict[str, Figure] = {"cases": int(counted["cases"].sum()), "cases_of_nobody": int(nobody.sum())}
    evidence |= {"largest_share_of_nobody": round(highest, 4)} | _by_rule(frames.get("attribution"))
    return Found("passed" if highest <= nobody_at_most else "failed", evidence)


def _by_rule(attribution: pl.DataFrame | None) -> dict[str, Figure]:
    if attribution is None:
        return {}
    summed = attribution.group_by("rule").agg(pl.col("cases").sum()).sort("rule")
    return {f"by_{rule.replace('-', '_')}": cases for rule, cases in summed.iter_rows()}


def cases_sent(frames: Frames, overall_at_least: float) -> Found:
    """Of indicators with expected counts. What one unit sent beyond its count does not make up for what another kept
    back. Passed where no indicator has such counts."""
    told = frames.get("ascertainment", as_declared([], "ascertainment"))
    if told.is_empty():
        return Found("passed", {"indicators_with_counts": 0})
    counted = told.filter(pl.col("expected_cases") > 0)
    reached = pl.min_horizontal("cases", "expected_cases").sum() / pl.col("expected_cases").sum()
    overall = counted.group_by(OF_COMPARISON).agg(reached.alias("reached"))
    without = sorted(told.filter(pl.col("status") == "no_count")["provider"].unique())
    evidence: dict[str, Figure] = {
        "indicators_with_counts": told["indicator"].n_unique(), "units": told["provider"].n_unique(),
        "units_without_count": len(without), "without_count": _listed(without),
        "below_minimum": told.filter(pl.col("status") == "low").height,
        "more_than_expected": counted.filter(pl.col("cases") > pl.col("expected_cases")).height,
        "sent_nothing": counted.filter(pl.col("cases") == 0).height,
    }  # fmt: skip
    lowest = [float(one) for one in overall["reached"]]
    if lowest:
        evidence["lowest_overall"] = round(min(lowest), 4)
    unknown = told.select(OF_COMPARISON).unique().height > overall.height
    return Found("failed" if unknown or min(lowest) < overall_at_least else "passed", evidence)


def _listed(units: Sequence[str]) -> str:
    more = f" and {len(units) - LISTED} more" if len(units) > LISTED else ""
    return (", ".join(units[:LISTED]) or "none") + more
