"""Bakes a view: a pure function of results, permissions, what was decided about them, and the release's salt."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from services.ratings.indicators.loading import Catalogue
from services.ratings.view.ascertaining import CasesSent
from services.ratings.view.beside import NOTHING, Beside
from services.ratings.view.built import Built
from services.ratings.view.curves import curves
from services.ratings.view.entries import (
    indicator_entry,
    json_list,
    model_cards,
    parquet,
    provider_entries,
    shown_consultants,
)
from services.ratings.view.fates import EARLIER_RULE, Fates
from services.ratings.view.roster import IndicatorPeriod
from services.ratings.view.rows import numbered, shown_rows
from shared.contracts.consent import Named

Permitted = Mapping[str, Mapping[str, Named]]  # programme -> consultant -> how they may be named


@dataclass(frozen=True, eq=False)
class Ingredients:
    """All that a view depends on. `fates`: what was decided of this release's rows. `salt` is the release's own, for
    row ids. `register_as_of` is the day of the registers' snapshot. `rule`: the disclosure rule by which the rows were
    published that never change."""

    built: Built
    catalogue: Catalogue
    permitted: Permitted
    fates: Mapping[IndicatorPeriod, Fates]
    salt: bytes
    register_as_of: date
    rule: str = EARLIER_RULE
    beside: Beside = NOTHING

    @property
    def present(self) -> list[str]:
        """Ids of the indicators with results."""
        return sorted(self.built.comparisons["indicator"].unique().to_list())

    def named_for(self, indicator: str) -> Mapping[str, Named]:
        return named_for(self.catalogue, self.permitted, indicator)


def named_for(catalogue: Catalogue, permitted: Permitted, indicator: str) -> Mapping[str, Named]:
    """Who may be named in the programme of an indicator."""
    return permitted.get(catalogue[indicator].definition.programme or "", {})


@dataclass(frozen=True)
class Part:
    """One file of a view, and how many rows or entries it has."""

    data: bytes
    rows: int


def bake(given: Ingredients) -> dict[str, Part]:
    """The parts of a view by file name: everything that a gateway may hold of this release."""
    results = given.built.results.partition_by("indicator", as_dict=True)
    rows = pl.concat(
        [
            shown_rows(
                results[one,],
                given.catalogue[one],
                {period: fates for (indicator, period), fates in given.fates.items() if indicator == one},
                given.named_for(one),
                given.rule,
                sent=CasesSent.of(one, given.built.ascertainment, given.built.members),
            )
            for one in given.present
        ],
        how="diagonal",
    )
    built = given.built
    whole = numbered(rows, given.salt, built.providers, built.consultants, given.beside, successions=built.successions)
    return _parts(given, whole, _quarantine(given, whole))


def _quarantine(given: Ingredients, rows: pl.DataFrame) -> pl.DataFrame:
    """`key`, `row`: the rows to hide the moment that key is withheld."""
    numbers: dict[tuple[str, str, str], dict[str, int]] = defaultdict(dict)
    for level, subject, indicator, period, row in rows.select(
        "level", "subject", "indicator_id", "period_id", "row"
    ).iter_rows():
        numbers[level, indicator, period][subject] = row
    pairs: set[tuple[str, int]] = set()
    for (indicator, period), fates in given.fates.items():
        named = given.named_for(indicator)
        people, units = numbers["consultant", indicator, period], numbers["provider", indicator, period]
        for one in fates.sets:
            key = named[one.person].key
            pairs.update((key, people[person]) for person in one.people)
            pairs.update((key, units[unit]) for unit in one.units)
    ordered = sorted(pairs)
    return pl.DataFrame(
        {"key": [key for key, _ in ordered], "row": [row for _, row in ordered]},
        schema={"key": pl.String, "row": pl.Int64},
    )


def _parts(given: Ingredients, rows: pl.DataFrame, quarantine: pl.DataFrame) -> dict[str, Part]:
    built, catalogue = given.built, given.catalogue
    people = shown_consultants(rows, {one: catalogue[one].definition.source.specialty for one in given.present})
    cards = model_cards(built.models)
    indicators = [indicator_entry(catalogue[one], built, cards) for one in given.present]
    providers = provider_entries(built.providers, given.register_as_of, built.successions)
    funnels = curves(built.comparisons, catalogue)
    shown = set(people["gmc"])
    said = [one for one in given.beside.commentaries if one.level == "provider" or one.subject in shown]
    return {
        "rows.parquet": Part(parquet(rows.drop("subject")), rows.height),
        "quarantine.parquet": Part(parquet(quarantine), quarantine.height),
        "consultants.parquet": Part(parquet(people), people.height),
        "providers.json": Part(json_list(providers), len(providers)),
        "indicators.json": Part(json_list(indicators), len(indicators)),
        "funnels.json": Part(json_list(funnels), len(funnels)),
        "models.json": Part(json_list(cards), len(cards)),
        "commentaries.json": Part(json_list(said), len(said)),
    }
