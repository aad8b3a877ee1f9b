"""The officer's pages about people, and the consultant's own choice, as a browser without scripts goes through them."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from tests.browsers import Browser, choice
from tests.unit.route_table import MINE
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, build_house, running

ABOUT = f"programme={CARDIAC}&purpose={OWN}"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Rig]:
    with running(house, house.settings(tmp_path / "data")) as rig:
        rig.register(MINE, "9900009")
        yield rig


def signed_in(rig: Rig, account: str, at: str = "/console/sign-in") -> Browser:
    app = rig.client.app
    assert isinstance(app, FastAPI)
    browser = Browser(app)
    assert browser.sign_in(account, rig.house.passwords[account], at).status_code == 303
    return browser


def opened(browser: Browser) -> str:
    """The address of the record, as the search leads to it."""
    found = browser.send(browser.get("/console/people"), "/console/people/find", number=MINE)
    assert found.status_code == 303, found.text
    return str(found.headers["location"])


def follow(browser: Browser, answer: httpx.Response) -> httpx.Response:
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"])


def test_a_person_is_found_by_a_number_that_stands_in_no_address(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    assert MINE not in where
    page = browser.get(where)
    assert f"Dr {MINE}" in page.text
    assert "Not asked yet" in page.text
    assert MINE not in re.search(r"<title>(.*?)</title>", page.text, re.DOTALL)[1]  # type: ignore[index]


@pytest.mark.parametrize(("number", "hint"), [("12", "seven digits"), ("9911111", "Nobody on the register")])
def test_a_number_that_is_none_is_said_beside_its_field(desk: Rig, number: str, hint: str) -> None:
    browser = signed_in(desk, "officer")
    page = browser.send(browser.get("/console/people"), "/console/people/find", number=number)
    assert (page.status_code, hint in page.text) == (422, True)


def test_a_decision_is_filled_in_checked_and_confirmed(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    assert "checked" not in form.text
    checked = browser.send(form, f"{where}/decision/check", act="given", notice="1", channel="letter", evidence="f. 3")
    assert (checked.status_code, "Check before it is recorded" in checked.text) == (200, True)
    assert desk.state(MINE)["decision"] == "not_sought"
    saved = follow(browser, browser.send(checked, f"{where}/decision"))
    assert "Saved." in saved.text
    assert desk.state(MINE)["decision"] == "given"
    assert "Agreed" in browser.get(where).text


def test_what_is_wrong_is_said_beside_its_field_and_what_was_filled_in_is_kept(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    page = browser.send(form, f"{where}/decision/check", act="given", channel="letter", evidence="file 12")
    assert (page.status_code, "There is a problem" in page.text) == (422, True)
    assert "name it" in page.text
    assert "file 12" in page.text
    future = browser.send(page, f"{where}/decision/check", act="refused", channel="letter", decided_on="2999-01-01")
    assert (future.status_code, "a day that has come" in future.text) == (422, True)
    nothing = browser.send(page, f"{where}/decision/check", channel="letter")
    assert "Choose what happened" in nothing.text


def test_a_record_that_moved_meanwhile_is_shown_as_it_is_now(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    checked = browser.send(form, f"{where}/decision/check", act="given", notice="1", channel="letter")
    desk.withdraw(MINE)
    late = browser.send(checked, f"{where}/decision")
    assert (late.status_code, "Somebody else has recorded" in late.text) == (422, True)
    assert desk.state(MINE)["decision"] == "withdrawn"


def test_a_withdrawal_is_one_page_and_tells_what_is_saved_and_what_is_still_sent(desk: Rig) -> None:
    desk.decide(MINE, "given", if_match=0)
    browser = signed_in(desk, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/withdrawal?{ABOUT}")
    assert form.text.count("<form") == 2  # this one and the way out
    saved = follow(browser, browser.send(form, f"{where}/withdrawal"))
    assert "Saved: new readers can no longer see these figures." in saved.text
    assert "Nothing of ours is still sending them." in saved.text  # no gateway is registered
    assert desk.state(MINE)["decision"] == "withdrawn"
    again = follow(browser, browser.send(form, f"{where}/withdrawal"))
    assert again.url == saved.url  # the button pressed twice is one withdrawal


def test_somebody_elses_decision_is_not_shown_under_a_record(desk: Rig) -> None:
    other = desk.withdraw("9900009").json()["decision"]
    browser = signed_in(desk, "officer")
    assert browser.get(f"{opened(browser)}/saved/{other}").status_code == 404
    mine = signed_in(desk, "consultant", "/me/sign-in")
    assert mine.get(f"/me/saved/{other}").status_code == 404


def test_giving_declining_and_withdrawing_take_the_same_steps(desk: Rig) -> None:
    browser = signed_in(desk, "consultant", "/me/sign-in")
    fields, outcome = {}, {}
    for act in ("given", "refused", "withdrawn"):
        page = browser.get("/me")
        chosen = choice(page.text, act)
        fields[act] = set(chosen)
        saved = follow(browser, browser.post("/me/choice", chosen))
        assert "Saved" in saved.text
        outcome[act] = desk.state(MINE)["decision"]
    assert outcome == {act: act for act in fields}
    assert len(set(map(frozenset, fields.values()))) == 1
    page = browser.get("/me")
    buttons = re.findall(r'<button class="([^"]*)"[^>]*>I (?:agree|decline|withdraw)</button>', page.text)
    assert len(buttons) == 3
    assert len(set(buttons)) == 1
    history = browser.get("/me/history")
    assert history.text.count("<code>d-") == 3


@pytest.mark.parametrize("act", ["given", "refused", "withdrawn"])
def test_a_button_pressed_twice_is_one_event(desk: Rig, act: str) -> None:
    browser = signed_in(desk, "consultant", "/me/sign-in")
    chosen = choice(browser.get("/me").text, act)
    first, again = browser.post("/me/choice", chosen), browser.post("/me/choice", chosen)
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    assert desk.revision() == 1


def test_a_decision_confirmed_twice_is_one_event(desk: Rig) -> None:
    browser = signed_in(desk, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    checked = browser.send(form, f"{where}/decision/check", act="given", notice="1", channel="letter")
    first, again = (browser.send(checked, f"{where}/decision") for _ in range(2))
    assert (first.status_code, first.headers["location"]) == (303, again.headers["location"])
    assert desk.revision() == 1
    assert browser.send(checked, f"{where}/decision/change").status_code == 200


def test_who_agreed_on_a_page_that_has_become_old_is_asked_again(desk: Rig) -> None:
    browser = signed_in(desk, "consultant", "/me/sign-in")
    agree = choice(browser.get("/me").text, "given")
    desk.decide(MINE, "refused")
    late = browser.post("/me/choice", agree)
    assert (late.status_code, "choose again" in late.text) == (422, True)
    assert desk.state(MINE)["decision"] == "refused"


def test_who_declines_on_a_page_that_has_become_old_is_heard(desk: Rig) -> None:
    browser = signed_in(desk, "consultant", "/me/sign-in")
    decline = choice(browser.get("/me").text, "refused")
    desk.decide(MINE, "given", if_match=0)
    assert "new readers can no longer see" in follow(browser, browser.post("/me/choice", decline)).text
    assert (desk.state(MINE)["decision"], desk.named()) == ("refused", set())


def test_an_objection_is_one_step_hides_at_once_and_waits_in_the_queue(desk: Rig) -> None:
    desk.decide(MINE, "given", if_match=0)
    assert desk.named() == {MINE}
    browser = signed_in(desk, "consultant", "/me/sign-in")
    page = browser.get("/me")
    buttons = re.findall(r'<button class="([^"]*)"[^>]*>I (?:agree|object)</button>', page.text)
    assert len(buttons) == 2
    assert len(set(buttons)) == 1
    saved = follow(browser, browser.send(page, "/me/objection"))
    assert "Saved: new readers can no longer see these figures." in saved.text
    again = follow(browser, browser.send(page, "/me/objection"))
    assert again.url == saved.url  # the button pressed twice is one objection
    assert desk.named() == set()
    mine = browser.get("/me").text
    assert "You have objected" in mine
    assert "I object</button>" not in mine
    assert f"Dr {MINE}" in signed_in(desk, "officer").get("/console/queue").text


def test_the_first_page_counts_and_names_nobody(desk: Rig) -> None:
    desk.decide(MINE, "asked")
    desk.withdraw("9900009")
    page = signed_in(desk, "officer").get("/console")
    assert page.status_code == 200
    assert "9900009" not in page.text
    assert f"Dr {MINE}" not in page.text
    assert "No gateway is registered" in page.text
    rows = re.findall(r'<tr><th scope="row">[^<]*cardiac[^<]*</th>\s*<td>(.*?)</td>\s*<td>(.*?)</td>', page.text, re.I)
    assert [re.sub("<.*?>", "", cell) for cell in rows[0]] == ["1", "0"]


def test_an_objection_waits_in_the_queue_until_its_outcome(desk: Rig) -> None:
    desk.decide(MINE, "given", if_match=0)
    body = {"programme": CARDIAC, "purpose": OWN, "act": "objection_raised", "channel": "letter"}
    assert desk.officer("POST", f"/v1/consultants/{MINE}/rights", json=body).status_code == 202
    browser = signed_in(desk, "officer")
    page = browser.get("/console/queue")
    assert f"Dr {MINE}" in page.text
    nothing = browser.send(page, "/console/queue/outcome")
    assert (nothing.status_code, "There is a problem" in nothing.text) == (422, True)
    decided = follow(browser, browser.send(page, "/console/queue/outcome", act="objection_upheld"))
    assert "Saved" in decided.text
    assert "No objection is open" in browser.get("/console/queue").text


def test_a_receipt_is_fetched_from_the_record_and_from_ones_own_history_and_from_no_other(desk: Rig) -> None:
    told = desk.decide(MINE, "refused", if_match=0).json()["decision"]
    other = desk.decide("9900009", "refused", if_match=0).json()["decision"]
    browser, mine = signed_in(desk, "officer"), signed_in(desk, "consultant", "/me/sign-in")
    where = opened(browser)
    files = []
    for reader, page, address in (
        (browser, where, f"{where}/receipt/{told}"), (mine, "/me/history", f"/me/receipt/{told}"),
    ):  # fmt: skip
        assert f'href="{address}"' in reader.get(page).text
        found = reader.get(address)
        assert found.headers["content-disposition"] == f'attachment; filename="receipt-{told}.json"'
        files.append(found.json())
    assert files[0] == files[1] == desk.officer("GET", f"/v1/decisions/{told}/receipt").json()
    assert browser.get(f"{where}/receipt/{other}").status_code == 404
    assert mine.get(f"/me/receipt/{other}").status_code == 404


def test_the_next_page_of_people_begins_after_an_alias(desk: Rig) -> None:
    desk.register(*(f"99{number:05}" for number in range(200, 260)))
    browser = signed_in(desk, "officer")
    (more,) = re.findall(r'href="(/console/people\?[^"]*after=[^"]*)"', browser.get("/console/people").text)
    assert re.search(r"after=p-[0-9a-f]{32}$", more)
    second = browser.get(more.replace("&amp;", "&"))
    assert (second.status_code, "Dr 9900259" in second.text, "Dr 9900200" in second.text) == (200, True, False)
    assert browser.get("/console/people?after=p-" + "0" * 32).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "?after=1",
        "/{alias}?on=99999999999",
        "/{alias}/decision",
        "/{alias}/withdrawal?programme=x",
        "/-",
        "/{alias}/saved/d-1",
    ],
)
def test_an_address_that_is_not_one_of_ours_is_a_page_that_says_so(desk: Rig, path: str) -> None:
    browser = signed_in(desk, "officer")
    alias = opened(browser).rpartition("/")[2]
    page = browser.get("/console/people" + path.format(alias=alias))
    assert (page.status_code, "This could not be taken as it is" in page.text) == (422, True)
