"""The gateway and the consent service itself, each on a socket: registration, confirmation, a name taken, a store
that was put back."""

import asyncio
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.consent.__main__ import MIGRATIONS
from services.consent.app import create_app
from services.consent.settings import Settings
from services.gateway.deadlines import DEADLINES
from shared.contracts.consent import Gateways, Head, Registration
from shared.kit.migrating import migrate
from tests.unit.inflight_rig import guarded, long_view
from tests.unit.test_consent_rig import CARDIAC, OWN, House, build_house, has_compared
from tests.unit.test_gateway_baked import ADAMS, FIXED, first_view, key_of
from tests.unit.test_gateway_registration import statuses
from tests.unit.test_gateway_world import A_LONG_TIME, PATIENT, Listening, World, world

QUIET = 3600.0
PERSON, NEW_YORK = f"/consultants/{ADAMS}", f"/results?indicator={FIXED}"


class Beside:
    """The consent service in a folder of its own, and an officer's and a gateway's way to ask it."""

    def __init__(self, house: House, settings: Settings) -> None:
        self.house, self.settings = house, settings
        self.at = Listening(create_app(settings))
        has_compared(self.at.app)

    def gateways(self) -> Gateways:
        answer = httpx.get(
            f"{self.at.url}/v1/gateways", auth=self.house.person("officer"), trust_env=False, timeout=A_LONG_TIME
        )
        return Gateways.model_validate_json(answer.content)

    def register(self, name: str) -> Registration:
        own = self.house.service("gateway")
        answer = httpx.put(f"{self.at.url}/v1/gateways/{name}", auth=own, trust_env=False, timeout=A_LONG_TIME)
        return Registration.model_validate_json(answer.content)

    def store(self) -> str:
        answer = httpx.get(
            f"{self.at.url}/v1/head", auth=self.house.service("ratings"), trust_env=False, timeout=A_LONG_TIME
        )
        return Head.model_validate_json(answer.content).store_id

    def officer(self, method: str, path: str, **options: Any) -> httpx.Response:
        auth, url = self.house.person("officer"), self.at.url + path
        found = httpx.request(method, url, auth=auth, trust_env=False, timeout=A_LONG_TIME, **options)
        assert found.is_success, found.text
        return found

    def named(self, gmc: str) -> tuple[str, int]:
        """Somebody is registered and gives consent: the key that gateways know them by, and the revision."""
        lines = f"gmc,name,programme\n{gmc},Dr Ann Adams,{CARDIAC}\n"
        csv = {"Content-Type": "text/csv"}
        self.officer("POST", "/v1/imports", params={"kind": "register"}, content=lines.encode(), headers=csv)
        known = self.officer("GET", f"/v1/consultants/{gmc}").json()["standings"][0]["revision"]
        said = {"programme": CARDIAC, "purpose": OWN, "act": "given", "channel": "letter", "notice": {"version": 1}}
        where = f"/v1/consultants/{gmc}/decisions"
        given = self.officer("POST", where, json=said, headers={"If-Match": f'"{known}"'}).json()
        after = {"after": given["revision"] - 1, "upto": given["revision"]}
        own = self.house.service("gateway")
        answer = httpx.get(f"{self.at.url}/v1/changes", params=after, auth=own, trust_env=False, timeout=A_LONG_TIME)
        return answer.json()["changes"][0]["key"], given["revision"]

    def withdraw(self, gmc: str) -> str:
        said = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
        return str(self.officer("POST", f"/v1/consultants/{gmc}/withdrawal", json=said).json()["decision"])

    def effective(self, decision: str, wait: float = A_LONG_TIME) -> str:
        """What is said of it: as soon as it is not `waiting`, or after so many seconds."""
        until = time.monotonic() + wait
        while True:
            params = {"wait": min(wait, 10)}  # the most that the service waits
            said = str(self.officer("GET", f"/v1/decisions/{decision}", params=params).json()["effective"]["status"])
            if said != "waiting" or time.monotonic() >= until:
                return said

    def stop(self) -> None:
        self.at.stop()

    def start_with(self, files: Path) -> None:
        """Again on its port, with these files for its own."""
        shutil.rmtree(self.settings.data_dir)
        shutil.copytree(files, self.settings.data_dir)
        self.at.app = create_app(self.settings)
        self.at.start()
        has_compared(self.at.app)


@contextmanager
def both(folder: Path) -> Iterator[tuple[World, Beside]]:
    """A world whose consent is the real one; its ledger is empty, and the view was baked at its start."""
    house = build_house(folder / "secrets")
    settings = house.settings(folder / "consent")
    migrate(settings.database("consent"), MIGRATIONS)
    with world(folder, first_view()) as made:
        made.consent_at.stop()
        beside = Beside(house, settings)
        made.consent_at = beside.at  # which the world stops at its end
        made.ratings.publish(first_view(store=beside.store(), consent_revision=0))
        yield made, beside


async def confirmed(beside: Beside, name: str) -> None:
    late = time.monotonic() + A_LONG_TIME
    while time.monotonic() < late:
        found = {one.gateway: one.applied for one in (await asyncio.to_thread(beside.gateways)).gateways}
        if found.get(name) == 0:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(found)


def test_two_gateways_register_and_confirm_and_one_whose_name_is_taken_is_closed(tmp_path: Path) -> None:
    async def scenario(made: World, beside: Beside) -> None:
        async with made.gateway(poll_seconds=QUIET) as one, made.gateway(poll_seconds=QUIET, name="gateway-2") as other:
            for gateway, name in ((one, "gateway"), (other, "gateway-2")):
                assert await statuses(gateway, PERSON, NEW_YORK) == [200, 200]
                await confirmed(beside, name)
            await asyncio.to_thread(beside.register, "gateway")
            assert await statuses(one, PERSON, NEW_YORK) == [503, 200]
            assert await statuses(other, PERSON, NEW_YORK) == [200, 200]
            assert (await one.client.get("/health/ready")).status_code == 503
            assert (await other.client.get("/health/ready")).status_code == 200

    with both(tmp_path) as (made, beside):
        asyncio.run(scenario(made, beside))


def test_a_store_from_before_the_registration_is_registered_with_again(tmp_path: Path) -> None:
    async def scenario(made: World, beside: Beside) -> None:
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await statuses(gateway, PERSON) == [200]
            await asyncio.to_thread(beside.stop)
            assert await statuses(gateway, PERSON, NEW_YORK) == [503, 200]
            await asyncio.to_thread(beside.start_with, tmp_path / "yesterday")
            assert "gateway" not in [one.gateway for one in (await asyncio.to_thread(beside.gateways)).gateways]
            await gateway.reaches_consent()
            assert await statuses(gateway, PERSON, NEW_YORK) == [200, 200]
            await confirmed(beside, "gateway")

    with both(tmp_path) as (made, beside):
        beside.stop()
        shutil.copytree(beside.settings.data_dir, tmp_path / "yesterday")
        beside.start_with(tmp_path / "yesterday")
        asyncio.run(scenario(made, beside))


def test_a_registration_that_stands_in_a_queue_shuts_nobody_out(tmp_path: Path) -> None:
    """A busy disk, a large import: consent cannot write for longer than the gateway waits for one answer."""

    async def scenario(made: World, beside: Beside) -> None:
        busy = sqlite3.connect(beside.settings.data_dir / "consent.sqlite", isolation_level=None)
        busy.execute("BEGIN IMMEDIATE")
        async with made.gateway(name="gateway-2", deadlines=DEADLINES) as gateway:
            until = time.monotonic() + 5.0
            while time.monotonic() < until:
                assert (await statuses(gateway, PERSON)) == [503]
                await asyncio.sleep(0.02)
            busy.execute("ROLLBACK")
            busy.close()
            gateway.wait_for_consent(PATIENT)
            await confirmed(beside, "gateway-2")
            await asyncio.sleep(1.0)  # whatever was still on its way has arrived
            kept = sqlite3.connect(beside.settings.data_dir / "consent.sqlite")
            ((incarnation,),) = kept.execute("SELECT incarnation FROM gateway WHERE name = 'gateway-2'").fetchall()
            kept.close()
            assert incarnation.startswith("1-")  # all that were on their way were one
            late = time.monotonic() + A_LONG_TIME
            while await statuses(gateway, PERSON, NEW_YORK) != [200, 200]:  # a check of before may still end badly
                assert time.monotonic() < late
            assert (await gateway.client.get("/health/ready")).status_code == 200

    with both(tmp_path) as (made, beside):
        asyncio.run(scenario(made, beside))


def shown(made: World, beside: Beside, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long view in which Adams is who the real ledger says."""
    key, revision = beside.named(ADAMS)
    monkeypatch.setattr("tests.unit.test_gateway_baked.key_of", lambda gmc: key if gmc == ADAMS else key_of(gmc))
    view = long_view()
    view.store, view.consent_revision = beside.store(), revision
    made.ratings.publish(view)


def test_effective_means_that_nothing_of_hers_is_still_going_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with both(tmp_path) as (made, beside):
        shown(made, beside, monkeypatch)
        with guarded(made) as here:
            with_her, without = here.reader("/results.ndjson"), here.reader("/results.ndjson?provider=ZZ002")
            for reader in (with_her, without):
                reader.read_until(b"200 OK")
                reader.sent.settled()
            assert beside.effective(beside.withdraw(ADAMS)) == "effective"
            effective = time.monotonic()
            assert with_her.read_to_the_end() == "reset"
            assert with_her.sent.after(effective) == 0
            assert without.read_until(b'"status":"end"')
            assert here.reader(PERSON).read_until(b"\r\n").startswith(b"HTTP/1.1 404")
            for reader in (with_her, without):
                reader.close()


def test_nobody_waits_for_a_process_whose_lock_another_has_or_which_has_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is gone without a word, like one that was killed; its successor says so, answers, and leaves in order."""

    async def scenario(made: World, beside: Beside) -> None:
        with monkeypatch.context() as silent:
            silent.setattr("services.gateway.confirming.Confirmer.leave", _says_nothing)
            async with made.gateway(poll_seconds=QUIET) as gateway:
                assert await statuses(gateway, PERSON) == [200]
        decision = await asyncio.to_thread(beside.withdraw, ADAMS)
        assert await asyncio.to_thread(beside.effective, decision, 0.3) == "waiting"
        async with made.gateway(poll_seconds=QUIET) as gateway:
            assert await statuses(gateway, PERSON) == [404]
            assert await asyncio.to_thread(beside.effective, decision) == "effective"
        assert (await asyncio.to_thread(beside.gateways)).gateways == []

    with both(tmp_path) as (made, beside):
        shown(made, beside, monkeypatch)
        asyncio.run(scenario(made, beside))


async def _says_nothing(_: object) -> None:
    """A process that was killed."""
