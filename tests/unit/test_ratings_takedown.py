"""Taking a release down, and views under several processes: one bakes, a lost turn changes nothing, a missing folder
heals."""

import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.ratings.app import sweep_views
from services.ratings.following import Follower
from services.ratings.problems import BakedMeanwhile
from services.ratings.store.store import Store
from services.ratings.workflow.baking import prepare_view, prepare_views
from services.ratings.workflow.office import Office
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

CARDIAC = ["adult-cardiac-surgery-mortality-30d"]
PROGRAMME = "adult-cardiac-surgery-consultant-outcomes"
FIRST, SECOND, THIRD = "2026-09-28", "2026-09-30", "2026-09-29"  # in the order of their publication

FLIPS = {"release.publication", "release.baked"}


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        for day in (FIRST, SECOND, THIRD):
            running.publish(running.build(day, CARDIAC)["release"])
        yield running


def another_process(rig: Rig) -> Office:
    """The same files and the same database, opened once more."""
    store = Store(rig.office.store.database.engine.url.render_as_string(hide_password=False))
    return replace(rig.office, store=store)


def audited(rig: Rig, release: str) -> Counter[tuple[str, int]]:
    """Views that went live, each with how often."""
    with rig.office.store.reading() as tx:
        return Counter((one.action, one.detail["view"]) for one in tx.audited(release) if one.action in FLIPS)


def names_of(rig: Rig, release: str) -> list[str]:
    return list(rig.table(release, "rows").drop_nulls("consultant_id")["consultant_id"].unique().sort())


def test_of_several_followers_one_bakes(rig: Rig) -> None:
    before = {one: rig.live(one)["view"] for one in (FIRST, SECOND, THIRD)}
    gmc = names_of(rig, THIRD)[0]
    followers = [Follower(another_process(rig), 3600, 0) for _ in range(4)]
    for follower in followers:
        assert follower.follow() == []
    rig.withdraw(gmc, PROGRAMME)
    with ThreadPoolExecutor(4) as pool:
        baked = list(pool.map(lambda one: one.follow(), followers))
    assert sorted(release for one in baked for release in one) == sorted((FIRST, SECOND, THIRD))
    for release, view in before.items():
        assert rig.live(release)["view"] == view + 1
        assert audited(rig, release)[("release.baked", view + 1)] == 1
    assert gmc not in names_of(rig, THIRD)
    for follower in followers:
        assert follower.follow() == []


def test_a_bake_whose_pointer_moved_is_thrown_away(rig: Rig) -> None:
    """As when the database crashed in the middle, and another process got the turn."""
    office, permissions = another_process(rig), rig.office.peers.permissions()
    slow, fast = (prepare_view(one, SECOND, permissions, datetime.now(UTC)) for one in (office, rig.office))
    with rig.office.store.transaction() as tx:
        fast.flip(tx)
    live = rig.live(SECOND)
    with pytest.raises(BakedMeanwhile), office.store.transaction() as tx:
        slow.flip(tx)
    assert rig.live(SECOND) == live
    other = prepare_view(office, SECOND, permissions, datetime.now(UTC))
    again = prepare_view(rig.office, FIRST, permissions, datetime.now(UTC))
    with rig.office.store.transaction() as tx:
        again.flip(tx)
    with pytest.raises(BakedMeanwhile), office.store.transaction() as tx:
        other.flip(tx)  # who may be hidden in one release depends on what the others show
    assert rig.live(SECOND) == live
    assert rig.file(SECOND, "rows.parquet")


def test_live_views_whose_folders_are_gone_are_baked_again(rig: Rig) -> None:
    before = {one: rig.live(one)["view"] for one in (FIRST, SECOND, THIRD)}
    rows = rig.table(THIRD, "rows")
    shutil.rmtree(rig.office.views.folder)
    rig.office.views.folder.mkdir()
    assert rig.gateway(f"/v1/releases/{THIRD}/views/{before[THIRD]}/files/rows.parquet").status_code == 404
    assert sorted(rig.follower().follow()) == sorted(before)
    for release, view in before.items():
        assert rig.live(release)["view"] == view + 1
    assert rig.table(THIRD, "rows").equals(rows)
    assert rig.follower().follow() == []


def test_only_a_publisher_takes_a_release_down_and_says_why(rig: Rig) -> None:
    path = f"/v1/releases/{SECOND}/takedown"
    assert rig.ask("reviewer", "POST", path, json={"reason": "wrong feed"}).status_code == 403
    for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 1001}, {"reason": "x", "more": 1}):
        assert rig.ask("publisher", "POST", path, json=body).status_code == 422
    draft = rig.build("2026-10-01", CARDIAC)["release"]
    refused = rig.ask("publisher", "POST", f"/v1/releases/{draft}/takedown", json={"reason": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "step_not_allowed")
    assert rig.live(SECOND)["status"] == "superseded"
    assert rig.ask("publisher", "GET", f"/v1/releases/{SECOND}").json()["next_steps"] == ["takedown"]


def test_what_was_published_before_is_current_again(rig: Rig) -> None:
    follower = rig.follower()
    view = rig.live(THIRD)["view"]
    taken = rig.ask("publisher", "POST", f"/v1/releases/{THIRD}/takedown", json={"reason": "wrong feed"})
    assert (taken.status_code, taken.json()["status"], taken.json().get("view")) == (200, "taken_down", None)
    assert taken.json()["next_steps"] == []
    again = rig.ask("publisher", "POST", f"/v1/releases/{THIRD}/takedown", json={"reason": "wrong feed"})
    assert (again.status_code, again.json()["code"]) == (409, "step_not_allowed")
    index = {one["release"]: one["status"] for one in rig.gateway("/v1/views").json()["views"]}
    assert index == {SECOND: "published", FIRST: "superseded"}
    assert rig.gateway(f"/v1/releases/{THIRD}/views/{view}/files/rows.parquet").status_code == 404
    assert list((rig.office.views.folder / THIRD).iterdir()) == []
    with rig.office.store.reading() as tx:
        down, up = tx.audited(THIRD)[-1], tx.audited(SECOND)[-1]
    assert (down.actor, down.action, down.detail) == (
        "publisher", "release.takedown", {"reason": "wrong feed", "view": view},
    )  # fmt: skip
    assert (up.action, up.detail) == ("release.reinstated", {"instead_of": THIRD})
    rig.withdraw(names_of(rig, SECOND)[0], PROGRAMME)
    assert sorted(follower.follow()) == [FIRST, SECOND]


def test_a_superseded_release_goes_and_the_current_one_stays(rig: Rig) -> None:
    taken = rig.ask("publisher", "POST", f"/v1/releases/{FIRST}/takedown", json={"reason": "asked to"})
    assert taken.json()["status"] == "taken_down"
    assert [(one["release"], one["status"]) for one in rig.gateway("/v1/views").json()["views"]] == [
        (SECOND, "published")
    ]


def test_the_next_release_supersedes_the_one_that_is_current_again(rig: Rig) -> None:
    published = rig.publish(rig.build("2026-10-02", CARDIAC)["release"])["release"]
    index = {one["release"]: one["status"] for one in rig.gateway("/v1/views").json()["views"]}
    assert index == {published: "published", SECOND: "superseded"}
    for release, current in ((published, SECOND), (SECOND, None)):
        rig.ask("publisher", "POST", f"/v1/releases/{release}/takedown", json={"reason": "all of them"})
        shown = [one["release"] for one in rig.gateway("/v1/views").json()["views"] if one["status"] == "published"]
        assert shown == ([current] if current else [])
    assert audited(rig, SECOND).most_common(1)[0][1] == 1


def test_a_decision_taken_while_a_release_waits_neither_blocks_nor_stales_it(rig: Rig) -> None:
    """It is signed, then somebody withdraws; it is published as it was signed, without them, and so is every other
    readable release at that moment: all go live in one transaction."""
    waiting = rig.build("2026-10-03", CARDIAC)["release"]
    other = rig.publish(rig.build("2026-10-04", CARDIAC)["release"])["release"]
    before = rig.live(other)["view"]
    rig.approve(waiting)
    rig.sign(waiting, "publisher")
    gmc = names_of(rig, other)[0]
    rig.withdraw(gmc, PROGRAMME)
    assert rig.step("publisher", waiting, "publication")["status"] == "published"
    assert gmc not in names_of(rig, waiting) + names_of(rig, other)
    assert names_of(rig, waiting) == names_of(rig, other)
    assert rig.live(other)["view"] == before + 1
    with rig.office.store.reading() as tx:
        together = {one.id: pointer.consent_revision for one, pointer in tx.readable()}
    assert set(together.values()) == {rig.office.peers.head().revision}
    assert rig.follower().follow() == []


def test_of_a_flip_that_was_cut_off_the_former_views_go_at_the_next_start(rig: Rig) -> None:
    """All pointers have moved, and the process died before it removed what they had named."""
    shown = [one["release"] for one in rig.gateway("/v1/views").json()["views"]]
    prepared = prepare_views(rig.office, shown, rig.office.peers.permissions())
    with rig.office.store.transaction() as tx:
        prepared.flip(tx)
    folders = {one: sorted(path.name for path in (rig.office.views.folder / one).iterdir()) for one in shown}
    assert {len(there) for there in folders.values()} == {2}
    sweep_views(rig.office)
    live = {one["release"]: one["manifest_sha256"] for one in rig.gateway("/v1/views").json()["views"]}
    left = {one: [path.name for path in (rig.office.views.folder / one).iterdir()] for one in shown}
    assert left == {one: [live[one]] for one in shown}
