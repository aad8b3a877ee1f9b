"""A view that nobody can read yet, and what it will say of one subject: the rows that the public would get."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import polars as pl
from pydantic import TypeAdapter

from services.ratings.view.baking import Ingredients, Part
from services.ratings.view.beside import Beside, ResultKey, with_replies
from services.ratings.view.rows import numbered, shown_rows
from shared.contracts.public.rendering import result_body
from shared.contracts.views import FunnelCurves, IndicatorEntry

ENTRIES: Final = TypeAdapter(list[IndicatorEntry])
CURVES: Final = TypeAdapter(list[FunnelCurves])
SHOWN: Final = "shown"
NOT_NAMED: Final = "not_named"
NOT_SHOWN: Final = "not_shown"
IN_FULL: Final = frozenset({"published", "not_available"})  # whatever the figures are, nothing of them is kept back


@dataclass(frozen=True, eq=False)
class Preview:
    """`rows` are those of the view as it would be published now, each with its `subject`, which is whom the figure was
    published about, and with nothing beside its figures: what subjects have said is put there row by row, so that a
    text does not cost a bake."""

    release: str
    given: Ingredients
    rows: pl.DataFrame
    entries: Mapping[str, IndicatorEntry]
    curves: tuple[FunnelCurves, ...]

    @classmethod
    def of(cls, release: str, given: Ingredients, parts: Mapping[str, Part]) -> "Preview":
        """`parts` as baked from what is `given`."""
        rows = pl.read_parquet(io.BytesIO(parts["rows.parquet"].data))
        entries = ENTRIES.validate_json(parts["indicators.json"].data)
        return cls(
            release, given, rows.with_columns(subject=pl.coalesce("consultant_id", "reported_as_id", "provider_id")),
            {one.id: one for one in entries}, tuple(CURVES.validate_json(parts["funnels.json"].data)),
        )  # fmt: skip


@dataclass(frozen=True)
class OwnRow:
    """A row of one subject: its key, its public body, and whether the public will see it."""

    key: ResultKey
    body: dict[str, Any]
    public: str

    @property
    def id(self) -> str:
        return str(self.body["id"])


def own_rows(preview: Preview, who: tuple[str, str], beside: Beside) -> list[OwnRow]:
    """All rows of a level and subject, in the order of the contract. A consultant's row that the view leaves out is
    made as the view would make it; of a unit whose figures are kept back there is only what the public gets, because
    with them the figures of a person could be worked out."""
    level, subject = who
    public = preview.rows.filter((pl.col("level") == level) & (pl.col("subject") == subject))
    found = [_own(preview, row, _verdict(row)) for row in _with(public, beside)]
    known = {one.key for one in found}
    if level == "consultant":
        found += [one for one in _as_if_shown(preview, subject, beside) if one.key not in known]
    return sorted(found, key=lambda one: one.key)


def _verdict(row: Mapping[str, Any]) -> str:
    return SHOWN if row["status"] in IN_FULL else NOT_SHOWN


def _with(rows: pl.DataFrame, beside: Beside) -> Iterator[dict[str, Any]]:
    yield from with_replies(rows, beside).iter_rows(named=True)


def _own(preview: Preview, row: Mapping[str, Any], public: str) -> OwnRow:
    key = (row["level"], row["subject"], row["indicator_id"], row["period_id"])
    whole = {**row, "subject_id": row["consultant_id"] or row["provider_id"]}
    return OwnRow(key, result_body(preview.release, whole, preview.entries[row["indicator_id"]]), public)


def _as_if_shown(preview: Preview, consultant: str, beside: Beside) -> Iterator[OwnRow]:
    """The rows of a consultant as they are where nobody is hidden."""
    given = preview.given
    own = given.built.results.filter((pl.col("level") == "consultant") & (pl.col("subject") == consultant))
    for (indicator,), results in own.partition_by("indicator", as_dict=True).items():
        named = given.named_for(indicator)
        rows = shown_rows(results, given.catalogue[indicator], {}, named, given.rule)
        built = given.built
        whole = numbered(rows, given.salt, built.providers, built.consultants, beside, successions=built.successions)
        for row in whole.iter_rows(named=True):
            yield _own(preview, row, NOT_SHOWN if consultant in named else NOT_NAMED)
