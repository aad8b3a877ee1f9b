"""Who operated and how many cases were sent, where results are computed: episodes as they are attributed, and what
stands beside the figures of an indicator."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from services.ratings.assembly.ascertainment import ascertainment_of, gated_by_cases
from services.ratings.assembly.schema import Computed
from services.ratings.casemix.attribution import attributed, how_decided
from services.ratings.indicators.loading import Loaded


def read_episodes(file: Path, loaded: Loaded) -> pl.LazyFrame:
    """The episodes of a snapshot, each with the consultant who is responsible by the rules that the indicator follows.
    Raises NotTold (a ValueError)."""
    episodes = pl.scan_parquet(file)
    return attributed(episodes, loaded.attribution, episodes.collect_schema().names())


def own_cases(episodes: pl.LazyFrame, loaded: Loaded) -> pl.LazyFrame:
    """Those of the indicator's specialty and period."""
    period = loaded.definition.period
    assert period is not None
    dated = pl.col("date").is_between(period.start, period.end, closed="both")
    return episodes.filter((pl.col("specialty") == loaded.definition.source.specialty) & dated)


def with_cases_sent(
    computed: Computed, loaded: Loaded, file: Path, counts: Path | None
) -> tuple[Computed, dict[str, pl.DataFrame]]:
    """The results under the gate of case ascertainment, and the frames `ascertainment` and `attribution`, each only
    where the indicator has it. `file`: the snapshot with its rows; `counts`: that of the expected counts, None where
    there is none. Raises BuildRefused, NotTold."""
    beside: dict[str, pl.DataFrame] = {}
    definition = loaded.definition
    if definition.source.expected_counts is not None:
        told = None if counts is None else pl.read_parquet(counts)
        beside["ascertainment"] = ascertainment_of(computed.results, told, definition)
        results = gated_by_cases(computed.results, beside["ascertainment"], computed.members, definition.polarity)
        computed = replace(computed, results=results)
    if loaded.attribution is not None:
        beside["attribution"] = _decided(computed, loaded, file)
    return computed, beside


def _decided(computed: Computed, loaded: Loaded, file: Path) -> pl.DataFrame:
    assert loaded.attribution is not None
    (period,) = computed.results["period_id"].unique()
    counted = how_decided(own_cases(read_episodes(file, loaded), loaded), loaded.attribution)
    return counted.with_columns(pl.lit(loaded.definition.id).alias("indicator"), pl.lit(period).alias("period_id"))
