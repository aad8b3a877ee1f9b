"""What was built before there were words, places and successions keeps its digests: whoever verifies it finds the same.

The digests below were made by the code that had none of these columns, from the same lines."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import pytest

from services.ratings.assembly.schema import ADDED, FRAMES, ONLY_WHERE_THERE_ARE, as_declared, completed, to_keep
from services.ratings.domain.answers import figures_digest
from services.ratings.indicators.loading import load_catalogue
from services.ratings.store.frames import Frames
from services.ratings.workflow.registering import registers_of
from shared.contracts.ingest import Snapshot, SnapshotFile, SnapshotKind

BEFORE: Final = {
    "cells": "sha256:97dfad634a429f227017748f57c4ac5b5d48b1db9348f288eb26a0f9404724ae",
    "comparisons": "sha256:518cc5e3788b7ce1359af1d3f7a69d5281f0fb5a14ed2f3db9178be6737a887d",
    "consultants": "sha256:6253a6ba8878af784465c42d370190c47753fa792ee6aa435f6fbcd145f6e959",
    "members": "sha256:779ab62be1856b091559edfc8592287e8a1aa6b8db590c247c0368d033ea1897",
    "models": "sha256:411b6783ae1b2892be800a95049d4350a4a9ce39b43417a5f6e287f7ed463fc8",
    "providers": "sha256:37d46687c3e1d7fa9b97c871be39a9b2bea12cd7f8a6f760f0e071a889c70f88",
    "results": "sha256:44818c8b860ba0bb4e44920a5f6944e487dad473c90714f24a198733fa917b42",
}
OF_REGISTER: Final = "sha256:1fb5d7fee90405e3586c5cef87d0fc5002113cf6584d5d46152ef05ec3cf4b51"
SEEN: Final = "a10fa1fc8dbbb3bf5676c14f7bba597e78a83860483b88524cef1106a926f6d2"
NEW: Final = {"word": "Good", "verdict": "As expected"}
CARDIAC: Final = "adult-cardiac-surgery-mortality-30d"


def lines_of(name: str) -> pl.DataFrame:
    """Two rows with something in every column that the frame had from the beginning; the second has gaps."""
    schema, key = FRAMES[name]
    former = {column: kind for column, kind in schema.items() if column not in ADDED.get(name, ())}
    rows = [
        {
            column: None if row and place % 2 and column not in key else value_of(kind, column, row, place)
            for place, (column, kind) in enumerate(former.items())
        }
        for row in (0, 1)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=former)


def value_of(kind: type[pl.DataType], column: str, row: int, place: int) -> Any:
    known = {
        pl.String: f"{column} {row}", pl.Int64: row + place, pl.Float64: row + place + 0.5,
        pl.Date: date(2026, 1 + row, 1 + place % 28), pl.Boolean: bool(row),
    }  # fmt: skip
    return known[kind]


@pytest.mark.parametrize("name", sorted(BEFORE))
def test_what_says_nothing_new_has_the_digest_that_it_always_had(name: str, tmp_path: Path) -> None:
    frames, former = Frames(tmp_path), lines_of(name)
    now = as_declared([completed(former, name)], name)
    assert frames.keep(to_keep(now, name), FRAMES[name][1]) == BEFORE[name]
    assert completed(frames.load(BEFORE[name]), name).equals(now)
    replayed = as_declared([completed(frames.load(BEFORE[name]), name)], name)
    assert frames.keep(to_keep(replayed, name), FRAMES[name][1]) == BEFORE[name]


def test_every_frame_that_is_always_kept_is_looked_at() -> None:
    assert BEFORE.keys() == FRAMES.keys() - set(ONLY_WHERE_THERE_ARE)


@pytest.mark.parametrize("added", [pair for name in sorted(ADDED) for pair in ((name, one) for one in ADDED[name])])
def test_what_says_something_new_is_in_the_digest_and_nothing_beside_it(added: tuple[str, str], tmp_path: Path) -> None:
    name, column = added
    schema, key = FRAMES[name]
    filled = completed(lines_of(name), name).with_columns(
        pl.Series(column, [value_of(schema[column], column, 1, 0), None], schema[column])
    )
    kept = to_keep(as_declared([filled], name), name)
    assert [one for one in ADDED[name] if one in kept.columns] == [column]
    assert Frames(tmp_path).keep(kept, key) != BEFORE[name]
    assert completed(kept, name).equals(as_declared([filled], name))


def register_in(folder: Path) -> pl.DataFrame:
    """An audit's own register of three hospitals, the last of them without a result. Gives the results."""
    pl.DataFrame(
        {"provider": ["XA001", "XA002", "XA003"], "name": ["Elm", "Oak", "Ash"], "kind": ["hospital"] * 3,
         "region": ["North", "South", "South"]}
    ).write_parquet(folder / "register.parquet")  # fmt: skip
    return completed(pl.DataFrame({"indicator": [CARDIAC] * 2, "provider_id": ["XA001", "XA002"]}), "results")


def test_a_hospital_of_an_audit_is_listed_though_a_release_has_no_result_of_it(tmp_path: Path) -> None:
    """As it always was; of a keeper's register of everybody only those with a result, and their next of kin."""
    results = register_in(tmp_path)
    definition = load_catalogue()[CARDIAC].definition
    snapshot = Snapshot(
        digest=f"sha256:{'1' * 64}", feed="candour-demo-providers", kind=SnapshotKind.PROVIDERS, schema_version=1,
        rows=3, submissions=[], files=[SnapshotFile(name="register.parquet", sha256="2" * 64, bytes=1)],
        created=datetime(2026, 9, 30, tzinfo=UTC),
    )  # fmt: skip
    given = {snapshot.feed: snapshot.model_dump(mode="json")}
    made = registers_of([definition], given, lambda _: tmp_path / "register.parquet", results)
    digest = Frames(tmp_path / "frames").keep(to_keep(made["providers"], "providers"), FRAMES["providers"][1])
    assert digest == OF_REGISTER
    assert "successions" not in made


def test_what_others_say_of_a_subject_is_part_of_what_they_have_seen() -> None:
    """A new word is another result; where there never was one, what was seen before is what is seen now."""
    former = lines_of("results").row(0, named=True)
    assert figures_digest(former) == SEEN
    assert figures_digest({**former, "word": None, "verdict": None}) == SEEN
    for name, said in NEW.items():
        assert figures_digest({**former, name: said}) != SEEN
