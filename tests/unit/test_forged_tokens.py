"""Service tokens that were forged, have run out or were sent astray: refused on every kind of route and by every
service."""

import asyncio
import time
from pathlib import Path

import pytest

from shared.kit.auth import Identity
from shared.kit.people import People
from shared.kit.problems import NotSignedIn
from shared.kit.secretfiles import make_secret, read_secret
from shared.kit.tokens import TOKEN_SECONDS, ServiceToken
from tests.people import make_quick_people
from tests.unit.forged import LIVES, forged, good
from tests.unit.route_table import ANYBODY, PAGES, ROUTES, filled
from tests.unit.test_consent_rig import Rig, house, rig

__all__ = ["house", "rig"]

PAIRS = [
    ("ratings", "ingest"), ("ratings", "consent"), ("gateway", "ratings"), ("gateway", "consent"),
    ("supervisor", "consent"), ("consent", "ratings"),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: no token is looked up in a database."""
    return "sqlite"


def identity_of(folder: Path, caller: str, service: str) -> Identity:
    make_secret(folder, f"{caller}-{service}")
    make_quick_people(folder / "people.json")
    return Identity(service, People(folder / "people.json"), {caller: [read_secret(folder, f"{caller}-{service}")]})


@pytest.mark.parametrize(("caller", "service"), PAIRS)
def test_every_service_refuses_every_forgery_and_takes_what_is_right(tmp_path: Path, caller: str, service: str) -> None:
    identity, now = identity_of(tmp_path, caller, service), int(time.time())
    secret = read_secret(tmp_path, f"{caller}-{service}")
    tokens = list(forged(caller, service, secret, now))
    assert len(tokens) >= 40
    assert len({what for what, _ in tokens}) == len(tokens)
    taken = []
    for what, token in tokens:
        try:
            identity.service_of(token)
        except NotSignedIn:
            continue
        taken.append(what)
    assert taken == []
    for token in (good(caller, service, secret, now), ServiceToken(caller, service, secret).header().partition(" ")[2]):
        found = identity.service_of(token)
        assert (found.roles, found.assurance) == (frozenset({f"service:{caller}"}), "service")


def test_a_token_for_one_service_opens_no_other(tmp_path: Path) -> None:
    """Also where two pairs had one secret: a token says to whom it is made out."""
    secret, now = b"of two pairs: " + b"x" * 40, int(time.time())
    make_quick_people(tmp_path / "people.json")
    for caller, service in PAIRS:
        identity = Identity(
            service, People(tmp_path / "people.json"), {one: [secret] for one, to in PAIRS if to == service}
        )
        for sender, addressed in PAIRS:
            token = good(sender, addressed, secret, now)
            if addressed == service:
                assert identity.service_of(token).name == sender
            else:
                with pytest.raises(NotSignedIn):
                    identity.service_of(token)
        with pytest.raises(NotSignedIn):
            identity.service_of(good("stranger", service, secret, now))
        assert caller in {one for one, _ in PAIRS}


def test_the_secret_of_one_caller_makes_no_other(tmp_path: Path) -> None:
    now = int(time.time())
    make_quick_people(tmp_path / "people.json")
    secrets = {"gateway": b"g" * 64, "supervisor": b"s" * 64}
    identity = Identity("consent", People(tmp_path / "people.json"), {name: [one] for name, one in secrets.items()})
    assert identity.service_of(good("gateway", "consent", secrets["gateway"], now)).name == "gateway"
    with pytest.raises(NotSignedIn):
        identity.service_of(good("supervisor", "consent", secrets["gateway"], now))


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Token x", "Basic", "Basic !", "Digest x", "", "\u00e9", "Bearer\u00a0x"]
)
def test_what_is_no_authorization_is_refused(tmp_path: Path, authorization: str) -> None:
    with pytest.raises(NotSignedIn):
        asyncio.run(identity_of(tmp_path, "ratings", "consent").caller(authorization))


EVERY_KIND = (
    "/v1/head",  # of services
    "/v1/gateways",  # of a service and of people
    "/v1/consultants",  # of the office
    "/v1/me",  # a person's own
    "/console",  # a page
)


def test_forgeries_open_no_route_of_consent(rig: Rig) -> None:
    """Every forgery on one route of each kind, and one forgery on every route and page."""
    now, secret = int(time.time()), read_secret(rig.house.folder, "gateway-consent")
    tokens = list(forged("gateway", "consent", secret, now))
    asked = [("GET", path, token) for path in EVERY_KIND for _, token in tokens]
    closed = [pair for pair, row in (ROUTES | PAGES).items() if ANYBODY not in row.roles]
    asked += [(*pair, dict(tokens)["another secret"]) for pair in closed]
    assert {("GET", path) for path in EVERY_KIND} <= set(closed)
    wrong = {}
    for method, path, token in asked:
        header = {"Authorization": f"Bearer {token}".encode()}
        found = rig.client.request(method, filled(rig, path), headers=header)
        if found.status_code != 401:
            wrong[method, path, token[:40]] = (found.status_code, found.text)
    assert wrong == {}
    assert rig.revision() == 0


def test_a_token_lives_no_longer_than_is_promised() -> None:
    assert LIVES == TOKEN_SECONDS <= 300
