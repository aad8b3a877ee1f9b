"""What surprises in the series that publishers really sent, pair by pair: few things, and each of them true."""

from typing import Final

import pytest

from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.surprises import surprises
from services.ingest.reading.parts import Piece, Read
from services.ingest.reading.read import read
from shared.contracts.profiles import Profile
from tests.spec.real_files import SOURCES, path_of

GONE, NEW, MEAN = "provider-gone", "provider-new", "mean-moved"
MONTHS: Final = (
    ("2024-06", []), ("2024-07", [NEW]), ("2024-08", []), ("2024-09", [GONE]), ("2024-10", [NEW]), ("2024-11", []),
    ("2024-12", []), ("2025-01", [GONE, NEW]), ("2025-02", []), ("2025-03", [GONE, NEW]),
)  # fmt: skip
QUARTERS: Final = (
    ("2011-october", []), ("2012-january", ["column-empty"]), ("2012-april", []),
    ("2012-july", [GONE, NEW, MEAN, MEAN]), ("2012-october", [GONE, MEAN, MEAN]), ("2013-january", [GONE, NEW]),
    ("2013-april", [MEAN, MEAN]),
)  # fmt: skip


def profile(name: str, source: str) -> Profile:
    """As the service makes it of the whole file."""
    reading = read(path_of(name), SOURCES[source], name)
    contents = Read(
        reading.encoding, reading.lines, reading.header, reading.blank, reading.footer, reading.aggregate,
        (Piece("rows", reading.rows.height),), (Piece("aside", reading.aside.height),),
    )  # fmt: skip
    return profile_of([reading.rows], contents, SOURCES[source], [reading.aside])


@pytest.mark.parametrize(
    ("form", "source", "series"),
    [("ae_{}.csv", "ae-monthly", MONTHS), ("shmi-{}.csv", "shmi", QUARTERS)],
    ids=["months of A&E", "quarters of SHMI"],
)
def test_what_surprises_in_a_series(form: str, source: str, series: tuple[tuple[str, list[str]], ...]) -> None:
    before: Profile | None = None
    for part, expected in series:
        now = profile(form.format(part), source)
        assert [one.code for one in surprises(now, before)] == expected, part
        before = now


def test_a_trust_that_merged_is_gone_and_its_heir_is_new() -> None:
    before, now = profile("shmi-2012-october.csv", "shmi"), profile("shmi-2013-january.csv", "shmi")
    said = [one.found for one in surprises(now, before)]
    assert said == ["1 provider is gone: 5QT.", "1 provider is new: R1F."]
