"""Every month of A&E from the real files, by a reading of our own: counts, shares, and who has a row."""

import csv
from pathlib import Path

import polars as pl
import pytest

from services.ingest.trial import Job, try_all
from services.ratings.assembly.plain import from_published
from services.ratings.indicators.loading import load_catalogue

MONTHS = Path(__file__).parents[3] / "shared" / "data" / "nhs-waits" / "monthly-ae"
PLAIN = load_catalogue()
TYPE_1 = ("A&E attendances Type 1", "A&E attendances Booked Appointments Type 1")
LATE = ("Attendances over 4hrs Type 1", "Attendances over 4hrs Booked Appointments Type 1")
ADMITTED = (
    "Emergency admissions via A&E - Type 1", "Emergency admissions via A&E - Type 2",
    "Emergency admissions via A&E - Other A&E department",
)  # fmt: skip
TWELVE = "Patients who have waited 12+ hrs from DTA to admission"
pytestmark = pytest.mark.skipif(not MONTHS.is_dir(), reason="../shared/data is not beside this checkout")
Key = tuple[str, str]
Counts = dict[Key, tuple[int, int]]


def printed() -> tuple[Counts, Counts]:
    """By month and organisation: who left within four hours of how many, and who waited twelve of how many admitted."""
    within: Counts = {}
    waited: Counts = {}
    for file in sorted(MONTHS.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="") as text:
            for row in csv.DictReader(text):
                key = (file.stem.removeprefix("ae_"), row["Org Code"])
                if key[1].strip().lower() != "total":
                    came = sum(int(row[name]) for name in TYPE_1)
                    within[key] = (came - sum(int(row[name]) for name in LATE), came)
                    waited[key] = (int(row[TWELVE]), sum(int(row[name]) for name in ADMITTED))
    return _done(within), _done(waited)


def _done(counts: Counts) -> Counts:
    """Where there was anybody to count."""
    return {key: one for key, one in counts.items() if one[1]}


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """All ten months as ingest has them."""
    out: Path = tmp_path_factory.mktemp("months")
    files = sorted(MONTHS.glob("*.csv"))
    assert len(files) == 10
    try_all([Job(entry=one.stem.replace("_", "-"), source="ae-monthly", path=one) for one in files], out)
    return pl.concat([pl.read_parquet(one) for one in sorted(out.glob("*.parquet"))])


@pytest.mark.parametrize(("name", "which"), [("ae-major-within-4-hours", 0), ("ae-waits-over-12-hours", 1)])
def test_every_row_of_ten_months_has_the_publishers_counts(months: pl.DataFrame, name: str, which: int) -> None:
    made = from_published(months, PLAIN[name].definition)
    assert made is not None
    found: Counts = {}
    for period, subject, observed, cases, estimate, status in made.results.select(
        "period_id", "subject", "observed", "cases", "estimate", "status"
    ).iter_rows():
        assert status == "published"
        assert abs(estimate - 100 * observed / cases) < 1e-9
        found[period[:7], subject] = (observed, cases)
    assert found == printed()[which]
    assert made.comparisons.height == 10
