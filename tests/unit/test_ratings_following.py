"""Following consent: no error ends it, what lasts is told, and an older consent store is never followed again."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from services.ratings import following
from services.ratings.__main__ import _back
from services.ratings.assembly.schema import RESULT_KEY
from services.ratings.disclosure import Memory
from services.ratings.following import Follower, OtherHistory
from services.ratings.settings import Settings
from services.ratings.store.remembering import memories, remember
from services.ratings.view.fates import DISCLOSURE_RULE
from shared.contracts.consent import Head
from shared.contracts.views import SINCE_SCHEMA_2, SINCE_SCHEMA_3, SINCE_SCHEMA_4, VIEW_SCHEMA, ViewManifest
from tests.stores import Stores
from tests.unit.replay_rig import replayed
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_database_error_ends_a_turn_and_not_the_follower(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing, turns = True, 0

    def follow(_: Follower) -> list[str]:
        nonlocal turns
        turns += 1
        if failing:
            raise OperationalError("SELECT 1", {}, Exception("database is locked"))
        return []

    with rig_in(tmp_path, stores) as rig:
        monkeypatch.setattr(Follower, "follow", follow)
        monkeypatch.setattr(following, "PATIENCE_SECONDS", 0.1)
        follower = Follower(rig.office, 0.01, 0.01)
        rig.ratings.app.state.follower.stop()  # type: ignore[attr-defined]  # a FastAPI application
        rig.ratings.app.state.follower = follower  # type: ignore[attr-defined]
        assert ready(rig) == "consent is not being followed: the follower has ended"
        follower.start()
        until(lambda: ready(rig) == "consent is not being followed: every turn fails")
        assert turns > 1
        failing = False
        until(lambda: ready(rig) is None)
        follower.stop()
        assert ready(rig) == "consent is not being followed: the follower has ended"


def ready(rig: Rig) -> str | None:
    answer = rig.ratings.get("/health/ready")
    reason: str | None = answer.json().get("reason")
    assert answer.status_code == (200 if reason is None else 503)
    return reason


def test_a_short_failure_is_not_told(stores: Stores, tmp_path: Path) -> None:
    with rig_in(tmp_path, stores) as rig:
        follower = rig.ratings.app.state.follower  # type: ignore[attr-defined]
        follower.failing_since = time.monotonic()
        assert ready(rig) is None
        follower.failing_since = time.monotonic() - 11
        assert ready(rig) == "consent is not being followed: every turn fails"


class Told:
    """What consent says, in place of the peers' answers: a store as its hashes by revision."""

    def __init__(self, *hashes: str, store: str = "s") -> None:
        self.hashes, self.store = [f"sha256:{one * 64}" for one in hashes], store

    def ledger_head_at(self, revision: int) -> str:
        return self.hashes[revision]

    def head(self) -> Head:
        revision = len(self.hashes) - 1
        return Head(store_id=self.store, revision=revision, ledger_head=self.hashes[revision])


@pytest.fixture(scope="module")
def empty(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """For tests of followers that write nothing: what one knows of a history it keeps to itself."""
    with rig_in(tmp_path_factory.mktemp("empty"), stores) as rig:
        yield rig


@pytest.mark.parametrize(
    ("now", "followed"),
    [("abc", True), ("abcd", True), ("ab", False), ("abe", False), ("abef", False), ("abcdef", True)],
)
def test_only_a_store_that_continues_what_was_known_is_followed(
    empty: Rig, monkeypatch: pytest.MonkeyPatch, now: str, followed: bool
) -> None:
    follower = empty.follower()
    follower._check_history(Told(*"abc").head(), [])
    consent = Told(*now)
    monkeypatch.setattr(
        type(empty.office.peers), "ledger_head_at", lambda _, revision: consent.ledger_head_at(revision)
    )
    if followed:
        follower._check_history(consent.head(), [("s", 2), ("another", 99)])
    else:
        for _ in range(2):
            with pytest.raises(OtherHistory):
                follower._check_history(consent.head(), [])
    with pytest.raises(OtherHistory, match="older than a view"):
        empty.follower()._check_history(consent.head(), [("s", 99)])


def test_nothing_is_baked_from_permissions_of_another_history(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the head and the permissions the store is exchanged for one of the same length."""
    with rig_in(tmp_path, stores) as rig:
        load_world(rig, small_world())
        release = rig.publish(rig.build()["release"])["release"]
        gmc = rig.table(release, "rows").drop_nulls("consultant_id")["consultant_id"][0]
        programmes = [one["programme"] for one in rig.consent.get(
            f"/v1/consultants/{gmc}", auth=rig.person("officer")).json()["standings"]]  # fmt: skip
        follower = rig.follower()
        assert follower.follow() == []
        rig.withdraw(gmc, programmes[0])
        right = rig.office.peers.permissions()
        forged = right.model_copy(update={"ledger_head": "sha256:" + "0" * 64})
        with monkeypatch.context() as exchanged:
            exchanged.setattr(type(rig.office.peers), "permissions", lambda _: forged)
            with pytest.raises(OtherHistory):
                follower.follow()
        assert rig.live(release)["view"] == 1
        assert follower.follow() == [release]


def made_by_the_version_before(rig: Rig, release: str) -> None:
    """The release without its model cards and newer columns, and its live view of schema 1."""
    with rig.office.store.transaction() as tx:
        row, pointer = tx.release(release), tx.pointer(release)
        assert pointer is not None
        folder = rig.office.views.path(release, pointer.manifest_sha256)
        results = rig.office.frames.load(row.parts["results"]).drop("robustness_paths", "place_lower", "places_of")
        parts = {name: digest for name, digest in row.parts.items() if name != "models"}
        row.parts = parts | {"results": rig.office.frames.keep(results, RESULT_KEY)}
        manifest = ViewManifest.model_validate_json((folder / "manifest.json").read_bytes())
        kept = [file for file in manifest.files if file.name not in {"models.json", "commentaries.json"}]
        told = manifest.model_copy(update={"view_schema": 1, "files": kept}).model_dump_json().encode()
        files = {file.name: (folder / file.name).read_bytes() for file in kept}
        pointer.manifest_sha256 = rig.office.views.write(release, files, told)
        tx.add(row)
        tx.add(pointer)


def test_a_view_of_the_schema_before_is_baked_anew_from_what_there_is(stores: Stores, tmp_path: Path) -> None:
    with rig_in(tmp_path, stores) as rig:
        load_world(rig, small_world())
        release = rig.publish(rig.build()["release"])["release"]
        before = rig.table(release, "rows")
        assert rig.follower().follow() == []
        made_by_the_version_before(rig, release)
        follower = rig.follower()
        assert follower.follow() == [release]
        assert follower.follow() == []
        manifest = ViewManifest.model_validate_json(rig.file(release, "manifest.json"))
        assert (manifest.view_schema, manifest.view) == (VIEW_SCHEMA, 2)
        assert rig.entries(release, "models") == []
        after = rig.table(release, "rows")
        added = SINCE_SCHEMA_2 | SINCE_SCHEMA_3 | SINCE_SCHEMA_4
        assert after.drop(added).equals(before.drop(added))
        assert after["robustness_paths"].null_count() == after.height


def made_before_the_exact_rule(rig: Rig, release: str) -> None:
    """As the migration leaves a release of the version before: no cells, no policy, nothing but who was hidden since
    when."""
    with rig.office.store.transaction() as tx:
        row, pointer = tx.release(release), tx.pointer(release)
        assert pointer is not None
        row.parts = {name: digest for name, digest in row.parts.items() if name != "cells"}
        row.disclosure, pointer.disclosure = None, None
        tx.add(row)
        tx.add(pointer)
        remember(tx, {key: Memory(one.hidden_since, {}, {}, one.bakes) for key, one in memories(tx).items()})


def test_a_release_from_before_the_exact_rule_is_decided_anew_and_has_nothing_fixed(
    stores: Stores, tmp_path: Path
) -> None:
    """Whoever was hidden counts as a secret for as long; people of several units cover by their cases alone; and a
    replay, which computes cells now, finds the release unchanged."""
    with rig_in(tmp_path, stores) as rig:
        load_world(rig, small_world())
        release = rig.publish(rig.build()["release"])["release"]
        before = rig.table(release, "rows")
        assert set(before["partition"]) == {"fixed", "revocable"}
        made_before_the_exact_rule(rig, release)
        with rig.office.store.reading() as tx:
            were = {key: set(one.hidden_since) for key, one in memories(tx).items()}
        follower = rig.follower()
        assert follower.follow() == [release]
        assert follower.follow() in ([], [release]), "who was a partner may return with the view after this one"
        assert follower.follow() == []
        after = rig.table(release, "rows")
        assert set(after["partition"]) == {"revocable"}
        with rig.office.store.reading() as tx:
            now = memories(tx)
            pointer = tx.pointer(release)
        assert pointer is not None
        assert pointer.disclosure == rig.office.disclosure.digest(DISCLOSURE_RULE)
        for key, one in now.items():
            assert one.secret_since.keys() <= were[key], "nobody who was shown has become a secret"
            assert all(since <= one.bakes for since in one.secret_since.values())
        gone = after.drop_nulls("consultant_id")
        for (indicator, _), one in now.items():
            assert not set(gone.filter(indicator_id=indicator)["consultant_id"]) & set(one.hidden_since)
        assert replayed(rig, release)["report"]["verdict"] == "same"


def test_the_way_back_takes_the_views_along(tmp_path: Path) -> None:
    """The version before does not know their form, and a release's part that it does not know either."""
    with rig_in(tmp_path) as rig:
        load_world(rig, small_world())
        release = rig.publish(rig.build()["release"])["release"]
        with rig.office.store.reading() as tx:
            assert "models" in tx.release(release).parts
    settings = Settings(
        data_dir=tmp_path / "ratings", secrets_dir=tmp_path, people_file=tmp_path / "people.json",
        ingest_url="http://ingest", consent_url="http://consent",
    )  # fmt: skip
    assert list((settings.data_dir / "views").glob("*/*"))
    assert _back(settings, "0003") == 0
    assert not (settings.data_dir / "views").exists()
    with sqlite3.connect(settings.data_dir / "ratings.sqlite") as connection:
        ((parts,),) = connection.execute("select parts from release").fetchall()
    assert sorted(json.loads(parts)) == ["comparisons", "consultants", "members", "providers", "results"]
