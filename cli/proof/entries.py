"""Which published files the proof reads: a name for each, the source that describes its layout, and where it lies."""

from pathlib import Path
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """`path` is relative to the folder of the data."""

    entry: str
    source: str
    path: str


SHMI: Final = {
    "2011-10": "2011-october", "2012-01": "2012-january", "2012-04": "2012-april", "2012-07": "2012-july",
    "2012-10": "2012-october", "2013-01": "2013-january", "2013-04": "2013-april",
}  # fmt: skip
ENTRIES: Final = (
    Entry("ny-hospitals", "ny-cardiac", "ny-cardiac/hospital_2008_2015.csv"),
    Entry("ny-cabg-2011", "ny-cardiac", "ny-cardiac/hospital_cabg_2011_extract_2015.csv"),
    Entry("ny-cabg-2003", "ny-cabg-2003", "ny-cardiac/hospital_cabg_2003.csv"),
    *(Entry(f"shmi-{month}", "shmi", f"nhs-shmi/shmi-{name}.csv") for month, name in SHMI.items()),
    Entry("proms-hip-records", "proms-hip-records", "nhs-proms/hip_replacement_provider_1819.csv"),
    Entry("proms-published", "proms-published", "nhs-proms/provcomm_hip_and_knee_1819.csv"),
    Entry("proms-series", "proms-series", "nhs-proms/time_series_hip_and_knee_1819_without_2016_2017.csv"),
    Entry("cms-star-input", "cms-star-input", "us-cms/star_rating_2021-04_input.csv"),
    Entry("cms-star-output", "cms-star-output", "us-cms/star_rating_2021-04_output.csv"),
    Entry("cms-outcomes", "cms-outcomes", "us-cms/outcome-of-care-measures.csv"),
    Entry("prevalence", "prevalence", "phe/prevalence_data.csv"),
    Entry("medpar", "medicare-arizona", "us-medicare-az/medpar.csv"),
    Entry("uk-cardiac", "uk-cardiac", "uk-cardiac-surgery/cardiacsurgery_day1_1460.csv"),
    Entry("california", "california", "ca-hospitals/inpatient_mortality_2012.csv"),
)


def missing_in(data: Path) -> list[str]:
    """Files of the proof that are not under `data`."""
    return [one.path for one in ENTRIES if not (data / one.path).is_file()]


def beside_the_checkout() -> Path | None:
    """`../shared/data` from the folder that holds this package, where that is a folder."""
    data = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return data if data.is_dir() else None
