"""Every page of the consent service in a real browser: on a wide and on a narrow screen, with scripts and without, by
keyboard, with nothing on it, with errors, and with the longest name there can be."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shared.kit.console.rendering import HEADERS
from tests.browser.console_world import CASE, LARGE, LONG, MINE, NAMES, SILENT, Office, faults, office, walked
from tests.browser.seen import Seen
from tests.browser.test_reading import keep
from tests.unit.test_consent_rig import CARDIAC, OWN

ABOUT: Final = f"programme={CARDIAC}&purpose={OWN}"
TOLD: Final = ("Agreed", "Declined", "Withdrew", "Withdrawn", "Objected", "Example", "WWW", *NAMES)
WIDTHS: Final = (1100, 320)


def pages(made: Office) -> dict[str, dict[str, str]]:
    """Account → name of the page → address."""
    person = f"/console/people/{made.aliases[LONG]}"
    return {
        "officer": {
            "start": "/console", "people": "/console/people", "person": person, "queue": "/console/queue",
            "decision": f"{person}/decision?{ABOUT}", "withdrawal": f"{person}/withdrawal?{ABOUT}",
            "impact": f"{person}/impact?{ABOUT}",
            "saved": f"{person}/saved/{made.decision}", "imports": "/console/imports",
            "import": f"/console/imports/{made.waiting}", "campaigns": "/console/campaigns",
            "campaign": f"/console/campaigns/{made.campaign}", "notices": "/console/notices",
            "error": "/console/nothing",
        },
        "steward": {"law": "/console/law", "basis": "/console/law/basis"},
        "auditor": {"audit": "/console/audit"},
        "consultant": {"choice": "/me", "history": "/me/history"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as found:
        yield found


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Another, whose pages are also sent."""
    with office(tmp_path_factory.mktemp("changing")) as found:
        yield found


def context_of(browser: Browser, made: Office, width: int, script: bool) -> BrowserContext:
    size = {"width": width, "height": 900}
    return browser.new_context(base_url=made.url, viewport=size, java_script_enabled=script)  # type: ignore[arg-type]


def is_ours(context: BrowserContext, seen: Seen, made: Office) -> None:
    """Nothing was asked of another host, nothing broke the policy, and there is one cookie."""
    assert (seen.elsewhere(made.url), seen.complaints) == ([], [])
    assert {one["name"] for one in context.cookies()} <= {"__Host-candour"}


def heading(page: Page, name: str) -> None:
    expect(page.locator("h1")).to_have_text(name)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_says_the_same_with_and_without_scripts_and_nothing_is_wrong_with_it(
    browser: Browser, made: Office, width: int
) -> None:
    titles: list[str] = []
    for who, addresses in pages(made).items():
        texts: list[dict[str, str]] = []
        for script in (True, False):
            context = context_of(browser, made, width, script)
            page = made.sign_in(context, who)
            seen = Seen.of(page)
            told = {}
            for name, address in addresses.items():
                page.goto(address)
                told[name] = page.locator("body").inner_text()
                if not script:
                    assert faults(page) == {}, (name, width)
                    keep(page, f"consent-{name}")
                    titles.append(page.title())
            texts.append(told)
            is_ours(context, seen, made)
            context.close()
        assert texts[0] == texts[1]
    assert len(set(titles)) == len(titles)
    assert [title for title in titles if any(word in title for word in TOLD)] == []


def test_the_keyboard_reaches_everything_in_the_order_of_reading_and_is_always_seen(
    browser: Browser, made: Office
) -> None:
    for who, addresses in pages(made).items():
        context = context_of(browser, made, 320, script=False)
        page = made.sign_in(context, who)
        for name, address in addresses.items():
            page.goto(address)
            stops, missed = walked(page)
            assert "Skip to main content" in stops[0], name
            assert [one for one in stops if not one.startswith("<")] == [], name
            assert missed == [], name
        context.close()


def test_pages_with_nothing_on_them(browser: Browser, tmp_path: Path) -> None:
    with office(tmp_path, furnished=False) as bare:
        context = context_of(browser, bare, 320, script=False)
        page = bare.sign_in(context, "officer")
        for name in ("", "/people", "/queue", "/imports", "/campaigns"):
            page.goto(f"/console{name}")
            assert faults(page) == {}, name
            keep(page, f"consent-empty-{name[1:] or 'start'}")
        context.clear_cookies()
        page = bare.sign_in(context, "auditor")
        page.goto("/console/audit")
        expect(page.get_by_role("main")).to_contain_text("Nothing has been recorded yet.")
        context.clear_cookies()
        page = bare.sign_in(context, "consultant")
        heading(page, "Page not found")  # on no register: there is no record of theirs
        assert faults(page) == {}
        context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_forms_that_are_wrong_say_so_beside_the_field(browser: Browser, made: Office, width: int) -> None:
    context = context_of(browser, made, width, script=False)
    page = made.sign_in(context, "officer")
    person = f"/console/people/{made.aliases[SILENT]}"
    for name, address, button in (
        ("people", "/console/people", "Find"), ("decision", f"{person}/decision?{ABOUT}", "Check answers"),
        ("imports", "/console/imports", "Check the file"), ("campaigns", "/console/campaigns", "Open"),
        ("queue", "/console/queue", "Record the outcome"),
    ):  # fmt: skip
        page.goto(address)
        page.get_by_role("button", name=button, exact=True).first.click()
        assert page.title().startswith("Error: "), name
        expect(page.get_by_role("alert")).to_contain_text("There is a problem")
        assert faults(page) == {}, name
        keep(page, f"consent-{name}-wrong")
    context.close()


def test_every_form_works_without_scripts(browser: Browser, changing: Office, tmp_path: Path) -> None:
    context = context_of(browser, changing, 320, script=False)
    page = changing.sign_in(context, "officer")
    seen = Seen.of(page)
    records_a_decision_and_withdraws_it(page)
    asks_in_a_round(page, changing)
    takes_a_file(page, tmp_path)
    is_ours(context, seen, changing)
    context.close()
    for who, steps in (("officer-2", approves_a_return), ("steward-2", approves_a_law), ("consultant", chooses)):
        context = context_of(browser, changing, 320, script=False)
        page = changing.sign_in(context, who)
        seen = Seen.of(page)
        steps(page, changing)
        is_ours(context, seen, changing)
        context.close()


def records_a_decision_and_withdraws_it(page: Page) -> None:
    page.goto("/console/people")
    page.get_by_label("Find one person").fill(SILENT)
    page.get_by_role("button", name="Find").click()
    heading(page, "One person's record")
    assert SILENT not in page.url
    page.get_by_role("button", name="Record a decision").click()
    page.get_by_label("Agreed").check()
    page.get_by_label("Notice that the person had").select_option("1")
    page.get_by_role("button", name="Check answers").click()
    heading(page, "Check before it is recorded")
    assert faults(page) == {}
    page.get_by_role("button", name="Record this decision").click()
    heading(page, "Saved")
    page.get_by_role("link", name="Back to the record").click()
    page.get_by_role("button", name="Withdraw").click()
    page.get_by_role("button", name="Withdraw now").click()
    expect(page.get_by_role("main")).to_contain_text("Saved: new readers can no longer see these figures.")


def asks_in_a_round(page: Page, made: Office) -> None:
    page.goto(f"/console/campaigns/{made.campaign}")
    for button, people in (("Fetch requests", {MINE}), ("Fetch who has not answered", {MINE, CASE})):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        lines = Path(download.value.path()).read_text().splitlines()
        assert {one.split(",")[0] for one in lines[1:]} == people
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("main")).to_contain_text("nobody is asked by it any more")
    page.goto("/console/campaigns")
    page.get_by_label("Programme and notice").select_option(f"{CARDIAC}.1")
    page.get_by_label("For", exact=True).select_option(OWN)
    page.get_by_role("button", name="Open").click()
    heading(page, "A round of requests")


def takes_a_file(page: Page, folder: Path) -> None:
    file = folder / "return.csv"
    file.write_text(LARGE.partition("\n")[0] + f"\n{CASE},{CARDIAC},{OWN},refused,,2026-01-05,\n1,x,y,z,,,\n")
    page.goto("/console/imports")
    page.get_by_label("A return: what people answered").check()
    page.get_by_label("The file").set_input_files(file)
    page.get_by_role("button", name="Check the file").click()
    heading(page, "Check before it is taken")
    assert faults(page) == {}
    keep(page, "consent-import-check")
    page.get_by_label("Choose the same file again").set_input_files(file)
    page.get_by_role("button", name="Take this file").click()
    heading(page, "What became of a file")


def approves_a_return(page: Page, made: Office) -> None:
    page.goto("/console/imports")
    page.get_by_role("link", name=made.waiting).click()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("main")).to_contain_text("Approved")
    heading(page, "What became of a file")


def approves_a_law(page: Page, made: Office) -> None:
    page.goto("/console/law")
    page.get_by_role("button", name="Approve exactly this").click()
    expect(page.get_by_role("main")).to_contain_text("Approved, and in the ledger.")
    assert "mandate-2027" in made.ask("auditor", "GET", "/v1/legal-bases").text


def chooses(page: Page, made: Office) -> None:
    for button in ("I agree", "I decline", "I withdraw", "I object"):
        page.goto("/me")
        page.get_by_role("button", name=button).first.click()
        heading(page, "Saved")
    page.goto("/me/history")
    for said in ("Agreed", "Declined", "Withdrew", "Objected"):
        expect(page.get_by_role("rowheader", name=said)).not_to_have_count(0)
    assert made.ask("consultant", "GET", "/v1/me").json()["standings"][0]["decision"] == "withdrawn"


def test_choices_are_of_one_size_and_one_colour(browser: Browser, made: Office) -> None:
    context = context_of(browser, made, 1100, script=False)
    page = made.sign_in(context, "consultant")
    looks = page.get_by_role("group", name="Your choice").first.get_by_role("button").evaluate_all(
        "all => all.map(one => { const style = getComputedStyle(one), box = one.getBoundingClientRect();"
        "return [box.width, box.height, box.top, style.backgroundColor, style.color, style.fontWeight].join() })"
    )  # fmt: skip
    assert (len(looks), len(set(looks))) == (4, 1)
    context.close()


def test_what_is_not_effective_yet_is_looked_at_again_by_itself(browser: Browser, changing: Office) -> None:
    given = changing.ask("gateway", "PUT", "/v1/gateways/elm").json()
    about = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
    told = changing.ask("officer", "POST", f"/v1/consultants/{LONG}/withdrawal", json=about).json()
    again = about | {"act": "restricted"}
    told = changing.ask("officer", "POST", f"/v1/consultants/{LONG}/rights", json=again).json()
    address = f"/console/people/{changing.aliases[LONG]}/saved/{told['decision']}"
    opened = []
    for script in (True, False):
        page = changing.sign_in(context_of(browser, changing, 320, script), "officer")
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("0 of 1 gateways have confirmed")
        assert faults(page) == {}
        keep(page, "consent-saved-waiting")
        opened.append((page, Seen.of(page)))
    confirmed = {"incarnation": given["incarnation"], "applied": told["revision"]}
    changing.ask("gateway", "POST", "/v1/gateways/elm/confirmations", json=confirmed)
    by_itself, by_hand = (page for page, _ in opened)
    expect(by_itself.get_by_role("status")).to_contain_text("Nothing of ours is still sending them.")
    by_hand.get_by_role("button", name="Look again").click()
    expect(by_hand.get_by_role("main")).to_contain_text("Nothing of ours is still sending them.")
    assert by_itself.locator("main").inner_text() == by_hand.locator("main").inner_text()
    for page, seen in opened:
        is_ours(page.context, seen, changing)
        page.context.close()


def test_the_policy_allows_only_what_is_ours() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy.pop("default-src") == "'none'"
    assert set(policy.values()) == {"'self'", "'none'"}


PLANTED: Final = """<!DOCTYPE html><html lang="fr"><style>a:focus { outline: 0 }</style>
<body style="margin: 0"><h1>One</h1><h3>Three</h3><h1>Two</h1>
<p id="a" style="color: #999">Pale</p><p id="a">Twice</p><a href="#none">Nowhere</a>
<button aria-describedby="b"></button>
<input name="unlabelled"><button style="width: 10px; height: 10px; padding: 0">.</button>
<table><tr><th>Head</th></tr></table><button tabindex="2">First of all</button>
<div style="overflow-x: auto"><p style="width: 2000px">Wide</p></div><p style="width: 3000px">Wider</p></body></html>"""


def test_planted_faults_are_found(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 600})
    page.set_content(PLANTED)
    assert set(faults(page)) == {
        "headings", "labels", "nameless", "twice", "dangling", "anchors", "tables", "regions", "sideways", "small",
        "inline", "contrast", "language",
    }  # fmt: skip
    stops, missed = walked(page)
    assert stops[0].startswith('not seen <button tabindex="2"')  # a browser's own thin ring is too little
    assert stops[1].startswith("not seen out of order <a")
    assert missed == []
    page.close()
