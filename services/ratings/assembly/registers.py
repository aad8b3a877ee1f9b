"""Names of organisations and of consultants, from the registers, or from the rows themselves as a last resort."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from services.ratings.assembly.schema import BuildRefused, as_declared

HOSPITAL: Final = "hospital"
PRACTICE: Final = "gp-practice"
NOT_STATED: Final = "Not stated"
"""The region of an organisation whose source gives none: a region is never absent in what is published."""
PLACE_COLUMNS: Final = ("town", "postcode", "opened", "closed", "parent")
NO_DIFFERENCES: Final = as_declared([], "register_differences")


@dataclass(frozen=True, eq=False)
class Together:
    """One row per organisation, of the first register that knows it. `differences`: where a later one that knows it,
    too, gives it another name."""

    providers: pl.DataFrame
    differences: pl.DataFrame


def providers_of_register(register: pl.DataFrame, publisher: str, synthetic: bool) -> pl.DataFrame:
    """`provider`, `name`, `kind`, and those of `region`, `town`, `postcode`, `opened`, `closed`, `parent` that it has.
    `says_closing`: true where it tells which organisations have closed, so that another one is known to be open; else
    null."""
    known = [name for name in PLACE_COLUMNS if name in register.columns]
    return _declared(
        register.select(
            pl.col("provider").alias("id"), "name", "kind", _region(register), *known,
            pl.lit(publisher).alias("register_source"), pl.lit(synthetic).alias("synthetic"),
            pl.lit("closed" in register.columns or None, pl.Boolean).alias("says_closing"),
        )
    )  # fmt: skip


def providers_of_counts(
    counts: pl.DataFrame, publisher: str, kinds: Mapping[str, str] | None = None, kind: str = HOSPITAL,
    *, synthetic: bool = False,
) -> pl.DataFrame:  # fmt: skip
    """One row per provider under the name and region of its latest period: names change over the years. Nobody where
    the rows have no names. `kinds`: the kind of an organisation by the first pattern that its whole code matches, else
    it is of `kind`."""
    if "provider_name" not in counts.columns:
        return as_declared([], "providers")
    order = [name for name in ("provider", "period_end", "period_start", "measure") if name in counts.columns]
    own = counts.filter(~pl.col("aggregate")) if counts.schema.get("aggregate") == pl.Boolean else counts
    latest = (
        own.filter(pl.col("provider_name").is_not_null())
        .sort(*order)
        .unique("provider", keep="last", maintain_order=True)
    )
    return _declared(
        latest.select(
            pl.col("provider").alias("id"), pl.col("provider_name").alias("name"), _kind(kinds or {}, kind),
            _region(latest), pl.lit(publisher).alias("register_source"), pl.lit(synthetic).alias("synthetic"),
        )
    )  # fmt: skip


def _kind(kinds: Mapping[str, str], other: str) -> pl.Expr:
    matched = [
        pl.when(pl.col("provider").str.contains(f"^(?:{pattern})$")).then(pl.lit(kind))
        for pattern, kind in kinds.items()
    ]
    return pl.coalesce(*matched, pl.lit(other)).alias("kind")


def _region(frame: pl.DataFrame) -> pl.Expr:
    stated = pl.col("region") if "region" in frame.columns else pl.lit(None, pl.String)
    return stated.fill_null(NOT_STATED).alias("region")


def _declared(frame: pl.DataFrame) -> pl.DataFrame:
    """With a null in every column that this register does not have."""
    schema = as_declared([], "providers").schema
    missing = [pl.lit(None, kind).alias(name) for name, kind in schema.items() if name not in frame.columns]
    return as_declared([frame.with_columns(missing)], "providers")


def in_order(registers: Sequence[pl.DataFrame], rows: Sequence[pl.DataFrame] = ()) -> Together:
    """The registers put together in order of precedence: the first that knows an organisation gives all its facts, and
    no fact is mixed in from another. `rows`: names of the rows themselves, which change over the years: they come last,
    and a difference in them is none of the registers'. Raises BuildRefused where one register has a code twice."""
    named = [_declared(one) for one in registers]
    if any(one["id"].is_duplicated().any() for one in named):
        raise BuildRefused("a register has one code twice")
    numbered = [one.with_columns(pl.lit(at).alias("at")) for at, one in enumerate([*named, *map(_declared, rows)])]
    if not numbered:
        return Together(as_declared([], "providers"), NO_DIFFERENCES)
    every = pl.concat(numbered).sort("at", maintain_order=True)
    first = every.unique("id", keep="first", maintain_order=True)
    later = every.filter(pl.col("at") < len(named)).join(first.select("id", "name", "register_source"), on="id")
    other = later.filter(_folded("name") != _folded("name_right"))
    differences = other.select(
        pl.col("id"), pl.col("name_right").alias("name"), pl.col("register_source_right").alias("register_source"),
        pl.col("name").alias("other_name"), pl.col("register_source").alias("other_source"),
    ).unique()  # fmt: skip
    return Together(as_declared([first.drop("at")], "providers"), as_declared([differences], "register_differences"))


def _folded(column: str) -> pl.Expr:
    """Without case, and with one space between words."""
    return pl.col(column).str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def consultants_of_register(register: pl.DataFrame) -> pl.DataFrame:
    """One row per number. Raises BuildRefused where one number stands beside two names."""
    people = register.select("gmc", "name").unique()
    if people["gmc"].is_duplicated().any():
        raise BuildRefused("the register of consultants has a number with two names")
    return people


def checked_registers(
    providers: Sequence[pl.DataFrame], consultants: Sequence[pl.DataFrame], results: pl.DataFrame,
    already_public: Collection[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame]:  # fmt: skip
    """The registers put together. Raises BuildRefused where a subject of the results has no name in them, and where one
    is a GP practice: that with one partner is a person, whose permission consent lists by practice, and nothing here
    yet withholds or revokes a provider's row by it. `already_public`: indicators with a rule of their own for
    practices, which say again what another body has published of them by name."""
    places = in_order(providers).providers
    people = as_declared(list(consultants), "consultants").unique().sort("gmc")
    for column, known, what in (("provider_id", places["id"], "providers"), ("consultant_id", people["gmc"], "people")):
        missing = results[column].drop_nulls().unique().is_in(known.to_list()).not_().sum()
        if missing:
            raise BuildRefused(f"{missing} {what} with results are not in the registers")
    ours = results.filter(~pl.col("indicator").is_in(list(already_public))) if already_public else results
    practices = places.filter((pl.col("kind") == PRACTICE) & pl.col("id").is_in(ours["provider_id"].to_list())).height
    if practices:
        raise BuildRefused(
            f"{practices} GP practices have results: one with a single partner is a person, and no provider's row can "
            "be withheld or withdrawn for a person yet; leave practices out of the register or of the feed"
        )
    return places, people


def listed(places: pl.DataFrame, successions: pl.DataFrame, wanted: Iterable[str]) -> pl.DataFrame:
    """The organisations that a release lists: those `wanted`, under their own code or their heir's, and those that
    came before, after or above one of them. A parent that no register knows is left out of the facts."""
    own = set(wanted)
    own |= set(successions.filter(pl.col("heir") & pl.col("provider").is_in(list(own)))["successor"])
    joined = successions.filter(pl.col("provider").is_in(list(own)) | pl.col("successor").is_in(list(own)))
    near = own | set(joined["provider"]) | set(joined["successor"])
    known = pl.col("parent").is_in(places["id"].to_list())
    named = places.with_columns(pl.when(known).then("parent").alias("parent"))
    above = named.filter(pl.col("id").is_in(list(near)))["parent"].drop_nulls()
    kept = named.filter(pl.col("id").is_in([*near, *above]))
    seen = pl.col("parent").is_in(kept["id"].to_list())
    return kept.with_columns(pl.when(seen).then("parent").alias("parent"))
