"""Figures that others have published, from their real files to the public: each as its publisher printed it, with its
period and source, and nobody judged whom the publisher has not judged."""

import csv
import io
import uuid
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from cli import load, release
from cli.calls import Service
from tests.system.house import ROOT, House
from tests.system.quick_release import through

DATA: Final = ROOT.parent / "shared" / "data"
DATE: Final = "2026-09-30"
INDICATORS: Final = [
    "ae-major-within-4-hours", "ae-waits-over-12-hours", "cancer-diagnosis-within-28-days", "cqc-practice-rating",
    "proms-hip-replacement-eq5d-gain", "proms-hip-replacement-oxford-gain", "proms-knee-replacement-oxford-gain",
    "rtt-waits-over-18-weeks", "rtt-waits-over-52-weeks", "shmi-trust-mortality",
]  # fmt: skip
SHMI_PERIODS: Final = {
    "2011-october": "2010-04_2011-03", "2012-january": "2010-07_2011-06", "2012-april": "2010-10_2011-09",
    "2012-july": "2011-01_2011-12", "2012-october": "2011-04_2012-03", "2013-january": "2011-07_2012-06",
    "2013-april": "2011-10_2012-09",
}  # fmt: skip
FILES: Final = (
    *(("shmi", f"nhs-shmi/shmi-{one}.csv") for one in (
        "2011-october", "2012-january", "2012-april", "2012-july", "2012-october", "2013-january", "2013-april",
    )),
    *(("ae-monthly", f"nhs-waits/monthly-ae/ae_{one}.csv") for one in ("2024-06", "2024-09", "2025-03")),
    ("rtt-waits", "nhs-waits/rtt_trust_2022.csv"),
    ("cancer-waits", "nhs-waits/cancer_wait_times_trust_2022.csv"),
    ("proms-series", "nhs-proms/time_series_hip_and_knee_1819_without_2016_2017.csv"),
    ("cqc-gp-ratings", "nhs-gp/cqc_gp_ratings_2024.csv"),
    ("practice-profile", "nhs-gp/practice_profile_2023.csv"),
    ("ods-trusts", "nhs-ods/etr_2022.csv"),
)  # fmt: skip
BAND: Final = {
    "above_control": "1", "above_warning": "1", "within": "2", "below_warning": "3", "below_control": "3",
}  # fmt: skip
BAND_WORDS: Final = {"1": "Higher than expected", "2": "As expected", "3": "Lower than expected"}
Line = dict[str, str]
pytestmark = pytest.mark.skipif(not (DATA / "nhs-shmi").is_dir(), reason="../shared/data is not beside this checkout")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with every file loaded, and one release of plain indicators published."""
    house = House(tmp_path_factory.mktemp("plain"))
    house.up()
    try:
        house.demo_release = published_in(house)
        yield house
    finally:
        code = house.down()
    assert code == 0


def published_in(house: House) -> str:
    def service(name: str, account: str) -> Service:
        return Service(name, account, house.accounts[account], house.urls[name])

    for feed, path in FILES:
        submission = load.send(service("ingest", "steward"), feed, DATA / path)
        assert submission["state"] == "checked", submission
    draft = release.new_draft(service("ratings", "analyst"), uuid.uuid4().hex, DATE, INDICATORS)
    assert draft["build"] == "done", draft
    name = str(draft["release"])
    through(house.urls, house.accounts, name)
    house.wait_published(name)
    return name


@pytest.fixture(scope="module")
def lines(plain: House) -> dict[str, list[Line]]:
    """Every row of the public CSV, by indicator."""
    with reader(plain) as client:
        answer = client.get(f"/v1/releases/{plain.demo_release}/results.csv")
        assert answer.status_code == 200, answer.text
    found: dict[str, list[Line]] = {}
    for row in csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))):
        found.setdefault(row["indicator_id"], []).append(row)
    return found


def reader(house: House) -> httpx.Client:
    return httpx.Client(base_url=house.url(), timeout=60, trust_env=False)


def pages(client: httpx.Client, path: str, **asked: Any) -> Iterator[dict[str, Any]]:
    """Every row of a listing, page after page."""
    answer = client.get(path, params={**asked, "limit": 500})
    while True:
        assert answer.status_code == 200, answer.text
        body = answer.json()
        yield from body["data"]
        if "next" not in body["links"]:
            return
        answer = client.get(body["links"]["next"])


def sent(path: Path, encoding: str = "utf-8-sig") -> list[Line]:
    with path.open(encoding=encoding, newline="") as text:
        return list(csv.DictReader(text))


def test_shmi_limits_and_bands_are_the_published_ones_1010_of_1010(plain: House) -> None:
    """As the public reads them, page by page: ratio, limits at four decimals, and band."""
    with reader(plain) as client:
        rows = pages(client, f"/v1/releases/{plain.demo_release}/results", indicator="shmi-trust-mortality")
        served = {(one["period"]["id"], one["subject"]["id"]): one for one in rows}
    compared, blank = 0, 0
    for name, period in SHMI_PERIODS.items():
        for printed in sent(DATA / "nhs-shmi" / f"shmi-{name}.csv", "cp1252"):
            if not printed["EXPECTED"]:  # the blank line and the copyright at the end of the last release
                blank += 1
                continue
            row = served.pop((period, printed["PROVIDER"]))
            value, comparison = row["value"], row["comparison"]
            limits = comparison["limits"]["warning"]
            assert (value["observed"], value["denominator"]) == (int(printed["OBSERVED"]), int(printed["DENOMINATOR"]))
            assert value["estimate"] == float(printed["VALUE"]), printed
            assert (limits["lower"], limits["upper"]) == (float(printed["OD_LL"]), float(printed["OD_UL"])), printed
            assert BAND[comparison["position"]] == printed["OD_BANDING"], printed
            assert row["words"]["summary"] == BAND_WORDS[printed["OD_BANDING"]]
            assert comparison["limits"]["method"] == "overdispersed"
            assert "rank_interval" not in row
            compared += 1
    assert (compared, blank, served) == (1010, 2, {})


def test_every_share_of_a_month_is_that_of_the_publishers_counts(lines: dict[str, list[Line]]) -> None:
    served = {(row["period_start"], row["provider_id"]): row for row in lines["ae-major-within-4-hours"]}
    for _, path in (one for one in FILES if one[0] == "ae-monthly"):
        month = Path(path).stem.removeprefix("ae_")
        for printed in sent(DATA / path):
            came = sum(int(printed[f"A&E attendances {which}Type 1"]) for which in ("", "Booked Appointments "))
            late = sum(int(printed[f"Attendances over 4hrs {which}Type 1"]) for which in ("", "Booked Appointments "))
            if came == 0 or printed["Org Code"].strip().lower() == "total":
                continue
            row = served.pop((f"{month}-01", printed["Org Code"]))
            assert (row["observed"], row["denominator"]) == (str(came - late), str(came))
            assert abs(float(row["estimate"]) - 100 * (came - late) / came) <= 0.05 + 1e-9
            assert float(row["interval_lower"]) <= float(row["estimate"]) <= float(row["interval_upper"])
            assert (row["comparison_status"], row["position"], row["band"]) == ("", "", "")
    assert served == {}


def test_waits_that_a_trust_has_not_told_are_absent_with_a_reason(lines: dict[str, list[Line]]) -> None:
    printed = {row["Trust Code"]: row for row in sent(DATA / "nhs-waits" / "rtt_trust_2022.csv")
               if row["Referral Treatment Type"] in ("Incomplete Pathways", "NA")}  # fmt: skip
    rows = lines["rtt-waits-over-18-weeks"]
    assert {row["provider_id"] for row in rows} == set(printed)
    for row in rows:
        told = printed[row["provider_id"]]
        if told["Total Waiting List"] == "NA":
            assert (row["status"], row["reason"], row["estimate"]) == ("not_available", "not_submitted", "")
        else:
            assert row["status"] == "published"
            assert abs(float(row["estimate"]) - 100 * float(told["% Waiting 18+ Weeks"])) <= 0.05 + 1e-9
    assert sum(row["status"] != "published" for row in rows) == 44


def test_who_was_told_in_time_is_as_the_publisher_counted(lines: dict[str, list[Line]]) -> None:
    printed = {row["Trust Code"]: row for row in sent(DATA / "nhs-waits" / "cancer_wait_times_trust_2022.csv")
               if row["Standard"] in ("28 Days FDS", "NA")}  # fmt: skip
    rows = lines["cancer-diagnosis-within-28-days"]
    assert {row["provider_id"] for row in rows} == set(printed)
    for row in rows:
        told = printed[row["provider_id"]]
        if told["Total Treated"] == "NA":
            assert (row["status"], row["reason"], row["estimate"]) == ("not_available", "not_submitted", "")
        else:
            assert (row["observed"], row["denominator"]) == (told["Within Standard"], told["Total Treated"])
            assert abs(float(row["estimate"]) - 100 * int(row["observed"]) / int(row["denominator"])) <= 0.05 + 1e-9
    assert sum(row["status"] != "published" for row in rows) == 73


def test_proms_are_the_publishers_gain_and_class(lines: dict[str, list[Line]]) -> None:
    file = "time_series_hip_and_knee_1819_without_2016_2017.csv"
    printed = {row["OrgCode"]: row for row in sent(DATA / "nhs-proms" / file)
               if (row["Procedure"], row["Measure"]) == ("Hip Replacement Primary", "Oxford Hip Score")}  # fmt: skip
    absent = {"Insufficient records": "small_numbers", "No procedures": "not_applicable"}
    assert {row["provider_id"] for row in lines["proms-hip-replacement-oxford-gain"]} == set(printed) - {"England"}
    for row in lines["proms-hip-replacement-oxford-gain"]:
        told = printed[row["provider_id"]]
        if told["Outlier_2018"] in absent:
            assert (row["reason"], row["estimate"]) == (absent[told["Outlier_2018"]], "")
        else:
            assert abs(float(row["estimate"]) - float(told["Adjusted_Health_Gain_2018"])) <= 0.0005 + 1e-9
            assert (row["summary"], row["band"]) == (told["Outlier_2018"], "")


def test_a_practice_has_its_rating_only_where_two_doctors_are_known(lines: dict[str, list[Line]]) -> None:
    doctors = {row["practice_code"]: int(row["total_gp_hc"]) for row in sent(DATA / "nhs-gp/practice_profile_2023.csv")
               if row["total_gp_hc"] != "NA"}  # fmt: skip
    ratings: dict[tuple[str, str], set[str]] = {}
    for row in sent(DATA / "nhs-gp" / "cqc_gp_ratings_2024.csv"):
        ratings.setdefault((row["Practice.Code"], row["Year"]), set()).add(row["latest_rating"])
    rows = lines["cqc-practice-rating"]
    shown = [row for row in rows if row["status"] == "published"]
    for row in shown:
        assert doctors[row["provider_id"]] >= 2
        assert {row["word"]} <= ratings[row["provider_id"], row["period_start"][:4]]
        assert (row["estimate"], row["provider_kind"], row["partition"]) == ("", "gp-practice", "fixed")
    held = [row for row in rows if row["status"] != "published"]
    assert {(row["status"], row["reason"], row["word"]) for row in held} == {("not_published", "not_published", "")}
    assert not any(doctors.get(row["provider_id"], 0) >= 2 for row in held)
    assert len(shown) > 5000
    assert any(doctors.get(row["provider_id"]) == 1 for row in held)


def test_figures_of_several_publishers_stand_side_by_side_each_with_its_period_and_source(plain: House) -> None:
    """On the page of one trust, and in the answer that the page is made of."""
    with reader(plain) as client:
        base = f"/v1/releases/{plain.demo_release}"
        rows = list(pages(client, f"{base}/results", provider="RJ1"))
        entries = {one["id"]: one for one in client.get(f"{base}/indicators").json()["data"]}
        page = client.get("/providers/RJ1", headers={"Accept": "text/html"}, follow_redirects=True)
    found = {one["indicator"]["id"] for one in rows}
    assert {"shmi-trust-mortality", "ae-major-within-4-hours", "rtt-waits-over-18-weeks"} <= found
    assert len({one["period"]["id"] for one in rows}) >= 11, "seven of SHMI, three months, April 2022"
    assert page.status_code == 200
    for one in found:
        assert escape(entries[one]["source"]) in page.text
        assert entries[one]["licence"] == "OGL-UK-3.0"
    assert entries["ae-major-within-4-hours"]["recipe"] == "published"


def test_the_release_is_computed_again_with_the_same_digests(plain: House) -> None:
    told = plain.run("verify", plain.demo_release).stdout.splitlines()[-1]
    assert told == f"{plain.demo_release}: the same, 1 run, 1 digest"
