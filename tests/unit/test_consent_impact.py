"""How much a withdrawal would hide, as an officer is told: by the ratings service itself, or not at all."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.consent import peers
from services.consent.peers import Ratings, ratings_of
from shared.contracts.consent import Purpose
from shared.contracts.impact import Impact
from shared.kit.secretfiles import make_secret, read_secret
from shared.kit.tokens import ServiceToken
from tests.browsers import Browser
from tests.stores import Stores
from tests.unit.test_consent_rig import Rig as Desk
from tests.unit.test_consent_rig import build_house, running
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

RELEASE, OWN = "2026-09-30", Purpose.OWN_FIGURES.value
REFUSED = "http://127.0.0.1:1"  # nobody listens on this port
COUNTS = '{"rows":0,"releases":[]}'


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: nothing here is written."""
    return "sqlite"


def asking(application: object, rig: Rig) -> Ratings:
    """Consent's client, of an application in this process."""
    token = ServiceToken("consent", "ratings", read_secret(rig.secrets, "consent-ratings"))
    over = httpx.ASGITransport(application)  # type: ignore[arg-type]  # an ASGI application
    return Ratings(httpx.AsyncClient(transport=over, base_url="http://ratings", auth=token))


def app_of(rig: Rig) -> FastAPI:
    app = rig.consent.app
    assert isinstance(app, FastAPI)
    return app


@pytest.fixture(scope="module")
def rig(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        load_world(running, small_world())
        running.publish(running.build(RELEASE)["release"])
        app_of(running).state.ratings = asking(running.ratings.app, running)
        yield running


@pytest.fixture
def shown(rig: Rig) -> tuple[str, str, str]:
    """Programme, number and key of somebody whom the release shows, and colleagues with them."""
    keys = set(rig.table(RELEASE, "quarantine")["key"])
    listed = rig.office.peers.permissions().programmes
    of = [(part.programme, one.subject, one.key) for part in listed for one in part.named if one.key in keys]
    return sorted(of)[0]


def told(rig: Rig, gmc: str, who: str = "officer", **params: str) -> httpx.Response:
    found: httpx.Response = rig.consent.get(f"/v1/consultants/{gmc}/impact", params=params, auth=rig.person(who))
    return found


def page(rig: Rig, gmc: str, programme: str, who: str = "officer") -> tuple[httpx.Response, str]:
    """The page about them as the record leads to it, and where the record is."""
    browser = Browser(app_of(rig))
    assert browser.sign_in(who, rig.passwords[who], "/console/sign-in").status_code == 303
    where = browser.send(browser.get("/console/people"), "/console/people/find", number=gmc).headers["location"]
    address = f"{where}/impact?programme={programme}&purpose={OWN}"
    assert address.replace("&", "&amp;") in browser.get(where).text
    return browser.get(address), str(where)


@pytest.mark.parametrize("who", ["officer", "auditor"])
def test_the_counts_are_those_of_the_view_that_gateways_have(rig: Rig, shown: tuple[str, str, str], who: str) -> None:
    programme, gmc, key = shown
    answer = told(rig, gmc, who, programme=programme, purpose=OWN)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), answer.text
    found = Impact.model_validate_json(answer.content)
    hidden = rig.table(RELEASE, "quarantine").filter(key=key)["row"].n_unique()
    assert (found.rows, [one.release for one in found.releases]) == (hidden, [RELEASE])
    assert found.releases[0].own > 0


@pytest.mark.parametrize("who", ["officer", "auditor"])
def test_the_page_counts_and_names_nobody_else(rig: Rig, shown: tuple[str, str, str], who: str) -> None:
    programme, gmc, _ = shown
    counts = Impact.model_validate_json(told(rig, gmc, programme=programme, purpose=OWN).content).releases[0]
    found, where = page(rig, gmc, programme, who)
    assert found.status_code == 200
    assert (
        f"<td>{counts.rows}</td><td>{counts.own}</td><td>{counts.colleagues}</td><td>{counts.units}</td>" in found.text
    )
    assert (f"{where}/withdrawal?" in found.text) == (who == "officer")
    world = small_world()
    others = world.consultants.filter(world.consultants["gmc"] != gmc)
    named = [*others["gmc"], *others["name"], *world.providers["name"]]
    assert [one for one in named if str(one) in found.text] == []


def test_what_does_not_apply_to_the_person_is_not_found(rig: Rig, shown: tuple[str, str, str]) -> None:
    programme, gmc, _ = shown
    assert told(rig, gmc, programme="no-programme", purpose=OWN).status_code == 404
    assert told(rig, "9999999", programme=programme, purpose=OWN).status_code == 404
    assert told(rig, gmc, programme=programme, purpose="anything").json()["code"] == "value_not_allowed"
    assert told(rig, gmc, programme=programme, purpose=OWN, more="x").json()["code"] == "unknown_parameter"
    browser = Browser(app_of(rig))
    assert browser.sign_in("officer", rig.passwords["officer"], "/console/sign-in").status_code == 303
    where = browser.send(browser.get("/console/people"), "/console/people/find", number=gmc).headers["location"]
    for wrong in (f"programme=no-programme&purpose={OWN}", f"programme={programme}&purpose=anything"):
        assert browser.get(f"{where}/impact?{wrong}").status_code == 404


class Answering:
    """An application that takes its time, and then answers what it was told to."""

    def __init__(self, status: int, body: str, seconds: float = 0) -> None:
        self.status, self.body, self.seconds = status, body.encode(), seconds

    async def __call__(self, _scope: object, _receive: object, send: object) -> None:
        await asyncio.sleep(self.seconds)
        await send({"type": "http.response.start", "status": self.status, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": self.body})  # type: ignore[operator]


UNKNOWN = {
    "not told of": None, "late": Answering(200, COUNTS, 3600), "failing": Answering(503, "{}"),
    "refusing": Answering(403, "{}"), "of another kind": Answering(200, '{"rows": "many"}'),
    "no JSON": Answering(200, "<html>"),
}  # fmt: skip


@pytest.mark.parametrize("how", UNKNOWN)
def test_where_ratings_gives_no_counts_it_is_said_that_nobody_can_say(
    rig: Rig, shown: tuple[str, str, str], how: str
) -> None:
    """It cannot be said, and soon: an answer that comes late is not waited for. The page says that, and leads on to the
    withdrawal."""
    assert peers.SECONDS == 2.0  # that is what the page says
    programme, gmc, _ = shown
    application, state = UNKNOWN[how], app_of(rig).state
    before, state.ratings = state.ratings, asking(application, rig) if application else Ratings(None)
    try:
        answer = told(rig, gmc, programme=programme, purpose=OWN)
        found, where = page(rig, gmc, programme)
    finally:
        state.ratings = before
    assert (answer.status_code, answer.json()["code"]) == (503, "impact_unknown")
    assert (found.status_code, "cannot be said now" in found.text) == (200, True)
    assert f"{where}/withdrawal?" in found.text


def test_a_ratings_that_is_away_is_in_nobodys_way(tmp_path: Path) -> None:
    """Over a real socket on which nobody listens: consent starts, says that it cannot say, and withdraws."""
    house = build_house(tmp_path)
    settings = house.settings(tmp_path / "data", ratings_url=REFUSED)
    with pytest.raises(FileNotFoundError, match="consent-ratings"):
        ratings_of(settings)
    make_secret(tmp_path, "consent-ratings")
    with running(house, settings) as desk:
        desk.register("9900001")
        assert _unknown(desk)
        assert desk.withdraw("9900001").status_code == 202


def _unknown(desk: Desk) -> bool:
    about = {"programme": "adult-cardiac-surgery-consultant-outcomes", "purpose": OWN}
    answer = desk.officer("GET", "/v1/consultants/9900001/impact", params=about)
    return (answer.status_code, answer.json()["code"]) == (503, "impact_unknown")
