"""Whoever is measured sees their rows first, byte for byte as the public will, and nobody else sees anything."""

import asyncio
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import polars as pl
import pytest

from shared.contracts.told import OwnResults
from shared.contracts.views import ViewManifest
from tests.stores import Stores
from tests.unit.test_gateway_baked import STORE
from tests.unit.test_gateway_world import World, world
from tests.unit.test_ratings_rig import Rig
from tests.unit.told_rig import RELEASE, Json, Told, told_in


@dataclass(frozen=True)
class Served:
    """The live view of a release as the gateway's tests serve one: its files as ratings wrote them, its consent the one
    of that world."""

    rig: Rig
    release: str
    status: str = "published"
    consent_revision: int = 10

    @property
    def view(self) -> int:
        return int(self.rig.live(self.release)["view"])

    def files(self) -> dict[str, bytes]:
        named = ViewManifest.model_validate_json(self.rig.file(self.release, "manifest.json")).files
        return {one.name: self.rig.file(self.release, one.name) for one in named}

    def manifest(self, files: dict[str, bytes]) -> bytes:
        told = ViewManifest.model_validate_json(self.rig.file(self.release, "manifest.json"))
        assert {one.name: one.sha256 for one in told.files} == {
            name: hashlib.sha256(data).hexdigest() for name, data in files.items()
        }
        changed = {"consent_store": STORE, "consent_revision": self.consent_revision, "supersedes": None}
        return told.model_copy(update=changed).model_dump_json().encode()


Everybody = dict[tuple[str, str], list[Json]]


@pytest.fixture(scope="module")
def engine() -> str:
    """What is shown here is read from files; what is written is tested on both engines in test_told_answers."""
    return "sqlite"


@pytest.fixture(scope="module")
def told(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        running.submitted()
        yield running


def subjects(told: Told, level: str) -> list[str]:
    return sorted(told.results().filter(pl.col("level") == level)["subject"].unique())


@pytest.fixture(scope="module")
def everybody(told: Told) -> Everybody:
    """What each level and subject sees before anybody has said anything."""
    return {
        (level, subject): told.own(level, subject)
        for level in ("consultant", "provider") for subject in subjects(told, level)
    }  # fmt: skip


def first(everybody: Everybody, level: str, partition: str, *, invited: bool) -> tuple[str, str]:
    """A subject, and the id of a row of theirs that the public will see."""
    for (of, subject), rows in everybody.items():
        for one in rows if of == level else ():
            if (one["public"], one["invited"], one["result"]["partition"]) == ("shown", invited, partition):
                return subject, str(one["result"]["id"])
    raise AssertionError("the invented audit has no such row")


def test_everybody_sees_their_own_rows_and_no_others(told: Told, everybody: Everybody) -> None:
    results = told.results()
    for (level, subject), rows in everybody.items():
        own = results.filter((pl.col("level") == level) & (pl.col("subject") == subject))
        keys = sorted((one["result"]["indicator"]["id"], one["result"]["period"]["id"]) for one in rows)
        assert keys == own.select("indicator", "period_id").sort(pl.all()).rows()
        of = {(one["result"]["subject"]["level"], one["result"]["subject"]["id"]) for one in rows}
        assert of == {(level, subject)}


def test_the_answer_is_of_the_contract(told: Told) -> None:
    for level in ("consultant", "provider"):
        account = told.be({"consultant": "consultant", "provider": "lead"}[level], subjects(told, level)[0])
        found = OwnResults.model_validate_json(told.look(account).content)
        assert found.level == level
        assert [(one.release, one.status, one.open) for one in found.releases] == [(RELEASE, "not_yet_published", True)]
        assert str(found.releases[0].window_until) == "2026-06-29"


def test_who_is_not_named_sees_their_own_figures_and_is_told_that_the_public_will_not(everybody: Everybody) -> None:
    rows = [one for (level, _), own in everybody.items() for one in own if level == "consultant"]
    told_so = {
        public: [one for one in rows if one["public"] == public] for public in ("shown", "not_named", "not_shown")
    }
    assert all(told_so.values())
    for one in told_so["not_named"] + told_so["not_shown"]:
        assert one["result"]["status"] == "published"
        assert one["result"]["value"]["denominator"] > 0
    assert not any("basis" in one["result"] for one in told_so["not_named"])
    assert all("may be named" in one["says"] for one in told_so["not_named"])
    assert not any("may be named" in one["says"] for one in told_so["not_shown"])


def test_a_unit_whose_figures_are_kept_back_sees_what_the_public_will(everybody: Everybody) -> None:
    rows = [one for (level, _), own in everybody.items() for one in own if level == "provider"]
    hidden = [one for one in rows if one["public"] != "shown"]
    assert hidden
    for one in hidden:
        assert one["public"] == "not_shown"
        assert one["result"]["status"] in {"suppressed", "not_published"}
        assert "value" not in one["result"]


def test_an_account_without_a_record_has_none(told: Told) -> None:
    for account in ("consultant", "lead", "practice"):
        told.be(account, None)
        refused = told.rig.ask(account, "GET", "/v1/me/results")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    told.be("practice", "Z00001")
    assert told.look("practice").json() == {"level": "provider", "subject": "Z00001", "releases": []}


def test_a_practice_is_a_provider_with_an_account_of_another_role(told: Told) -> None:
    unit = subjects(told, "provider")[0]
    rows = told.own("provider", unit)
    told.be("practice", unit)
    assert told.look("practice").json()["releases"][0]["results"] == rows


def test_the_public_gets_the_very_bytes_that_were_previewed(
    told: Told, everybody: Everybody, tmp_path: Path
) -> None:  # fmt: skip
    """For every row of everybody: fixed and revocable, with a reply, without, and with none by the last day."""
    unit, fixed = first(everybody, "provider", "fixed", invited=False)
    consultant, revocable = first(everybody, "consultant", "revocable", invited=True)
    for account, result in ((told.be("lead", unit), fixed), (told.be("consultant", consultant), revocable)):
        replied = told.say(account, result, "We have asked others to look.\nSecond line: “ü”.")
        assert told.moderate(replied.json()["sent"]["number"]).status_code == 200
    asked = {"result": fixed, "records": "Three of May", "about": "They were not ours.", "disputed": True}
    query = told.rig.ask("lead", "POST", "/v1/queries", json=asked, headers={"Idempotency-Key": "one"}).json()
    settled = {"answer": "They were yours.", "data_changed": False}
    told.rig.done("steward", "POST", f"/v1/queries/{query['number']}/answer", json=settled)
    previewed = {
        one["result"]["id"]: (one, seen)
        for level in ("consultant", "provider") for subject in subjects(told, level)
        for one, seen in _with_bytes(told, level, subject)
    }  # fmt: skip
    told.publish()
    public = _public_bytes(told, tmp_path, list(previewed))
    assert set(public) == {
        one for one, (own, _) in previewed.items() if own["public"] == "shown" or own["result"]["status"] != "published"
    }
    for result, body in public.items():
        own, seen = previewed[result]
        assert body == orjson.dumps(own["result"])
        assert body in seen
    bodies = {result: orjson.loads(body) for result, body in public.items()}
    assert {one["partition"] for one in bodies.values()} == {"fixed", "revocable"}
    shown = [one["reply"] for one in bodies.values() if one["status"] == "published"]
    assert {one["status"] for one in shown} == {"none", "given", "not_received"}
    assert {"status": "not_received", "invited_until": "2026-06-29"} in shown
    for result, author in ((fixed, "lead clinician"), (revocable, "consultant")):
        assert bodies[result]["reply"] == {
            "status": "given", "author": author, "received": "2026-06-01",
            "text": "We have asked others to look.\nSecond line: “ü”.",
        }  # fmt: skip
    assert bodies[fixed]["quality"]["flags"] == ["disputed"]
    assert told.look("lead").json()["releases"] == []


def _with_bytes(told: Told, level: str, subject: str) -> list[tuple[Json, bytes]]:
    account = told.be({"consultant": "consultant", "provider": "lead"}[level], subject)
    answer = told.look(account)
    (release,) = (one for one in answer.json()["releases"] if one["release"] == RELEASE)
    return [(one, answer.content) for one in release["results"]]


def _public_bytes(told: Told, folder: Path, results: list[str]) -> dict[str, bytes]:
    """What a gateway answers to each id, of those that it knows."""

    async def scenario(made: World) -> dict[str, bytes]:
        async with made.gateway() as gateway:
            answers = {one: await gateway.get(f"/v1/releases/{RELEASE}/results/{one}") for one in results}
        assert {answer.status_code for answer in answers.values()} <= {200, 404}
        return {one: answer.content for one, answer in answers.items() if answer.status_code == 200}

    with world(folder, Served(told.rig, RELEASE)) as made:  # type: ignore[arg-type]  # what its ratings takes
        return asyncio.run(scenario(made))
