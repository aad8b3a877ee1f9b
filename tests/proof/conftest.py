"""The publishers' files as ingest reads them: one folder of frames for all tests of the proof."""

from pathlib import Path

import polars as pl
import pytest

from cli.proof.entries import ENTRIES, beside_the_checkout
from services.ingest.trial import Job, try_all
from services.ratings.indicators.loading import load_catalogue
from services.ratings.proof.agreement import Agreement, Frames
from services.ratings.proof.suite import Recipe, suite

DATA = beside_the_checkout()


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of the publishers' files."""
    if DATA is None:
        pytest.skip("../shared/data is not beside this checkout")
    return DATA


@pytest.fixture(scope="session")
def folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`<entry>.parquet` of every file that the proof reads, and `fates.json`."""
    out = tmp_path_factory.mktemp("proof")
    try_all([Job(entry=one.entry, source=one.source, path=data / one.path) for one in ENTRIES], out)
    return out


@pytest.fixture(scope="session")
def frames(folder: Path) -> Frames:
    return {one.entry: pl.read_parquet(folder / f"{one.entry}.parquet") for one in ENTRIES}


@pytest.fixture(scope="session")
def recipes() -> list[Recipe]:
    return suite(loaded.definition for loaded in load_catalogue().indicators.values())


@pytest.fixture(scope="session")
def agreements(frames: Frames, recipes: list[Recipe]) -> list[Agreement]:
    """Every line of the table, from the real files."""
    return [one for recipe in recipes for one in recipe.run(frames)]
