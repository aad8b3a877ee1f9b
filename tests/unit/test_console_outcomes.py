"""What the pages promise before a choice and say after it, against what consent lets be shown: under every ground."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from services.consent.settings import POLICY_DIR
from tests.browsers import Browser, choice
from tests.unit.route_table import MINE
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, build_house, running
from tests.unit.test_console_people import ABOUT, follow, opened, signed_in

Under = Callable[..., Rig]
GONE = "Saved: new readers can no longer see these figures."
SOON = "Figures appear with the next view of a release"
STAYS = "These figures stay published."
COMING = "They are shown once the notice has run its time"
RECORDED = "Recorded."
UNASKED = ("public_task", "legal_obligation")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return build_house(tmp_path_factory.mktemp("house"))


@pytest.fixture
def under(house: House, tmp_path: Path) -> Iterator[Under]:
    """A service whose one ground for naming people is of this regime, with so many days of notice."""
    with ExitStack() as stack:

        def start(regime: str, days: int = 0) -> Rig:
            folder = tmp_path / regime
            shutil.copytree(POLICY_DIR, folder)
            file = folder / "demonstration.toml"
            text = file.read_text().replace('regime = "consent"', f'regime = "{regime}"\nnotice_days = {days}', 1)
            file.write_text(text.replace('instrument_kind = "advice"', 'instrument_kind = "legislation"', 1))
            rig = stack.enter_context(running(house, house.settings(tmp_path / "data", policy_dir=folder)))
            rig.register(MINE)
            return rig

        yield start


def told_of(rig: Rig) -> None:
    assert rig.decide(MINE, "asked", notice={"version": 1}).status_code == 202


def text_of(html: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", html).split())


def promises(page: str) -> dict[str, str]:
    return dict(re.findall(r"<li>To (agree|decline|withdraw|object): (.*?)</li>", page, re.DOTALL))


def choose(browser: Browser, act: str) -> tuple[str, str]:
    """What My choice promises of the act, and what the page says once it is recorded."""
    page = browser.get("/me")
    word = {"given": "agree", "refused": "decline", "withdrawn": "withdraw", "objection_raised": "object"}[act]
    if act == "objection_raised":
        sent = browser.send(page, "/me/objection")
    else:
        sent = browser.post("/me/choice", choice(page.text, act))
    return promises(page.text)[word], text_of(follow(browser, sent).text)


@pytest.mark.parametrize("act", ["given", "refused", "withdrawn", "objection_raised"])
@pytest.mark.parametrize("regime", ["consent", *UNASKED])
def test_every_choice_under_every_ground_is_told_as_it_is(under: Under, regime: str, act: str) -> None:
    rig = under(regime)
    told_of(rig)
    if regime == "consent":
        rig.decide(MINE, "given", if_match=rig.revision())
    assert rig.named() == {MINE}
    promised, said = choose(signed_in(rig, "consultant", "/me/sign-in"), act)
    shown = rig.named() == {MINE}
    assert shown == (act == "given" or (act == "refused" and regime in UNASKED))
    assert (GONE in said) != shown
    assert ("stay published" in promised) == (STAYS in said) == (act == "refused" and shown)
    assert (SOON in said) == (act == "given")
    assert ("nobody who asks" in promised or "hidden at once" in promised) != shown
    if STAYS in said:
        assert f"The ground is a {regime.replace('_', ' ')}, which needs nobody's agreement." in said


@pytest.mark.parametrize("regime", UNASKED)
def test_an_officer_is_told_before_and_after_that_a_refusal_hides_nobody(under: Under, regime: str) -> None:
    rig = under(regime)
    told_of(rig)
    browser = signed_in(rig, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    checked = browser.send(form, f"{where}/decision/check", act="refused", channel="letter")
    assert "figures may be shown once this is recorded" in checked.text
    assert "What is hidden with it" not in checked.text
    said = text_of(follow(browser, browser.send(checked, f"{where}/decision")).text)
    assert (rig.named(), STAYS in said, GONE in said) == ({MINE}, True, False)


@pytest.mark.parametrize("hidden_by", ["restricted", "objection_raised"])
def test_to_agree_while_something_else_hides_promises_nothing(under: Under, hidden_by: str) -> None:
    rig = under("consent")
    body = {"programme": CARDIAC, "purpose": OWN, "act": hidden_by, "channel": "letter"}
    assert rig.officer("POST", f"/v1/consultants/{MINE}/rights", json=body).status_code == 202
    promised, said = choose(signed_in(rig, "consultant", "/me/sign-in"), "given")
    assert rig.named() == set()
    assert "Your results are not shown now" in promised
    assert (SOON in said, GONE in said, RECORDED in said) == (False, False, True)


def test_a_grant_for_some_years_only_promises_nothing_now(under: Under) -> None:
    rig = under("consent")
    browser = signed_in(rig, "officer")
    where = opened(browser)
    form = browser.get(f"{where}/decision?{ABOUT}")
    given = {"act": "given", "notice": "1", "channel": "letter", "scope_last": "2020-12-31"}
    checked = browser.send(form, f"{where}/decision/check", **given)
    assert "not shown once this is recorded: only for other periods of care" in text_of(checked.text)
    said = text_of(follow(browser, browser.send(checked, f"{where}/decision")).text)
    assert (rig.named(), SOON in said, "only for other periods of care" in said) == (set(), False, True)


@pytest.mark.parametrize(("act", "coming"), [("given", True), ("refused", True), ("withdrawn", False)])
def test_who_was_told_only_now_is_told_that_time_will_show_them(under: Under, act: str, coming: bool) -> None:
    rig = under("public_task", days=28)
    told_of(rig)
    promised, said = choose(signed_in(rig, "consultant", "/me/sign-in"), act)
    assert rig.named() == set()
    assert (COMING in said, GONE in said, SOON in said) == (coming, not coming, False)
    assert ("will be once you were told in time" in promised) == (act == "refused")


def test_an_older_page_says_how_it_stands_now(under: Under) -> None:
    rig = under("consent")
    browser = signed_in(rig, "consultant", "/me/sign-in")
    choose(browser, "given")
    first = browser.get(f"/me/saved/{last_of(rig)}")
    assert SOON in first.text
    rig.withdraw(MINE)
    again = text_of(browser.get(first.url.path).text)
    assert (SOON in again, "Now: Withheld: the person withdrew" in again) == (False, True)


def last_of(rig: Rig) -> str:
    """The number of the last decision about the person."""
    return str(rig.officer("GET", f"/v1/consultants/{MINE}").json()["history"][-1]["decision"])
