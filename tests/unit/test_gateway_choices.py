"""How many were asked, and who refused, through the gateway and the consent service itself, each on a socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.consent.__main__ import MIGRATIONS
from services.consent.app import create_app
from services.gateway.barrier import ConsentUnreachable
from services.gateway.choices import Shared
from services.gateway.choosing import Choosing
from services.gateway.inflight import Connection, InFlight
from services.gateway.view.depends import DependsOn, DependsOnLedger
from shared.contracts.consent import Head, Refusals
from shared.kit.migrating import migrate
from tests.unit.test_consent_law import policy_folder
from tests.unit.test_consent_refusals import BASIS, NAMING, SWITCH
from tests.unit.test_consent_rig import CARDIAC, OWN, Clock, House, build_house, has_compared
from tests.unit.test_gateway_baked import MIXED, Baked, first_view
from tests.unit.test_gateway_world import A_LONG_TIME, Gateway, Listening, World, world

REFUSED, CHANGED, SILENT = "9900101", "9900102", "9900103"
GIVEN = [f"99002{number:02}" for number in range(40)]
REFUSALS, PAGE, SHARES = f"/refusals?programme={CARDIAC}", "/refusals", "/participation"


class Asking(Baked):
    """A view whose revocable indicator belongs to a programme."""

    def files(self) -> dict[str, bytes]:
        files = super().files()
        entries = json.loads(files["indicators.json"])
        changed = [one | ({"programme": CARDIAC} if one["id"] == MIXED else {}) for one in entries]
        return files | {"indicators.json": json.dumps(changed).encode()}


@dataclass
class Office:
    """The consent service on a socket, with its clock in the test's hand."""

    house: House
    folder: Path
    clock: Clock = field(default_factory=lambda: Clock(datetime(2026, 9, 1, 9, tzinfo=UTC)))

    def __post_init__(self) -> None:
        settings = self.house.settings(self.folder / "consent", policy_dir=policy_folder(self.folder / "policy"))
        migrate(settings.database("consent"), MIGRATIONS)
        self.at = Listening(create_app(settings, self.clock))
        has_compared(self.at.app)

    def ask(self, who: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        auth, url = self.house.person(who), self.at.url + path
        found = httpx.request(method, url, auth=auth, trust_env=False, timeout=A_LONG_TIME, **options)
        assert found.is_success, found.text
        return dict(found.json())

    def load(self, kind: str, lines: list[str]) -> None:
        csv, body = {"Content-Type": "text/csv"}, "\n".join(lines).encode() + b"\n"
        report = self.ask("officer", "POST", "/v1/imports", params={"kind": kind}, content=body, headers=csv)
        assert report["quarantined"] == 0, report

    def two(self, path: str, body: dict[str, Any]) -> None:
        made = self.ask("steward", "POST", path, json=body)
        where = f"/v1/proposals/{made['proposal']}/approval"
        self.ask("steward-2", "POST", where, json={"digest": made["digest"]})

    def decide(self, gmc: str, act: str, **more: Any) -> None:
        body = {"programme": CARDIAC, "purpose": OWN, "act": act, "channel": "letter"} | more
        head = {"If-Match": self.tag(gmc)} if act == "given" else {}
        self.ask("officer", "POST", f"/v1/consultants/{gmc}/decisions", json=body, headers=head)

    def tag(self, gmc: str) -> str:
        url = f"{self.at.url}/v1/consultants/{gmc}"
        return httpx.get(url, auth=self.house.person("officer"), trust_env=False).headers["ETag"]

    def off(self) -> None:
        self.ask("steward", "DELETE", f"/v1/switches/{NAMING}/{CARDIAC}")

    def everybody_answers(self) -> None:
        people = [*GIVEN, REFUSED, CHANGED, SILENT]
        self.load("register", ["gmc,name,programme", *(f"{gmc},Dr {gmc},{CARDIAC}" for gmc in people)])
        lines = [f"{gmc},{CARDIAC},{OWN},given,1,2026-08-31," for gmc in GIVEN]
        self.load("returns", ["gmc,programme,purpose,act,notice_version,decided_on,evidence", *lines])
        for gmc, reason in ((REFUSED, "privacy"), (CHANGED, "other")):
            self.decide(gmc, "refused", reason=reason)
        self.decide(SILENT, "asked", notice={"version": 1})
        for gmc in people:
            self.decide(gmc, "asked", purpose=NAMING, notice={"version": 2})


@contextmanager
def both(folder: Path) -> Iterator[tuple[World, Office]]:
    house = build_house(folder / "secrets")
    with world(folder, Asking(**vars(first_view()))) as made:
        made.consent_at.stop()
        office = Office(house, folder)
        made.consent_at = office.at
        url, own = f"{office.at.url}/v1/head", house.service("ratings")
        head = Head.model_validate_json(httpx.get(url, auth=own, trust_env=False).content)
        made.ratings.publish(Asking(**vars(first_view(store=head.store_id, consent_revision=0))))
        office.two("/v1/legal-bases", BASIS | {"valid_from": "2026-09-01"})
        office.everybody_answers()
        office.clock.now = datetime(2026, 10, 1, 9, tzinfo=UTC)
        yield made, office


async def page(gateway: Gateway, path: str) -> httpx.Response:
    return await gateway.client.get(path, headers={"Accept": "text/html"})


def bare(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Without what differs between any two answers."""
    return (
        answer.status_code,
        answer.content,
        {k: v for k, v in answer.headers.items() if k not in {"x-request-id", "date"}},
    )


def test_both_from_two_real_services(tmp_path: Path) -> None:
    async def scenario(made: World, office: Office) -> None:
        async with made.gateway() as gateway:
            await off(gateway)
            before = [bare(await gateway.get(REFUSALS)), bare(await page(gateway, PAGE))]
            await asyncio.to_thread(office.two, "/v1/switches", SWITCH)
            await on(gateway, office)
            await asyncio.to_thread(office.off)
            assert [bare(await gateway.get(REFUSALS)), bare(await page(gateway, PAGE))] == before

    async def off(gateway: Gateway) -> None:
        nowhere = await page(gateway, "/no-such-page")
        assert bare(await page(gateway, PAGE)) == bare(nowhere)
        found = await gateway.get(REFUSALS)
        assert (found.status_code, found.json()["code"]) == (404, "not_found")
        assert found.headers["Cache-Control"] == "no-store"

    async def on(gateway: Gateway, office: Office) -> None:
        found = await gateway.get(REFUSALS)
        assert found.json()["data"] == [
            {
                "name": f"Dr {REFUSED}",
                "reason": {"code": "privacy", "label": found.json()["data"][0]["reason"]["label"]},
            },
            {"name": f"Dr {CHANGED}", "reason": {"code": "other", "label": "Another reason"}},
        ]
        assert found.json()["meta"]["total"] == 2
        assert found.headers["Cache-Control"] == "public, no-cache"
        assert found.headers["Access-Control-Allow-Origin"] == "*"
        assert "Last-Modified" not in found.headers
        shown = await page(gateway, PAGE)
        assert (shown.status_code, shown.text.count("<title>")) == (200, 1)
        assert f"Dr {REFUSED}" in shown.text
        assert f"Dr {SILENT}" not in shown.text
        assert f"Dr {GIVEN[0]}" not in shown.text
        same = await gateway.get(REFUSALS, headers={"If-None-Match": found.headers["ETag"]})
        assert same.status_code == 304
        await asyncio.to_thread(office.decide, CHANGED, "given", notice={"version": 1})
        now = await gateway.get(REFUSALS, headers={"If-None-Match": found.headers["ETag"]})
        assert (now.status_code, [one["name"] for one in now.json()["data"]]) == (200, [f"Dr {REFUSED}"])
        latest = await gateway.get(f"/v1/releases/latest{REFUSALS}")
        assert latest.headers["Content-Location"] == f"/v1/releases/2026-09-30{REFUSALS}"

    with both(tmp_path) as (made, office):
        asyncio.run(scenario(made, office))


def test_how_many_were_asked_stays_as_it_was_when_the_release_was_published(tmp_path: Path) -> None:
    async def scenario(made: World, office: Office) -> None:
        async with made.gateway() as gateway:
            first = await gateway.get(SHARES)
            (share,) = first.json()["data"]
            assert share | {"label": ""} == {
                "status": "published", "programme": CARDIAC, "label": "", "asked": 43, "may_be_named": {"at_least": 75},
            }  # fmt: skip
            assert first.json()["meta"]["as_at"] == "2026-09-30T08:30:00Z"
            assert first.headers["Cache-Control"] == "public, max-age=300"
            shown = await page(gateway, SHARES)
            assert "At least 75 in 100" in shown.text
            assert "Dr " not in shown.text
            assert "/participation" in (await page(gateway, "/data")).text
            for gmc in GIVEN[:30]:
                body = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
                path = f"/v1/consultants/{gmc}/withdrawal"
                await asyncio.to_thread(office.ask, "officer", "POST", path, json=body)
            assert (await gateway.get(SHARES)).content == first.content
            await asyncio.to_thread(office.at.stop)
            assert (await gateway.get(SHARES)).content == first.content
            for answer in (await gateway.get(REFUSALS), await gateway.client.get(PAGE)):
                assert answer.status_code == 503
            assert (await gateway.get(REFUSALS)).json()["code"] == "consent_unreachable"
        async with made.gateway(name="gateway-2") as fresh:
            assert (await fresh.get(SHARES)).status_code == 503
        await asyncio.to_thread(office.at.start)
        async with made.gateway(name="gateway-3") as fresh:
            assert (await fresh.get(SHARES)).content == first.content

    with both(tmp_path) as (made, office):
        asyncio.run(scenario(made, office))


def test_what_is_wrongly_asked_is_refused(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            for path, parameter in (("/refusals", "programme"), ("/refusals?programme=none", "programme")):
                found = await gateway.get(path)
                assert (found.status_code, found.json()["errors"][0]["parameter"]) == (422, parameter)
            assert (await gateway.get(f"{REFUSALS}&name=x")).json()["code"] == "unknown_parameter"
            assert (await gateway.get(f"{SHARES}?at=2026-01-01")).json()["code"] == "unknown_parameter"

    with both(tmp_path) as (made, _):
        asyncio.run(scenario(made))


class Said:
    """Consent's answers, one after another: the revision of each list."""

    def __init__(self, *revisions: int, store: str = "store-a") -> None:
        self.revisions, self.store = list(revisions), store

    async def refusals(self) -> Refusals | None:
        return Refusals(store_id=self.store, revision=self.revisions.pop(0), programmes=[])


@asynccontextmanager
async def choosing(folder: Path, said: Said) -> AsyncIterator[Choosing]:
    """A gateway that has applied revision 10, and what consent says to it."""
    with world(folder, first_view()) as made:
        async with made.gateway() as gateway:
            await gateway.get("/results")
            answers = gateway.app.state.answers
            yield Choosing(answers.live, answers.barrier, said)  # type: ignore[arg-type]  # as much of it as is asked


@pytest.mark.parametrize(("revisions", "taken"), [((10,), 10), ((9, 11), 11), ((9, 9, 9), None)])
def test_a_list_from_before_what_is_in_force_is_never_shown(
    tmp_path: Path, revisions: tuple[int, ...], taken: int | None
) -> None:
    """Another reader's check has applied, and perhaps confirmed, a revision that the list does not know."""

    async def scenario() -> None:
        async with choosing(tmp_path, Said(*revisions)) as made:
            if taken is None:
                with pytest.raises(ConsentUnreachable):
                    await made.refusals()
            else:
                found = await made.refusals()
                assert found is not None
                assert found.revision == taken

    asyncio.run(scenario())


def test_a_list_of_another_store_is_never_shown(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with choosing(tmp_path, Said(99, store="store-b")) as made:
            with pytest.raises(ConsentUnreachable):
                await made.refusals()

    asyncio.run(scenario())


def test_readers_share_only_an_ask_that_begins_after_they_came() -> None:
    async def scenario() -> None:
        begun: list[int] = []
        goes = asyncio.Event()

        async def ask() -> Refusals | None:
            begun.append(len(begun))
            number = len(begun)
            await goes.wait()
            return Refusals(store_id="s", revision=number, programmes=[])

        shared = Shared(ask)
        early = asyncio.create_task(shared())
        await asyncio.sleep(0.01)
        late = [asyncio.create_task(shared()) for _ in range(5)]
        await asyncio.sleep(0.01)
        assert begun == [0]
        goes.set()
        found = [await early, *(await asyncio.gather(*late))]
        assert [one.revision for one in found if one] == [1, 2, 2, 2, 2, 2]

    asyncio.run(scenario())


class Wire:
    """A transport that has taken nothing yet."""

    aborted = False

    def write(self, data: bytes) -> None: ...
    def get_write_buffer_size(self) -> int:
        return 1

    def get_extra_info(self, _name: str) -> None:
        return None

    def abort(self) -> None:
        self.aborted = True


def test_what_says_who_refused_is_cut_at_the_next_revision_whoever_it_concerns(tmp_path: Path) -> None:
    async def scenario() -> None:
        with world(tmp_path, first_view()) as made:
            async with made.gateway() as gateway:
                view = gateway.app.state.answers.find("latest")
                wires = [Wire(), Wire()]
                in_flight = InFlight()
                for wire, depends_on in zip(wires, (DependsOn(view), DependsOnLedger(view, revision=12)), strict=True):
                    in_flight.open(Connection(wire), depends_on)  # type: ignore[arg-type]
                in_flight.applied(12)
                assert [wire.aborted for wire in wires] == [False, False]
                in_flight.applied(13)
                assert [wire.aborted for wire in wires] == [False, True]
                in_flight.close()

    asyncio.run(scenario())
