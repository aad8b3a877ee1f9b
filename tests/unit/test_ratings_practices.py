"""A practice with one partner is a person: until its rows can be withdrawn, no figure of any practice is built."""

import polars as pl
import pytest

from services.ratings.assembly.registers import checked_registers
from services.ratings.assembly.schema import BuildRefused


def register(kind: str) -> pl.DataFrame:
    rows = {"id": ["A12345"], "name": ["A synthetic practice"], "kind": [kind], "region": ["Wessex"]}
    return pl.DataFrame(rows | {"register_source": ["made up"], "synthetic": [True]})


def results(*providers: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"provider_id": list(providers), "consultant_id": [None] * len(providers)},
        schema={"provider_id": pl.String, "consultant_id": pl.String},
    )


@pytest.mark.parametrize("kind", ["hospital", "trust"])
def test_others_are_built(kind: str) -> None:
    places, _ = checked_registers([register(kind)], [], results("A12345"))
    assert places["kind"].to_list() == [kind]


def test_a_practice_with_results_stops_the_build_and_says_why() -> None:
    with pytest.raises(BuildRefused, match="1 GP practices have results: one with a single partner is a person"):
        checked_registers([register("gp-practice")], [], results("A12345"))


def test_a_practice_without_results_is_only_a_name() -> None:
    places, _ = checked_registers([register("gp-practice")], [], results())
    assert places.height == 1
