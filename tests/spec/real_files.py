"""The public files beside the checkout, read once for all tests: what their README says of each, and what ingest makes
of it. Run as a program it prints the table of `docs/sources.md`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import pytest

from cli.proof.entries import beside_the_checkout
from services.ingest.domain import snapshot_digest, snapshot_rows
from services.ingest.fates import resolve, state_schema
from services.ingest.reading.read import read
from services.ingest.recognising import recognise
from services.ingest.refusals import Refused
from services.ingest.source import load_sources
from shared.contracts.ingest import Fate, Refusal

DATA = beside_the_checkout()
KEY: Final = b"of these tests: never of a feed."
"""What patients' keys are replaced with here; a snapshot of patients has another digest under another key."""
SOURCES: Final = load_sources()
needs_data = pytest.mark.skipif(DATA is None, reason="../shared/data is not beside this checkout")


class Real(NamedTuple):
    """A file, its source, how many rows its README says that it has, and fates of its lines: what is not `accepted`
    or a header of one line is told."""

    path: str
    source: str
    rows: int
    others: str = ""

    @property
    def fates(self) -> dict[str, int]:
        """Fates other than `accepted` and `header`."""
        pairs = (pair.split("=") for pair in self.others.split())
        return {fate: int(lines) for fate, lines in pairs if fate not in ("header", "lines")}

    @property
    def header(self) -> int:
        return self._told("header", 1)

    @property
    def lines(self) -> int:
        """Physical lines: the README's rows and the header, unless cells hold line ends."""
        return self._told("lines", self.rows + self.header)

    def _told(self, name: str, default: int) -> int:
        return next((int(one.partition("=")[2]) for one in self.others.split() if one.startswith(f"{name}=")), default)


AE, FINGERTIPS = "nhs-waits/monthly-ae/ae_", "fingertips-upload-tests/upload-"
FILES: Final = (
    Real("bavaria-carotid/racusum_example_data.csv", "bavaria-carotid", 2000),
    Real("ca-hospitals/inpatient_mortality_2012.csv", "california", 5576),
    Real(f"{FINGERTIPS}duplicate-rows.csv", "fingertips-upload", 2, "duplicate=1"),
    Real(f"{FINGERTIPS}new-data-columns-different-case.csv", "fingertips-upload", 2),
    Real(f"{FINGERTIPS}new-data-columns-different-order.csv", "fingertips-upload", 2),
    Real(f"{FINGERTIPS}new-data-missing-columns.csv", "fingertips-upload", 0, "refused=0"),
    Real(f"{FINGERTIPS}new-data-null-value.xlsx", "fingertips-workbook", 2, "quarantined=2"),
    Real(f"{FINGERTIPS}new-data-old-ci-names.csv", "fingertips-upload", 1),
    Real(f"{FINGERTIPS}new-data.csv", "fingertips-upload", 2),
    Real(f"{FINGERTIPS}non-numeric-data.csv", "fingertips-upload", 1, "quarantined=1"),
    Real("gusto/gusto_odd_groups.csv", "heart-attack-trial", 19_486),
    Real("nhs-artificial-hes/artificial_hes_ae_0708.csv", "artificial-hes-ae", 1000),
    Real("nhs-artificial-hes/artificial_hes_apc_0102.csv", "artificial-hes-apc", 2075),
    Real("nhs-artificial-hes/artificial_hes_apc_0102.parquet", "artificial-hes-apc-parquet", 2075, "header=0"),
    Real("nhs-gp/ccg_to_icb.csv", "ccg-to-icb", 249, "quarantined=1"),
    Real("nhs-gp/cqc_gp_ratings_2024.csv", "cqc-gp-ratings", 6229, "quarantined=42"),
    Real("nhs-gp/imd_by_practice.csv", "practice-deprivation", 23_080),
    Real("nhs-gp/practice_profile_2023.csv", "practice-profile", 6321, "duplicate=8"),
    Real("nhs-gp/qof_cvd_2023_24.csv", "qof-cvd", 6268, "quarantined=1"),
    Real("nhs-gp/qof_vaccination_2023_24.csv", "qof-vaccination", 6267),
    Real("nhs-ods/dspt_status_2022_02.csv", "dspt-status", 357, "duplicate=1"),
    Real("nhs-ods/epraccur_2019_q3.csv", "ods-practices", 14_303, "header=0"),
    Real("nhs-ods/etr_2022.csv", "ods-trusts", 218, "header=0"),
    Real("nhs-ods/gp_practice_mapping_2022_01.csv", "gp-practice-mapping", 6527),
    Real("nhs-proms/hip_replacement_provider_1819.csv", "proms-hip-records", 41_280),
    Real("nhs-proms/key_facts_hip_and_knee_1819.csv", "proms-key-facts", 8005, "aggregate=18"),
    Real("nhs-proms/participation_linkage_hip_and_knee_1819.csv", "proms-participation", 317, "aggregate=1"),
    Real("nhs-proms/provcomm_hip_and_knee_1819.csv", "proms-published", 7980, "aggregate=18"),
    Real("nhs-proms/time_series_hip_and_knee_1819_without_2016_2017.csv", "proms-series", 4530, "aggregate=18"),
    Real("nhs-shmi/shmi-2011-october.csv", "shmi", 147),
    Real("nhs-shmi/shmi-2012-april.csv", "shmi", 147),
    Real("nhs-shmi/shmi-2012-january.csv", "shmi", 147),
    Real("nhs-shmi/shmi-2012-july.csv", "shmi", 143),
    Real("nhs-shmi/shmi-2012-october.csv", "shmi", 142),
    Real("nhs-shmi/shmi-2013-april.csv", "shmi", 144, "blank=1 footer=1"),
    Real("nhs-shmi/shmi-2013-january.csv", "shmi", 142),
    Real("nhs-waits/ae_by_provider_2025-06.xlsx", "ae-provider-workbook", 203, "header=16 aggregate=1 blank=1"),
    Real("nhs-waits/cancer_wait_times_trust_2022.csv", "cancer-waits", 1400),
    Real(f"{AE}2024-06.csv", "ae-monthly", 198, "aggregate=1"),
    *(Real(f"{AE}{month}.csv", "ae-monthly", 199, "aggregate=1") for month in ("2024-07", "2024-08")),
    Real(f"{AE}2024-09.csv", "ae-monthly", 198, "aggregate=1"),
    *(
        Real(f"{AE}{month}.csv", "ae-monthly", 199, "aggregate=1")
        for month in ("2024-10", "2024-11", "2024-12", "2025-01", "2025-02", "2025-03")
    ),
    Real("nhs-waits/rtt_trust_2022.csv", "rtt-waits", 828),
    Real("nhsr-datasets/LOS_model.csv", "nhsr-los", 300),
    Real("nhsr-datasets/ae_attendances.csv", "nhsr-ae", 12_765),
    Real("nhsr-datasets/synthetic_news_data.csv", "nhsr-news", 1000),
    Real("ny-cardiac/hospital_2008_2015.csv", "ny-cardiac", 1609, "aggregate=31"),
    Real("ny-cardiac/hospital_cabg_2003.csv", "ny-cabg-2003", 37),
    Real("ny-cardiac/hospital_cabg_2011_extract_2015.csv", "ny-cardiac", 41, "aggregate=1"),
    Real("ny-cardiac/surgeon_excerpt.csv", "ny-cardiac-surgeons", 60),
    Real("phe/esp2013.csv", "esp2013", 19),
    Real("phe/prevalence_data.csv", "prevalence", 240),
    Real("qicharts/cabg.csv", "qicharts-cabg", 2205),
    Real("qicharts/hospital_infections.csv", "qicharts-infections", 432),
    Real("uk-cardiac-surgery/cardiacsurgery_day1_1460.csv", "uk-cardiac", 3462),
    Real("us-cms/hospital_general_information_2017-07.csv", "cms-hospitals", 4812, "lines=14437"),
    Real("us-cms/outcome-of-care-measures.csv", "cms-outcomes", 4706),
    Real("us-cms/star_rating_2021-04_input.csv", "cms-star-input", 4536),
    Real("us-cms/star_rating_2021-04_output.csv", "cms-star-output", 4536),
    Real("us-medicare-az/azpro.csv", "medicare-arizona-hearts", 3589),
    Real("us-medicare-az/medpar.csv", "medicare-arizona", 1495),
)
BY_NAME: Final = {Path(one.path).name: one for one in FILES}


@dataclass(frozen=True)
class Taken:
    """What ingest made of a file in an empty feed: fates of its lines, rows of the snapshot, lines set aside."""

    source: str
    encoding: str
    lines: int
    fates: dict[str, int]
    rows: pl.DataFrame
    aside: pl.DataFrame
    digest: str


def path_of(name: str) -> Path:
    """Where the file of that name (or relative path) lies; the test is skipped where there are none."""
    if DATA is None:
        pytest.skip("../shared/data is not beside this checkout")
    return DATA / (BY_NAME[name].path if name in BY_NAME else name)


@cache
def taken(name: str) -> Taken:
    """Read once in each process. Raises Refused."""
    return take(path_of(name))


def refused(name: str) -> Refusal:
    with pytest.raises(Refused) as caught:
        taken(name)
    return caught.value.refusal


def take(path: Path, name: str | None = None) -> Taken:
    """Read as a submission to an empty feed is, told nothing but the file and its name. Raises Refused."""
    called = name or path.name
    source = recognise(path, called, SOURCES)
    reading = read(path, source, called, KEY)
    resolution = resolve(reading.rows, pl.DataFrame(schema=state_schema(source)), "a" * 64, False, source)
    fates = {fate.value: lines for fate, lines in reading.fates(resolution.fates).items() if lines}
    rows = snapshot_rows(resolution.state, source)
    aside = pl.concat([reading.aside, resolution.aside]).sort("line")
    return Taken(source.id, reading.encoding, reading.lines, fates, rows, aside, snapshot_digest(rows, source))


def as_table() -> str:
    """The table of the files, in Markdown."""
    columns = [fate.value for fate in Fate]
    lines = [f"| File | Source | Lines | {' | '.join(columns)} | Rows | Digest |", "|---" * (len(columns) + 5) + "|"]
    for one in FILES:
        lines.append(_line(one, columns))
    return "\n".join(lines) + "\n"


def _line(one: Real, columns: list[str]) -> str:
    name = Path(one.path).name
    try:
        found = taken(name)
    except Refused as why:
        return f"| `{name}` | {one.source} | refused: `{why.refusal.code}` |{' |' * (len(columns) + 2)}"
    fates = " | ".join(f"{found.fates[fate]:,}" if fate in found.fates else "" for fate in columns)
    digest = found.digest.removeprefix("sha256:")[:12]
    return f"| `{name}` | {found.source} | {found.lines:,} | {fates} | {found.rows.height:,} | `{digest}` |"


if __name__ == "__main__":
    print(as_table(), end="")  # noqa: T201  # this is what it is run for
