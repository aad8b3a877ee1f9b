"""Names: of hospitals and of consultants, from the registers or from the rows themselves."""

import polars as pl

from services.ratings.assembly.schema import BuildRefused, as_declared

HOSPITAL = "hospital"
PRACTICE = "gp-practice"


def providers_of_register(register: pl.DataFrame, publisher: str, synthetic: bool) -> pl.DataFrame:
    return register.select(
        pl.col("provider").alias("id"), "name", "kind", "region",
        pl.lit(publisher).alias("register_source"), pl.lit(synthetic).alias("synthetic"),
    )  # fmt: skip


def providers_of_counts(counts: pl.DataFrame, publisher: str) -> pl.DataFrame:
    """One row per provider under the name and region of its latest period: names change over the years."""
    latest = (
        counts.filter(~pl.col("aggregate"))
        .sort("provider", "period_end", "period_start", "measure")
        .unique("provider", keep="last", maintain_order=True)
    )
    return latest.select(
        pl.col("provider").alias("id"), pl.col("provider_name").alias("name"), pl.lit(HOSPITAL).alias("kind"),
        "region", pl.lit(publisher).alias("register_source"), pl.lit(False).alias("synthetic"),
    )  # fmt: skip


def consultants_of_register(register: pl.DataFrame) -> pl.DataFrame:
    """One row per number. Raises BuildRefused where one number stands beside two names."""
    people = register.select("gmc", "name").unique()
    if people["gmc"].is_duplicated().any():
        raise BuildRefused("the register of consultants has a number with two names")
    return people


def checked_registers(
    providers: list[pl.DataFrame], consultants: list[pl.DataFrame], results: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The registers put together. Raises BuildRefused where a subject of the results has no name in them, and where one
    is a GP practice: that with one partner is a person, whose permission consent lists by practice, and nothing here
    yet withholds or revokes a provider's row by it."""
    places = as_declared(providers, "providers")
    people = as_declared(consultants, "consultants").unique().sort("gmc")
    for column, known, what in (("provider_id", places["id"], "providers"), ("consultant_id", people["gmc"], "people")):
        missing = results[column].drop_nulls().unique().is_in(known.to_list()).not_().sum()
        if missing:
            raise BuildRefused(f"{missing} {what} with results are not in the registers")
    practices = places.filter(
        (pl.col("kind") == PRACTICE) & pl.col("id").is_in(results["provider_id"].to_list())
    ).height
    if practices:
        raise BuildRefused(
            f"{practices} GP practices have results: one with a single partner is a person, and no provider's row can "
            "be withheld or withdrawn for a person yet; leave practices out of the register or of the feed"
        )
    if places["id"].is_duplicated().any():
        raise BuildRefused("two registers claim the same provider")
    return places, people
