"""What surprises in the series that publishers really sent, pair by pair: few things, and each of them true."""

from functools import partial
from pathlib import Path

import pytest

from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.surprises import surprises
from services.ingest.reading.parts import Piece, Read, frames
from services.ingest.reading.read import read, read_into
from shared.contracts.profiles import Profile
from tests.spec.real_files import SOURCES, path_of

Series = tuple[tuple[str, list[str]], ...]
GONE, NEW, MEAN = "provider-gone", "provider-new", "mean-moved"
MONTHS: Series = (
    ("2024-06", []), ("2024-07", [NEW]), ("2024-08", []), ("2024-09", [GONE]), ("2024-10", [NEW]), ("2024-11", []),
    ("2024-12", []), ("2025-01", [GONE, NEW]), ("2025-02", []), ("2025-03", [GONE, NEW]),
)  # fmt: skip
QUARTERS: Series = (
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
    return profile_of(lambda: [reading.rows], contents, SOURCES[source], [reading.aside])


@pytest.mark.parametrize(
    ("form", "source", "series"),
    [("ae_{}.csv", "ae-monthly", MONTHS), ("shmi-{}.csv", "shmi", QUARTERS)],
    ids=["months of A&E", "quarters of SHMI"],
)
def test_what_surprises_in_a_series(form: str, source: str, series: Series) -> None:
    before: Profile | None = None
    for part, expected in series:
        now = profile(form.format(part), source)
        assert [one.code for one in surprises(now, before)] == expected, part
        before = now


def test_a_trust_that_merged_is_gone_and_its_heir_is_new() -> None:
    before, now = profile("shmi-2012-october.csv", "shmi"), profile("shmi-2013-january.csv", "shmi")
    said = [one.found for one in surprises(now, before)]
    assert said == ["1 provider is gone: 5QT.", "1 provider is new: R1F."]


def whole(path: Path, folder: Path) -> Profile:
    """As the service makes it, totals too."""
    folder.mkdir()
    contents = read_into(path, SOURCES["ae-monthly"], folder, path.name, None, lambda _done, _total: None)
    return profile_of(
        partial(frames, folder, contents.rows), contents, SOURCES["ae-monthly"], frames(folder, contents.aside)
    )


def test_totals_are_the_sums_of_their_columns_until_somebody_loses_a_line(tmp_path: Path) -> None:
    sent = path_of("ae_2024-09.csv")
    found = whole(sent, tmp_path / "sent").totals
    assert found is not None
    assert len(found) == 18
    assert [one.stated for one in found] == [one.found for one in found]
    lines = sent.read_bytes().splitlines(keepends=True)
    short = tmp_path / "ae_2024-09.csv"
    short.write_bytes(b"".join(lines[:5] + lines[6:]))
    said = surprises(whole(short, tmp_path / "short"), None)
    assert {one.code for one in said} == {"total-differs"}
    assert said[0].found.startswith("Line 198 says that A&E attendances ")
