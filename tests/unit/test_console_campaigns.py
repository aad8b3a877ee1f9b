"""Rounds of requests by page: opened, fetched, closed; nobody's silence becomes an answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browsers import Browser
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, build_house, running
from tests.unit.test_console_people import follow, signed_in

ANNE, BEN, CARA = "9900002", "9900003", "9900004"
ROUNDS = "/console/campaigns"
FILLED = {"notice": f"{CARDIAC}.1", "purpose": OWN, "channel": "letter"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    with running(house, house.settings(tmp_path / "data")) as rig:
        rig.load("register", ["gmc,name,programme", f"{ANNE},Anne (synthetic),{CARDIAC}", f"{BEN},Ben,{CARDIAC}"])
        yield rig


def opened(browser: Browser, **changes: str) -> str:
    answer = browser.send(browser.get(ROUNDS), ROUNDS, **FILLED | changes)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def numbers(text: str) -> list[str]:
    return [one.split(",")[0] for one in text.splitlines()[1:]]


def test_requests_are_fetched_once_under_a_page_and_reminders_go_to_the_silent(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    page = browser.get(where)
    assert "Silence is never counted as consent" in page.text
    file = browser.send(page, f"{where}/requests")
    assert (file.status_code, numbers(file.text)) == (200, [ANNE, BEN])
    assert file.headers["content-disposition"].startswith('attachment; filename="c-')
    assert browser.send(page, f"{where}/requests").text == file.text
    assert desk.state(ANNE)["decision"] == "asked"
    desk.decide(ANNE, "refused")
    silent = browser.send(page, f"{where}/non-responders")
    assert numbers(silent.text) == [BEN]
    again = browser.get(where)
    assert numbers(browser.send(again, f"{where}/requests").text) == []
    assert numbers(browser.send(again, f"{where}/reminders").text) == [BEN]
    assert desk.state(BEN)["decision"] == "asked"
    assert desk.named() == set()


def test_who_joins_is_added_and_a_closed_round_asks_nobody(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser, closes_on="2026-12-31")
    desk.register(CARA)
    open_page = browser.get(where)
    assert "2026-12-31" in open_page.text
    assert "asked too" in follow(browser, browser.send(open_page, f"{where}/members")).text
    assert numbers(browser.send(browser.get(where), f"{where}/non-responders").text) == [ANNE, BEN, CARA]
    closed = follow(browser, browser.send(open_page, f"{where}/closure"))
    assert "Fetch requests" not in closed.text
    late = browser.send(open_page, f"{where}/requests")
    assert (late.status_code, "asks nobody any more" in late.text) == (409, True)
    assert browser.send(open_page, f"{where}/members").status_code == 409


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"notice": ""}, "notice"), ({"notice": f"{CARDIAC}.9"}, "notice"), ({"notice": "nothing"}, "notice"),
     ({"purpose": "everything"}, "purpose"), ({"channel": "Pigeon post"}, "channel"),
     ({"closes_on": "31.12.2026"}, "closes_on"), ({"closes_on": "2020-01-01"}, "closes_on")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_field(desk: Rig, changes: dict[str, str], field: str) -> None:
    browser = signed_in(desk, "officer")
    page = browser.send(browser.get(ROUNDS), ROUNDS, **FILLED | changes)
    assert (page.status_code, f'<a href="#{field}">' in page.text) == (422, True), page.text
    assert f'id="{field}-error"' in page.text
    assert "Fill this in" not in page.text
    assert "Nobody has been asked in a round yet" in page.text


def test_a_second_round_for_the_same_is_refused_and_the_auditor_only_reads(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    twice = browser.send(browser.get(ROUNDS), ROUNDS, **FILLED)
    assert (twice.status_code, "asks for this already" in twice.text) == (422, True)
    auditor = signed_in(desk, "auditor")
    assert auditor.get(ROUNDS).text.count("<form") == auditor.get(where).text.count("<form") == 1  # the way out


def test_notices_stand_with_digest_and_exact_words(desk: Rig) -> None:
    page = signed_in(desk, "steward").get("/console/notices")
    first = desk.officer("GET", "/v1/notices").json()[0]
    assert first["sha256"] in page.text
    assert first["wording"].splitlines()[0] in page.text
