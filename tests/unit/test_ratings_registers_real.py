"""A merged trust from its publishers' own files to a reader: SHMI's releases, the register of trusts, who took over."""

import asyncio
import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.ratings.assembly.succession import links_of, successions_of
from shared.contracts.consent import Change
from shared.contracts.releases import ReadableView
from tests.unit.case_rig import be
from tests.unit.test_gateway_world import world
from tests.unit.test_ratings_rig import DATA, Rig, rig_in

RELEASE = "2026-09-30"
SHMI, TRUSTS = "shmi-trust-mortality", DATA / "nhs-ods" / "etr_2022.csv"
DSPT = DATA / "nhs-ods" / "dspt_status_2022_02.csv"
QUARTERS = ("shmi-2011-october.csv", "shmi-2012-october.csv", "shmi-2013-april.csv")
PARTS = ("rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
         "funnels.json", "models.json", "commentaries.json", "manifest.json")  # fmt: skip
Told = dict[str, list[dict[str, Any]]]
pytestmark = pytest.mark.skipif(not TRUSTS.exists(), reason="../shared/data is not beside this checkout")


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rig, Told]]:
    """A published release of three SHMI releases; every name of an organisation is in them or in the register. Beside
    it what each lead was told of their own results before."""
    with rig_in(tmp_path_factory.mktemp("rig")) as made:
        for name in QUARTERS:
            made.send("shmi", (DATA / "nhs-shmi" / name).read_bytes(), name=name)
        made.send("ods-trusts", TRUSTS.read_bytes(), name="etr.csv")
        successions = b"provider,successor,since,authority\n5QT,R1F,2012-04-01,The establishment order\n"
        made.send("organisation-successions", successions, name="organisation-successions.csv")
        made.build(RELEASE, [SHMI])
        made.announce(RELEASE)
        made.step("analyst", RELEASE, "submission")
        told = {code: own_results(made, code) for code in ("R1F", "5QT", "RJ1")}
        checks = {one["check"]: one for one in made.gate(RELEASE)["checks"]}
        assert checks["preview"]["now"]["have_looked"] == 3, "5QT, R1F and RJ1, once each"
        made.approve_submitted(RELEASE)
        made.sign(RELEASE, "publisher")
        made.step("publisher", RELEASE, "publication")
        yield made, told


def own_results(rig: Rig, code: str) -> list[dict[str, Any]]:
    be(rig, "lead", code)
    return [one for release in rig.done("lead", "GET", "/v1/me/results")["releases"] for one in release["results"]]


@pytest.fixture(scope="module")
def rig(reviewed: tuple[Rig, Told]) -> Rig:
    return reviewed[0]


def test_who_took_over_sees_first_what_will_stand_under_their_code(reviewed: tuple[Rig, Told]) -> None:
    """The very rows that the public reads there; whoever has an account of the former code sees its own."""
    rig, told = reviewed
    public = {row["id"]: row for row in rig.table(RELEASE, "rows").iter_rows(named=True)}
    for code, periods in (("R1F", 3), ("5QT", 2), ("RJ1", 3)):
        bodies = [one["result"] for one in told[code]]
        assert len({body["period"]["id"] for body in bodies}) == len(bodies) == periods
        for body in bodies:
            row = public[body["id"]]
            assert body["subject"]["id"] == row["provider_id"]
            assert body["subject"].get("reported_as", {}).get("id") == row["reported_as_id"]
            assert body["value"]["estimate"] == row["estimate"]
    assert {one["result"]["subject"]["id"] for one in told["R1F"] + told["5QT"]} == {"R1F"}


def test_the_view_says_of_whom_each_figure_was_published(rig: Rig) -> None:
    rows = rig.table(RELEASE, "rows").filter(pl.col("provider_id") == "R1F").sort("period_end")
    assert rows.select("period_id", "estimate", "provider_name", "reported_as_id", "reported_as_name").rows() == [
        ("2010-04_2011-03", 1.1882, "ISLE OF WIGHT NHS TRUST", "5QT", "ISLE OF WIGHT NHS PRIMARY CARE TRUST"),
        ("2011-04_2012-03", 1.0734, "ISLE OF WIGHT NHS TRUST", "5QT", "ISLE OF WIGHT NHS PRIMARY CARE TRUST"),
        ("2011-10_2012-09", 1.0609, "ISLE OF WIGHT NHS TRUST", None, None),
    ]  # fmt: skip
    every = rig.table(RELEASE, "rows")
    assert every.height == 147 + 142 + 142
    assert every["reported_as_id"].drop_nulls().to_list() == ["5QT", "5QT"]


def test_the_register_gives_the_facts_and_only_next_of_kin_are_listed(rig: Rig) -> None:
    entries = {one["id"]: one for one in rig.entries(RELEASE, "providers")}
    newer, before = entries["R1F"], entries["5QT"]
    assert (newer["town"], newer["postcode"], newer["opened"]) == ("NEWPORT", "PO30 5TG", "2012-04-01")
    assert (newer["active"], newer["region"], newer["register_source"]) == (
        True, "South East", "NHS Organisation Data Service",
    )  # fmt: skip
    assert (before["active"], before["region"]) == (False, "Not stated")
    assert before["register_source"].startswith("Health and Social Care Information Centre")
    shown = set(rig.table(RELEASE, "rows")["provider_id"]) | {"5QT"}
    assert set(entries) == shown  # of 218 trusts of the register those that have a result, and who came before


def test_a_reader_finds_it_under_both_codes(rig: Rig, tmp_path: Path) -> None:
    files = {name: rig.file(RELEASE, name) for name in PARTS}
    manifest = json.loads(files["manifest.json"])
    entry = ReadableView(
        release=RELEASE, view=manifest["view"], status="published", consent_revision=manifest["consent_revision"],
        manifest_sha256=hashlib.sha256(files["manifest.json"]).hexdigest(),
    )  # fmt: skip

    async def read() -> list[Any]:
        async with made.gateway() as gateway:
            return [
                await gateway.client.get(path)
                for path in (
                    f"/v1/releases/{RELEASE}/providers/R1F/results", f"/v1/releases/{RELEASE}/results?provider=5QT",
                    f"/v1/releases/{RELEASE}/providers?q=po30", "/providers/R1F", "/providers/5QT",
                )
            ]  # fmt: skip

    with world(tmp_path) as made:
        made.consent.store = manifest["consent_store"]
        made.consent.log = [Change(revision=one + 1) for one in range(manifest["consent_revision"])]
        made.ratings.views[RELEASE] = (entry, files)
        newer, before, place, page, ended = asyncio.run(read())
    assert newer.json()["meta"]["total"] == 3
    assert before.json()["meta"]["total"] == 2
    assert {one["subject"]["reported_as"]["id"] for one in before.json()["data"]} == {"5QT"}
    assert [one["id"] for one in place.json()["data"]] == ["R1F"]
    told = "which became ISLE OF WIGHT NHS TRUST on 1 April 2012."
    assert told in page.text
    assert told in ended.text


def test_successors_of_commissioners_as_the_toolkit_names_them() -> None:
    """Real chains and forks, by code: who was split has no heir, everybody else the one who came last."""
    with DSPT.open(newline="", encoding="utf-8") as lines:
        rows = [(one["Code"], one["Successor.Code"]) for one in csv.DictReader(lines) if one["Successor.Code"]]
    pairs = pl.DataFrame(rows, schema={"provider": pl.String, "successor": pl.String}, orient="row")
    known = {code for pair in rows for code in pair}
    found = successions_of(links_of([pairs], date(2026, 1, 1)), known)
    forked = {code for code in pairs["provider"] if pairs.filter(provider=code)["successor"].n_unique() > 1}
    heirs = dict(found.filter("heir").select("provider", "successor").iter_rows())
    assert set(heirs) == set(pairs["provider"]) - forked
    assert all(heirs[code] == after for code, after in rows if code in heirs and after not in heirs)
