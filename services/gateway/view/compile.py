"""Turns the verified files of a view into one SQLite file. A view that breaks its contract is refused whole."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import TypeAdapter

from services.gateway.view.places import ADD_PLACE, TABLE, place_row
from services.gateway.view.spelling import folded
from shared.contracts.cards import ModelCard
from shared.contracts.views import (
    ADDED,
    PARTS_OF,
    ROW_COLUMNS,
    ROW_TYPES,
    Commentary,
    FunnelCurves,
    IndicatorEntry,
    ProviderEntry,
)

STATUSES: Final = {"published", "suppressed", "not_published", "not_available"}
DAYS: Final = [name for name, kind in ROW_TYPES.items() if kind == "date"]
SQL_TYPE: Final = {"int": "integer", "float": "real", "text": "text", "date": "text"}
POLARS_KINDS: Final[Mapping[str, tuple[pl.DataType | type[pl.DataType], ...]]] = {
    "int": (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64),
    "float": (pl.Float64, pl.Float32), "text": (pl.String,), "date": (pl.Date,),
}  # fmt: skip
NEVER_NULL: Final = ("row", "id", "status", "partition", "level", "indicator_id", "period_id", "period_start",
                     "period_end")  # fmt: skip
INDICES: Final = (
    "create unique index rows_by_id on rows (id)",
    "create unique index rows_in_order on rows (level, subject_id, indicator_id, period_id, id)",
    "create index rows_of_partition on rows (partition, level, subject_id, indicator_id, period_id, id)",
    "create index rows_by_name on rows (subject_name, level, subject_id, indicator_id, period_id, id)",
    "create index rows_of_indicator on rows (indicator_id, level, subject_id, period_id, id)",
    "create index rows_of_provider on rows (provider_id)",
    "create index rows_reported_as on rows (reported_as_id)",
    "create index rows_of_consultant on rows (consultant_id)",
)
PROVIDERS: Final = TypeAdapter(list[ProviderEntry])
INDICATORS: Final = TypeAdapter(list[IndicatorEntry])
FUNNELS: Final = TypeAdapter(list[FunnelCurves])
MODELS: Final = TypeAdapter(list[ModelCard])
MODELS_PART: Final = "models.json"
COMMENTARIES: Final = TypeAdapter(list[Commentary])
COMMENTARIES_PART: Final = "commentaries.json"


class ViewRefused(Exception):
    """The files of a view are not what they are said to be."""


@dataclass(frozen=True)
class Parts:
    """The files of a view, read."""

    rows: pl.DataFrame
    quarantine: pl.DataFrame
    consultants: pl.DataFrame
    providers: list[ProviderEntry]
    indicators: list[IndicatorEntry]
    models: list[ModelCard]

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> "Parts":
        return cls(
            _of_any_schema(pl.read_parquet(BytesIO(files["rows.parquet"])), files),
            pl.read_parquet(BytesIO(files["quarantine.parquet"])),
            pl.read_parquet(BytesIO(files["consultants.parquet"])),
            PROVIDERS.validate_json(files["providers.json"]),
            INDICATORS.validate_json(files["indicators.json"]),
            MODELS.validate_json(files.get(MODELS_PART, b"[]")),
        )


def _of_any_schema(rows: pl.DataFrame, files: Mapping[str, bytes]) -> pl.DataFrame:
    """Rows of a view of an earlier schema have fewer columns: what it did not tell yet is absent. Schemas with the same
    parts are told apart by their columns: one that is not there at all, and none after it, was not there yet."""
    whole = [number for number, parts in PARTS_OF.items() if set(parts) <= files.keys()]
    first = min(number for number in whole if PARTS_OF[number] == PARTS_OF[max(whole)])
    later: set[str] = set()
    for number in sorted((one for one in ADDED if one > first), reverse=True):
        if ADDED[number] & set(rows.columns):
            break
        later |= ADDED[number]
    return rows.with_columns(pl.lit(None).alias(name) for name in ROW_COLUMNS if name in later)


def compile_view(files: Mapping[str, bytes], target: Path) -> None:
    """Write `target` (SQLite: rows, quarantine, consultants, providers). Raises ViewRefused, OSError."""
    parts = Parts.read(files)
    check_rows(parts.rows, {entry.id: entry for entry in parts.indicators}, {entry.id for entry in parts.providers})
    check_partition(parts.rows, parts.quarantine)
    check_consultants(parts.rows, parts.consultants)
    check_models(parts.indicators, parts.models)
    target.unlink(missing_ok=True)
    connection = sqlite3.connect(target)
    try:
        _write(connection, parts)
    except sqlite3.IntegrityError:
        raise ViewRefused("a key of the view occurs twice") from None
    except sqlite3.OperationalError as error:  # no room, or the disk failed
        target.unlink(missing_ok=True)
        raise OSError(f"the view could not be compiled: {error}") from error
    finally:
        connection.close()


def check_rows(rows: pl.DataFrame, indicators: Mapping[str, IndicatorEntry], providers: set[str]) -> None:
    if tuple(rows.columns) != ROW_COLUMNS:
        raise ViewRefused("rows.parquet has other columns than the contract")
    for name, kind in ROW_TYPES.items():
        if rows[name].dtype != pl.Null and rows[name].dtype not in POLARS_KINDS[kind]:
            raise ViewRefused(f"column {name} is {rows[name].dtype}, not {kind}")
        if kind == "float" and not rows[name].drop_nulls().is_finite().all():
            raise ViewRefused(f"column {name} holds a number that is not finite")
    if any(rows[name].null_count() for name in NEVER_NULL):
        raise ViewRefused("a row has no identity")
    if rows["row"].to_list() != list(range(len(rows))) or rows["id"].is_duplicated().any():
        raise ViewRefused("rows are not numbered from 0, or an id occurs twice")
    if not set(rows["status"]) <= STATUSES or not set(rows["level"]) <= {"provider", "consultant"}:
        raise ViewRefused("a row has an unknown status or level")
    if not set(rows["indicator_id"]) <= set(indicators):
        raise ViewRefused("a row belongs to an indicator that the view does not define")
    if not {*rows["provider_id"].drop_nulls(), *rows["reported_as_id"].drop_nulls()} <= providers:
        raise ViewRefused("a row belongs to a provider that the view does not list")
    fixed = [name for name, entry in indicators.items() if not entry.revocable]
    if len(rows.filter(pl.col("indicator_id").is_in(fixed) & (pl.col("partition") != "fixed"))):
        raise ViewRefused("an indicator said to depend on no consent has a revocable row")
    _check_figures(rows)


def _check_figures(rows: pl.DataFrame) -> None:
    """No naked absence, no subject without an id, no crude figure of a person."""
    published = pl.col("status") == "published"
    person = pl.col("level") == "consultant"
    subject = pl.when(person).then(pl.col("consultant_id")).otherwise(pl.col("provider_id"))
    wrong = {
        "a published row has neither an estimate nor a word, or both": published
        & (pl.col("estimate").is_null() == pl.col("word").is_null()),
        "an absent row has a figure or no reason": ~published
        & (
            pl.col("estimate").is_not_null()
            | pl.col("word").is_not_null()
            | pl.col("observed").is_not_null()
            | pl.col("reason").is_null()
        ),
        "a row that is not compared has a position": (pl.col("comparison_status") == "not_rated")
        & (pl.col("position").is_not_null() | pl.col("band").is_not_null() | pl.col("not_rated_reason").is_null()),
        "a row has no subject": subject.is_null() | (subject == ""),
        "a row is said to be about a merged organisation that has no name, or about itself": (
            pl.col("reported_as_id").is_null() != pl.col("reported_as_name").is_null()
        )
        | (pl.col("reported_as_id") == pl.col("provider_id"))
        | (person & pl.col("reported_as_id").is_not_null()),
        "a person's row carries a crude figure": person & pl.col("crude").is_not_null(),
        "an interval of places stands where a decision could hide a figure": (pl.col("partition") != "fixed")
        & pl.col("rank_lower").is_not_null(),
        "an absent row has a place or paths": ~published
        & (pl.col("rank_lower").is_not_null() | pl.col("robustness_paths").is_not_null()),
        "an absent row has a reply": ~published & pl.col("reply_status").is_not_null(),
        "a reply is not whole": pl.col("reply_status").is_not_null()
        & ~(
            (
                (pl.col("reply_status") == "given")
                & pl.col("reply_author").is_not_null()
                & pl.col("reply_received").is_not_null()
                & pl.col("reply_text").is_not_null()
            )
            | ((pl.col("reply_status") == "not_received") & pl.col("reply_invited_until").is_not_null())
        ),
    }
    for sentence, condition in wrong.items():
        if len(rows.filter(condition)):
            raise ViewRefused(sentence)


def check_partition(rows: pl.DataFrame, quarantine: pl.DataFrame) -> None:
    """What some decision would hide is said to be revocable, and every person's row is hidden by some decision."""
    if quarantine.columns != ["key", "row"]:
        raise ViewRefused("quarantine.parquet has other columns than the contract")
    if not set(rows["partition"]) <= {"fixed", "revocable"}:
        raise ViewRefused("a row has an unknown partition")
    hidden = set(quarantine["row"])
    if not hidden <= set(rows.filter(pl.col("partition") == "revocable")["row"]):
        raise ViewRefused("a quarantine set names a row that is fixed, or that is not there")
    if not set(rows.filter(pl.col("level") == "consultant")["row"]) <= hidden:
        raise ViewRefused("a consultant's row is in no quarantine set")


def check_consultants(rows: pl.DataFrame, consultants: pl.DataFrame) -> None:
    if consultants.columns != ["gmc", "name", "specialty"]:
        raise ViewRefused("consultants.parquet has other columns than the contract")
    if set(consultants["gmc"]) != set(rows.filter(pl.col("level") == "consultant")["consultant_id"]):
        raise ViewRefused("consultants.parquet lists others than those who own a row")


def check_models(indicators: Sequence[IndicatorEntry], models: Sequence[ModelCard]) -> None:
    """A card for every indicator that says it has one, and for no other."""
    carded = {entry.id for entry in indicators if entry.risk_model is not None and entry.risk_model.carded}
    if {card.indicator for card in models} != carded:
        raise ViewRefused("models.json has other cards than the indicators say")


def _write(connection: sqlite3.Connection, parts: Parts) -> None:
    columns = ", ".join(f'"{name}" {SQL_TYPE[kind]}' for name, kind in ROW_TYPES.items() if name != "row")
    connection.execute("pragma journal_mode=off")
    connection.execute("pragma synchronous=off")  # written again from the verified files at every start
    connection.executescript(
        f'create table rows ("row" integer primary key, {columns}, '
        "subject_id text, subject_name text, region text, specialty text);"
        "create table quarantine (key text, row integer, primary key (key, row)) without rowid;"
        "create table consultants (gmc text, name text, specialty text, folded text, primary key (gmc, specialty));"
        f"{TABLE};"
    )
    _insert(connection, "rows", _with_subjects(parts))
    _insert(connection, "quarantine", parts.quarantine.unique())
    names = parts.consultants["name"].map_elements(folded, return_dtype=pl.String)
    _insert(connection, "consultants", parts.consultants.with_columns(folded=names))
    connection.executemany(ADD_PLACE, [place_row(one) for one in parts.providers])
    for statement in (*INDICES, "analyze"):
        connection.execute(statement)
    connection.commit()


def _with_subjects(parts: Parts) -> pl.DataFrame:
    """ROW_COLUMNS with dates as text, then subject_id, subject_name, region, specialty."""
    regions = {entry.id: entry.region for entry in parts.providers}
    specialties = {entry.id: entry.specialty for entry in parts.indicators}
    person = pl.col("level") == "consultant"
    return parts.rows.with_columns(
        pl.col(DAYS).cast(pl.Date).dt.to_string("%Y-%m-%d"),
        subject_id=pl.when(person).then("consultant_id").otherwise("provider_id"),
        subject_name=pl.when(person).then("consultant_name").otherwise("provider_name"),
        region=pl.col("provider_id").replace_strict(regions, default=None, return_dtype=pl.String),
        specialty=pl.col("indicator_id").replace_strict(specialties, return_dtype=pl.String),
    )


def _insert(connection: sqlite3.Connection, table: str, frame: pl.DataFrame) -> None:
    marks = ", ".join("?" * frame.width)
    connection.executemany(f"insert into {table} values ({marks})", frame.iter_rows())  # noqa: S608  # our own names
