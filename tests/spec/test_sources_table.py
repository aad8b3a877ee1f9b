"""The 67 files beside the checkout: each is of one source, each line has a fate, and reading again changes nothing.

Rows are counted as the files' README counts them.
"""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.ingest.reading.read import read
from services.ingest.recognising import recognise
from services.ingest.refusals import Refused
from services.ingest.source import Source
from tests.spec.real_files import BY_NAME, DATA, FILES, KEY, SOURCES, Real, as_table, needs_data, path_of, take, taken

SOURCES_GUIDE = Path(__file__).resolve().parents[2] / "docs" / "sources.md"
REFUSED = "upload-new-data-missing-columns.csv"
TAKEN = tuple(one for one in FILES if Path(one.path).name != REFUSED)
MADE_HERE = {source for source in SOURCES if source.startswith(("candour-demo", "audit-", "organisation-"))}
"""Layouts of our own, of which no public file is at hand."""
BY_CHOICE = {"hes-apc", "hes-ae", "dspt-successions"}
"""Sources of files that are also another's, which names them: these are never recognised where that one is."""
pytestmark = needs_data


def named(one: Real) -> str:
    return Path(one.path).name


def test_no_file_is_left_out() -> None:
    assert DATA is not None
    there = {str(path.relative_to(DATA)) for path in DATA.rglob("*") if path.is_file() and path.name != "README.md"}
    assert there == {one.path for one in FILES}
    assert len(BY_NAME) == len(FILES) == 67


def test_no_source_is_without_a_file() -> None:
    assert {one.source for one in FILES} == set(SOURCES) - MADE_HERE - BY_CHOICE


@pytest.mark.parametrize("one", FILES, ids=named)
def test_the_name_alone_leads_to_one_source(one: Real) -> None:
    naming = [source.id for source in SOURCES.values() if _names(source, named(one))]
    assert naming == [one.source]


def _names(source: Source, name: str) -> bool:
    return any(Path(name).match(pattern) for pattern in source.recognise.names)


@pytest.mark.parametrize("one", TAKEN, ids=named)
def test_every_line_has_its_fate(one: Real) -> None:
    found = taken(named(one))
    assert found.source == one.source
    assert found.lines == one.lines == sum(found.fates.values())
    accepted = one.lines - one.header - sum(one.fates.values())
    expected = {"header": one.header, "accepted": accepted, **one.fates}
    assert found.fates == {fate: lines for fate, lines in expected.items() if lines}


@pytest.mark.parametrize("one", TAKEN, ids=named)
def test_every_row_of_the_readme_is_a_row_of_the_snapshot_or_a_line_with_another_fate(one: Real) -> None:
    found, source = taken(named(one)), SOURCES[one.source]
    summed_up = one.fates.get("aggregate", 0) if source.totals is None else 0
    others = sum(one.fates.values()) - summed_up
    assert found.rows.height == one.rows - others
    assert found.rows.schema == pl.Schema(source.canonical)
    assert found.aside.height == one.fates.get("quarantined", 0)
    assert not found.rows.select(source.key).is_duplicated().any()


def test_what_is_read_again_is_the_same() -> None:
    """Twice the same file, and once a copy of it elsewhere."""
    for name in ("shmi-2013-april.csv", "artificial_hes_apc_0102.csv", "provcomm_hip_and_knee_1819.csv"):
        again = take(path_of(name))
        assert (again.digest, again.fates) == (taken(name).digest, taken(name).fates)


@pytest.mark.parametrize("one", TAKEN, ids=named)
def test_no_number_is_none_and_no_zero_is_negative(one: Real) -> None:
    for column in taken(named(one)).rows.iter_columns():
        if column.dtype.is_float():
            values = column.drop_nulls().to_numpy()
            assert np.isfinite(values).all()
            assert not np.signbit(values[values == 0]).any()


@pytest.mark.parametrize("one", TAKEN, ids=named)
def test_a_value_is_absent_for_a_reason_and_only_then(one: Real) -> None:
    rows = taken(named(one)).rows
    for name in rows.columns:
        if f"{name}_absent" in rows.columns:
            assert (rows[name].is_null() == rows[f"{name}_absent"].is_not_null()).all(), name


@pytest.mark.parametrize("one", TAKEN, ids=named)
def test_text_has_lost_its_line_ends_and_its_spaces(one: Real) -> None:
    texts = taken(named(one)).rows.select(pl.selectors.string())
    kept = [name for name in texts.columns if name != "location"]
    assert not texts.select(pl.any_horizontal(pl.col(kept).str.contains("[\r\n\ufeff]").any())).item() if kept else True
    for name in kept:
        assert (texts[name].drop_nulls() == texts[name].drop_nulls().str.strip_chars(" \t")).all(), name


def test_the_guide_has_the_table() -> None:
    assert as_table() in SOURCES_GUIDE.read_text()


@pytest.mark.parametrize("source", SOURCES.values(), ids=lambda source: source.id)
def test_the_guide_says_what_each_source_means(source: Source) -> None:
    assert f"\n- **{source.id}**: " in SOURCES_GUIDE.read_text()


def test_real_episodes_have_no_ground_of_their_own() -> None:
    """Artificial ones do, and are recognised by their name alone: any other name is taken for patients."""
    path = path_of("artificial_hes_apc_0102.csv")
    assert recognise(path, "artificial_hes_apc_0102.csv", SOURCES).synthetic
    real = recognise(path, "NIC123_APC_0102.csv", SOURCES)
    assert (real.id, real.synthetic, real.held_on) == ("hes-apc", False, None)
    path = path_of("artificial_hes_ae_0708.csv")
    assert recognise(path, "hes_ae.csv", SOURCES).held_on is None


def test_a_file_whose_name_does_not_tell_its_period_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        read(path_of("shmi-2013-april.csv"), SOURCES["shmi"], "shmi-newest.csv", KEY)
    assert caught.value.refusal.code == "unknown-name"
    assert "2013-april" in caught.value.refusal.expected
