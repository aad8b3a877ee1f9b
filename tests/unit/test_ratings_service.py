"""The service through its own doors: drafts, the life cycle, publication, views, and following consent."""

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from services.ratings.store.remembering import memories
from services.ratings.workflow.releases import resume_builds
from shared.contracts.views import ROW_COLUMNS, FunnelCurves, IndicatorEntry, ProviderEntry, ViewManifest
from shared.kit.frames import content_digest
from tests.stores import Stores
from tests.unit.test_ratings_rig import BOTH, Rig, load_world, rig_in, small_world

CARDIAC, VASCULAR = "adult-cardiac-surgery", "vascular-surgery"
PERIOD = "2023-04_2026-03"
RELEASE = "2026-09-30"


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        running.publish(running.build(RELEASE)["release"])
        yield running


@pytest.fixture
def empty(stores: Stores, tmp_path: Path) -> Iterator[Rig]:
    with rig_in(tmp_path, stores) as running:
        yield running


def programme(specialty: str) -> str:
    return f"{specialty}-consultant-outcomes"


def shown(rig: Rig, release: str, level: str = "consultant") -> pl.DataFrame:
    rows = rig.table(release, "rows")
    return rows.filter((pl.col("level") == level) & (pl.col("status") == "published"))


def test_the_reviewed_files_are_listed_with_their_digests(rig: Rig) -> None:
    found = rig.ask("analyst", "GET", "/v1/indicators").json()["indicators"]
    assert len(found) == 26
    assert all(one["digest"].startswith("sha256:") for one in found)
    assert rig.ask("officer", "GET", "/v1/indicators").status_code == 403


def test_an_unchosen_draft_leaves_out_what_has_no_rows(rig: Rig) -> None:
    release = rig.ask("analyst", "GET", f"/v1/releases/{RELEASE}").json()
    assert release["indicators"] == [
        f"{one}-mortality-30d" for one in ("adult-cardiac-surgery", "colorectal-surgery", "vascular-surgery")
    ]
    names = [stage["name"] for stage in release["stages"]]
    assert names[:2] == ["snapshots", "patterns"]
    assert names[-1] == "assemble"
    assert len(release["inputs"]) == 3


def test_two_builds_give_the_same_digest_and_a_second_name(rig: Rig) -> None:
    first = rig.ask("analyst", "GET", f"/v1/releases/{RELEASE}").json()
    second, third = rig.build(RELEASE), rig.build(RELEASE)
    assert [second["release"], third["release"]] == [f"{RELEASE}.2", f"{RELEASE}.3"]
    assert first["results_digest"] == second["results_digest"] == third["results_digest"]
    kept = rig.office.frames.load(first["results_digest"])
    assert content_digest(kept, ["indicator", "period_id", "level", "subject"]) == first["results_digest"]
    assert kept.height == first["results"]


def test_an_explicit_indicator_without_rows_fails_with_a_reason(rig: Rig) -> None:
    failed = rig.build("2026-10-01", ["ny-tavr-mortality"])
    assert failed["build"] == "failed"
    assert failed["failure"] == "no accepted rows in: ny-cardiac"
    assert failed["next_steps"] == []
    refused = rig.ask("analyst", "POST", f"/v1/releases/{failed['release']}/submission")
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    absent = rig.build("2026-10-01", ["thyroid-surgery-mortality-30d"])
    assert absent["failure"] == "no rows for thyroid-surgery-mortality-30d in candour-demo"


def test_nothing_sent_is_a_failed_build_with_a_reason(empty: Rig) -> None:
    failed = empty.build()
    assert failed["build"] == "failed"
    assert "candour-demo" in failed["failure"]


def test_an_unknown_indicator_or_date_is_refused(rig: Rig) -> None:
    for body in ({"date": "2026-09-30", "indicators": ["no-such"]}, {"date": "2026-02-30"}, {"day": "2026-09-30"}):
        refused = rig.ask("analyst", "POST", "/v1/releases", json=body)
        assert (refused.status_code, refused.json()["code"]) == (422, "value_not_allowed")


def test_a_date_that_cannot_be_meant_is_refused(rig: Rig) -> None:
    today = datetime.now(UTC).date()
    for day in ("1999-12-31", str(today + timedelta(days=367)), "9999-12-31", "0026-09-30"):
        refused = rig.ask("analyst", "POST", "/v1/releases", json={"date": day})
        assert (refused.status_code, refused.json()["code"]) == (422, "value_not_allowed")
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["found"]) == ("date", day)
        assert error["expected"].startswith("from 2000-01-01 to 20")
    for day in ("2000-01-01", str(today + timedelta(days=365))):
        assert rig.build(day)["release"] == day


def test_the_same_key_is_the_same_release(rig: Rig) -> None:
    def start(day: str, who: str = "analyst") -> tuple[int, str]:
        key = {"Idempotency-Key": "one-of-a-kind"}
        found = rig.ask(who, "POST", "/v1/releases", json={"date": day}, headers=key)
        return found.status_code, found.json().get("release", found.json().get("code"))

    assert start("2026-11-01") == (202, "2026-11-01")
    assert start("2026-11-01") == (200, "2026-11-01")
    assert start("2026-11-02") == (409, "idempotency_key_reused")
    assert start("2026-11-01", BOTH) == (409, "idempotency_key_reused")  # somebody else's draft
    rig.built("2026-11-01")


def test_a_build_lost_before_its_job_began_is_taken_up_again(rig: Rig) -> None:
    draft = rig.build("2026-11-03")
    with rig.office.store.transaction() as tx:
        row = tx.release(draft["release"])
        row.build, row.results_digest, row.parts = "running", None, {}
        tx.add(row)
    resume_builds(rig.office)
    assert rig.built(draft["release"])["results_digest"] == draft["results_digest"]


def test_the_life_cycle_allows_its_own_steps_only(rig: Rig) -> None:
    release = rig.build("2026-12-01")["release"]

    def take(who: str, step: str) -> tuple[int | str, str]:
        found = rig.ask(who, "POST", f"/v1/releases/{release}/{step}").json()
        return found["status"], found.get("code", "")

    assert take("reviewer", "approval") == (409, "step_not_allowed")
    assert take("publisher", "publication") == (409, "step_not_allowed")
    assert take("publisher", "submission") == (403, "role_not_allowed")
    assert take("analyst", "submission") == ("submitted", "")
    assert take("analyst", "submission") == (409, "step_not_allowed")
    assert take("reviewer", "return") == ("returned", "")
    assert take("analyst", "submission") == ("submitted", "")
    assert take("reviewer", "approval") == (409, "gate_not_answered")
    rig.announce(release)
    assert rig.approve_submitted(release)["status"] == "approved"
    found = rig.ask("reviewer", "GET", f"/v1/releases/{release}").json()
    assert (found["owner"], found["next_steps"]) == ("publisher", ["return", "publication"])
    assert (found["reviewer"], found["submission"]) == ("reviewer", 2)
    with rig.office.store.reading() as tx:
        actions = [entry.action for entry in tx.audited(release) if entry.action.startswith("release.")]
    assert actions == [
        "release.reserved", "release.built", "release.submission", "release.return", "release.submission",
        *["release.check_answered"] * actions.count("release.check_answered"), "release.signed", "release.approval",
    ]  # fmt: skip
    assert release not in {view["release"] for view in rig.gateway("/v1/views").json()["views"]}


def test_nobody_reviews_or_publishes_their_own(rig: Rig) -> None:
    release = rig.build("2026-12-02", who=BOTH)["release"]
    path = f"/v1/releases/{release}"
    assert rig.ask(BOTH, "POST", f"{path}/submission").status_code == 200
    for step in ("return", "approval"):
        refused = rig.ask(BOTH, "POST", f"{path}/{step}")
        assert (refused.status_code, refused.json()["code"]) == (409, "same_person")
    rig.announce(release)
    assert rig.approve_submitted(release)["status"] == "approved"
    refused = rig.ask(BOTH, "POST", f"{path}/publication")
    assert (refused.status_code, refused.json()["code"]) == (409, "same_person")


def test_a_query_that_nobody_understands_is_refused(rig: Rig) -> None:
    refused = rig.ask("analyst", "GET", "/v1/releases?limit=1")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_parameter")


def test_views_are_for_gateways_only(rig: Rig) -> None:
    assert rig.ask("publisher", "GET", "/v1/views").status_code == 403
    assert rig.ratings.get("/v1/views").status_code == 401
    path = f"/v1/releases/{RELEASE}/views/1/files/rows.parquet"
    assert rig.ask("publisher", "GET", path).status_code == 403
    for other in ("views/99/files/rows.parquet", "views/1/files/other.parquet", "views/1/files/..%2fmanifest.json"):
        assert rig.gateway(f"/v1/releases/{RELEASE}/{other}").status_code in (404, 422)


def test_a_view_is_what_its_manifest_says(rig: Rig) -> None:
    live = rig.live(RELEASE)
    written = rig.file(RELEASE, "manifest.json")
    assert hashlib.sha256(written).hexdigest() == live["manifest_sha256"]
    manifest = ViewManifest.model_validate_json(written)
    assert (manifest.view, manifest.synthetic, manifest.consent_revision) == (
        live["view"], True, live["consent_revision"],
    )  # fmt: skip
    assert {file.name for file in manifest.files} == {
        "rows.parquet", "quarantine.parquet", "consultants.parquet", "providers.json", "indicators.json",
        "funnels.json", "models.json", "commentaries.json",
    }  # fmt: skip
    for file in manifest.files:
        data = rig.file(RELEASE, file.name)
        assert (hashlib.sha256(data).hexdigest(), len(data)) == (file.sha256, file.bytes)
    rows = rig.table(RELEASE, "rows")
    assert tuple(rows.columns) == ROW_COLUMNS
    for name, kind in (("indicators", IndicatorEntry), ("providers", ProviderEntry), ("funnels", FunnelCurves)):
        assert [kind.model_validate(entry) for entry in rig.entries(RELEASE, name)]


def test_no_person_without_permission_leaves_any_trace(rig: Rig) -> None:
    world = small_world()
    named = set(world.returns.filter(pl.col("act") == "given")["gmc"])
    others = set(world.register["gmc"]) - named
    assert others
    for file in ViewManifest.model_validate_json(rig.file(RELEASE, "manifest.json")).files:
        data = rig.file(RELEASE, file.name)
        text = pl.read_parquet(io.BytesIO(data)).write_csv() if file.name.endswith("parquet") else data.decode()
        assert not [gmc for gmc in others if gmc in text], file.name


def test_the_follower_bakes_once_for_all_decisions_and_only_when_somebody_changed(empty: Rig) -> None:
    load_world(empty, small_world())
    old = empty.publish(empty.build("2026-09-29")["release"])["release"]
    new = empty.publish(empty.build("2026-09-30")["release"])["release"]
    assert empty.ask("analyst", "GET", f"/v1/releases/{old}").json()["status"] == "superseded"
    follower = empty.follower()
    assert follower.follow() == []
    gone = shown(empty, new).filter(pl.col("indicator_id").str.starts_with(VASCULAR))["consultant_id"].to_list()[:2]
    for gmc in gone:
        empty.withdraw(gmc, programme(VASCULAR))
    assert sorted(follower.follow()) == [old, new]
    assert follower.follow() == []
    head = empty.office.peers.head().revision
    for release in (old, new):
        assert empty.live(release)["view"] == 2
        assert empty.live(release)["consent_revision"] == head
        assert not set(gone) & set(empty.table(release, "rows")["consultant_id"].drop_nulls())
        assert empty.gateway(f"/v1/releases/{release}/views/1/files/manifest.json").status_code == 404
    with empty.office.store.reading() as tx:
        memory = memories(tx)[f"{VASCULAR}-mortality-30d", PERIOD]
    assert memory.bakes == 2 + len(gone) + 1, "two publications, two withdrawals one after the other, one bake"
    assert [memory.secret_since[gmc] for gmc in gone] == [3, 4]
    assert 1 in memory.hidden_since.values()
    for release in (old, new):
        of_vascular = shown(empty, release).filter(pl.col("indicator_id").str.starts_with(VASCULAR))
        assert not set(memory.hidden_since) & set(of_vascular["consultant_id"])
    manifest = json.loads(empty.file(old, "manifest.json"))
    assert "supersedes" not in manifest
    assert json.loads(empty.file(new, "manifest.json"))["supersedes"] == old


def test_permission_that_went_and_came_back_gets_a_new_view(empty: Rig) -> None:
    """Gateways hid the rows at the withdrawal; only a view that is newer than it brings them back."""
    load_world(empty, small_world())
    release = empty.publish(empty.build(RELEASE)["release"])["release"]
    gmc = shown(empty, release).filter(pl.col("indicator_id").str.starts_with(CARDIAC))["consultant_id"][0]
    follower = empty.follower()
    empty.withdraw(gmc, programme(CARDIAC))
    empty.give(gmc, programme(CARDIAC))
    assert follower.follow() == [release]
    assert gmc in shown(empty, release)["consultant_id"].to_list()
    assert empty.live(release)["consent_revision"] == empty.office.peers.head().revision


def test_a_decision_about_nobody_in_the_release_bakes_nothing(empty: Rig) -> None:
    load_world(empty, small_world())
    release = empty.publish(empty.build(RELEASE, [f"{CARDIAC}-mortality-30d"])["release"])["release"]
    follower = empty.follower()
    gmc = small_world().register.filter(pl.col("programme") == programme(VASCULAR))["gmc"][0]
    empty.withdraw(gmc, programme(VASCULAR))
    assert follower.follow() == []
    assert follower.follow() == []
    assert empty.live(release)["view"] == 1


def test_publication_without_consent_changes_nothing(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    release = rig.build("2026-10-03")["release"]
    rig.approve(release)
    rig.sign(release, "publisher")
    before = rig.gateway("/v1/views").json()
    monkeypatch.setattr(rig.office.peers.consent, "auth", None)  # consent now refuses ratings
    refused = rig.ask("publisher", "POST", f"/v1/releases/{release}/publication")
    assert (refused.status_code, refused.json()["code"]) == (502, "peer_refused")
    assert rig.gateway("/v1/views").json() == before
    assert rig.ask("publisher", "GET", f"/v1/releases/{release}").json()["status"] == "approved"
