"""A sum of all providers in a spelling that its source does not know is no provider: it is set aside."""

import polars as pl
import pytest

from services.ingest.source import PACKAGED, Source, load_sources

SOURCES = load_sources(PACKAGED)
WITH_TOTALS = [one for one in SOURCES.values() if one.aggregate is not None or one.totals is not None]
SPELT = ["ENGLAND", "england", "England\u00a0", "Total\u00a0", "Totals", "total", "Grand total", "All providers", "–"]


def refused(source: Source, text: str) -> bool:
    column = source.named("provider")
    cell = pl.DataFrame({"cell": [text]}).with_columns(value=column.parse(pl.col("cell")))
    return any(cell.select(one.failed).item() for one in column.checks(pl.col("cell"), pl.col("value")))


@pytest.mark.parametrize("spelt", SPELT)
@pytest.mark.parametrize("source", WITH_TOTALS, ids=lambda source: source.id)
def test_an_unknown_spelling_of_a_total_is_no_provider(source: Source, spelt: str) -> None:
    assert refused(source, spelt)


@pytest.mark.parametrize("code", ["England", "RXX", "NT424", "RNL01", "NTPH1", "8A001", "00C", "AXA1B"])
def test_codes_of_providers_and_the_known_total_are_taken(code: str) -> None:
    proms = [source for source in WITH_TOTALS if source.id.startswith("proms-")]
    assert len(proms) == 4
    assert not any(refused(source, code) for source in proms)
