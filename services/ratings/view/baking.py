"""Bakes a view: a pure function of results, permissions, what is already hidden, and the release's salt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from services.ratings.indicators.loading import Catalogue
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
from services.ratings.view.hiding import Hidden, Memory, hide
from services.ratings.view.quarantine import quarantines
from services.ratings.view.roster import Roster, keyed_order, rosters
from services.ratings.view.rows import numbered, shown_rows
from shared.contracts.consent import Named

IndicatorPeriod = tuple[str, str]
Permitted = Mapping[str, Mapping[str, Named]]  # programme -> consultant -> how they may be named


@dataclass(frozen=True)
class Secrets:
    """`salt` is the release's own, for row ids; `order` decides partners, the same in every release."""

    salt: bytes
    order: bytes


@dataclass(frozen=True, eq=False)
class Ingredients:
    """All that a view depends on. `elsewhere`: people shown in the live view of another readable release.
    `register_as_of` is the day of the registers' snapshot."""

    built: Built
    catalogue: Catalogue
    permitted: Permitted
    memory: Mapping[IndicatorPeriod, Memory]
    secrets: Secrets
    register_as_of: date
    elsewhere: Mapping[IndicatorPeriod, frozenset[str]] = field(default_factory=dict)
    beside: Beside = NOTHING

    @property
    def present(self) -> list[str]:
        """Ids of the indicators with results."""
        return sorted(self.built.comparisons["indicator"].unique().to_list())

    def named_for(self, indicator: str) -> Mapping[str, Named]:
        return self.permitted.get(self.catalogue[indicator].definition.programme or "", {})


@dataclass(frozen=True)
class Part:
    """One file of a view, and how many rows or entries it has."""

    data: bytes
    rows: int


@dataclass(frozen=True)
class Baked:
    """The parts of a view by file name, what it hides, and what is to be remembered once it is live."""

    parts: Mapping[str, Part]
    hidden: Mapping[IndicatorPeriod, Hidden] = field(default_factory=dict)
    memory: Mapping[IndicatorPeriod, Memory] = field(default_factory=dict)


def bake(given: Ingredients) -> Baked:
    """Everything that a gateway may hold of this release under these permissions."""
    definitions = [given.catalogue[one].definition for one in given.present]
    minimum = {one.id: one.minimum_cases for one in definitions if one.revocable}
    by_key = rosters(given.built.results, given.built.members, minimum)
    decided = {key: _decided(given, key, roster) for key, roster in by_key.items()}
    results = given.built.results.partition_by("indicator", as_dict=True)
    rows = pl.concat(
        [
            shown_rows(
                results[one,],
                given.catalogue[one],
                {period: found.hidden for (indicator, period), found in decided.items() if indicator == one},
                given.named_for(one),
            )
            for one in given.present
        ],
        how="diagonal",
    )
    whole = numbered(rows, given.secrets.salt, given.built.providers, given.built.consultants, given.beside)
    hidden = {key: found.hidden for key, found in decided.items()}
    memory = {
        key: found.memory.after(found.roster, found.hidden, given.elsewhere.get(key, frozenset()))
        for key, found in decided.items()
    }
    return Baked(_parts(given, whole, _quarantine(decided, whole)), hidden, memory)


@dataclass(frozen=True)
class _Decided:
    """What was decided for one indicator and period, and on what grounds."""

    roster: Roster
    named: Mapping[str, Named]
    order: list[str]
    memory: Memory
    hidden: Hidden


def _decided(given: Ingredients, key: IndicatorPeriod, roster: Roster) -> _Decided:
    named = given.named_for(key[0])
    order = keyed_order(roster.people, given.secrets.order, *key)
    memory = given.memory.get(key, Memory())
    return _Decided(roster, named, order, memory, hide(roster, named, order, memory))


def _quarantine(decided: Mapping[IndicatorPeriod, _Decided], rows: pl.DataFrame) -> pl.DataFrame:
    """`key`, `row`: the rows to hide the moment that key is withheld."""
    numbers = {
        (level, subject, indicator, period): row
        for level, subject, indicator, period, row in rows.select(
            "level", "subject", "indicator_id", "period_id", "row"
        ).iter_rows()
    }
    pairs: set[tuple[str, int]] = set()
    for (indicator, period), found in decided.items():
        named = frozenset(found.named)
        later = found.memory.after(found.roster, found.hidden)
        for one in quarantines(found.roster, named, found.order, later, found.hidden):
            key = found.named[one.consultant].key
            pairs |= {(key, numbers["consultant", person, indicator, period]) for person in one.people}
            pairs |= {(key, numbers["provider", unit, indicator, period]) for unit in one.units}
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
    providers = provider_entries(built.providers, given.register_as_of)
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
