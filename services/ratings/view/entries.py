"""Public entries of indicators and providers, and the parts of a view as bytes."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import polars as pl
from pydantic import BaseModel

from services.ratings.assembly.succession import NO_SUCCESSIONS
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import Loaded
from services.ratings.view.built import Built
from services.ratings.view.plain import plain_entry
from shared.contracts.cards import ModelCard
from shared.contracts.views import IndicatorEntry, ProviderEntry, RiskModelEntry, Succession

AS_PUBLISHED = RiskModelEntry(id="as-published", variables=["what the publisher's own risk model allows for"])


def model_cards(models: pl.DataFrame) -> list[ModelCard]:
    return [ModelCard.model_validate_json(card) for card in models.sort("indicator", "period_id")["card"]]


def indicator_entry(loaded: Loaded, built: Built, cards: Sequence[ModelCard]) -> IndicatorEntry:
    """The public definition, with what this release has for it: periods, method of limits, model, intervals of
    places."""
    definition = loaded.definition
    own = built.comparisons.filter(pl.col("indicator") == definition.id).sort("period_start", "period_end")
    placed = built.results.filter((pl.col("indicator") == definition.id) & pl.col("place_lower").is_not_null())
    return IndicatorEntry(
        id=definition.id, version=definition.version, status=definition.status, label=definition.label,
        unit=definition.unit, polarity=definition.polarity, decimals=definition.decimals,
        rounding=definition.mode.value, numerator=definition.numerator, denominator=definition.denominator,
        why_it_matters=definition.why_it_matters, does_not_show=definition.does_not_show,
        levels=list(definition.units), periods=own["period_id"].unique(maintain_order=True).to_list(),
        specialty=definition.source.specialty, programme=definition.programme, interval_level=0.95,
        limits_method=own["limits_method"][0], licence=definition.source.licence,
        min_denominator=str(definition.gates.minimum_cases),
        min_expected=str(definition.gates.minimum_expected), min_power=str(definition.gates.minimum_power),
        min_case_ascertainment=str(definition.gates.minimum_ascertainment),
        who_operated=loaded.attribution.says if loaded.attribution else [],
        risk_model=_risk_model(loaded, [card for card in cards if card.indicator == definition.id]),
        ranked=placed.height > 0,
        authored_by=definition.review.authored_by, checked_by=definition.review.checked_by,
        next_review=definition.review.next_review, revocable=definition.revocable,
        synthetic=definition.status == "synthetic", source=definition.source.publisher,
        **(_compared_entry(definition) if definition.figure is None else plain_entry(definition)),
    )  # fmt: skip


def _compared_entry(definition: Definition) -> dict[str, Any]:
    limits = definition.limits
    return {"interval_method": limits.interval.value, "test": limits.test, "verdict": limits.verdict}


def _risk_model(loaded: Loaded, cards: Sequence[ModelCard]) -> RiskModelEntry | None:
    """With the performance on hospitals that were left out, which is the one that says something, where it is known.
    None where nobody has allowed for who was treated."""
    model, figure = loaded.model, loaded.definition.figure
    if model is None:
        return None if figure is not None and not figure.adjusted else AS_PUBLISHED
    told = {}
    if cards and (held := cards[-1].left_out) is not None:
        told = {"c_statistic": held.c_statistic, "calibration_slope": held.slope, "brier": held.brier}
    return RiskModelEntry(id=f"{model.id}-{model.version}", variables=model.columns, carded=bool(cards), **told)


def provider_entries(
    providers: pl.DataFrame, as_of: date, successions: pl.DataFrame = NO_SUCCESSIONS
) -> list[ProviderEntry]:
    """In order of their codes, each with those that it came from and those that came after it, the earliest first."""
    names = dict(providers.select("id", "name").iter_rows())
    links: dict[str, list[Succession]] = defaultdict(list)
    for before, after, since, _ in successions.sort("since", "provider", "successor", nulls_last=True).iter_rows():
        links[before].append(Succession(relation="successor", id=after, name=names[after], since=since))
        links[after].append(Succession(relation="predecessor", id=before, name=names[before], since=since))
    return [_entry(one, as_of, links[one["id"]]) for one in providers.sort("id").iter_rows(named=True)]


def _entry(one: dict[str, Any], as_of: date, succession: list[Succession]) -> ProviderEntry:
    """`active`: not where another took its place, or after its last day; else only where the register tells of those
    that have closed."""
    succeeded = any(link.relation == "successor" for link in succession)
    ended = succeeded or (one["closed"] is not None and one["closed"] <= as_of)
    active = False if ended else True if one["says_closing"] else None
    facts = {name: value for name, value in one.items() if name != "says_closing"}
    return ProviderEntry(**facts, register_as_of=as_of, active=active, succession=succession)


def shown_consultants(rows: pl.DataFrame, specialty_of: dict[str, str | None]) -> pl.DataFrame:
    """`gmc`, `name`, `specialty` of everybody who owns a row of the view."""
    of_people = rows.filter(pl.col("level") == "consultant")
    return (
        of_people.select(
            pl.col("consultant_id").alias("gmc"),
            pl.col("consultant_name").alias("name"),
            pl.col("indicator_id").replace_strict(specialty_of, return_dtype=pl.String).alias("specialty"),
        )
        .unique()
        .sort("gmc", "specialty")
    )


def parquet(frame: pl.DataFrame) -> bytes:
    out = BytesIO()
    frame.write_parquet(out)
    return out.getvalue()


def json_list(entries: Sequence[BaseModel]) -> bytes:
    return json.dumps([entry.model_dump(mode="json") for entry in entries], separators=(",", ":")).encode()
