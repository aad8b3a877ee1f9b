"""A consent service on a socket with something on every page, and what each of them must hold in a real browser."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import BrowserContext, Page

from services.consent.__main__ import MIGRATIONS
from services.consent.app import create_app
from services.consent.settings import POLICY_DIR
from services.consent.workflow import dashboard
from shared.kit.migrating import migrate
from tests.unit.test_consent_rig import CARDIAC, OWN, House, build_house, eventually, has_compared
from tests.unit.test_gateway_world import Listening

MINE, LONG, CASE, SILENT = "9900002", "9900003", "9900004", "9900005"
WIDE: Final = "W" * 200
NAMES: Final = {MINE: "Mine Example", LONG: WIDE, CASE: "Case Example", SILENT: "Silent Example"}
LARGE: Final = "gmc,programme,purpose,act,notice_version,decided_on,evidence\n" + "".join(
    f"{gmc},{CARDIAC},{OWN},given,1,2026-01-05,\n" for gmc in (MINE, SILENT)
)
BASIS: Final = {
    "id": "mandate-2027", "regime": "public_task", "instrument": "A direction (invented)", "citation": "Made up, s. 1",
    "instrument_kind": "direction", "programmes": [CARDIAC], "purposes": ["rating"], "valid_from": "2999-01-01",
    "notice_version": 1, "notice_days": 30, "dpia": "DPIA-7",
}  # fmt: skip


@dataclass(frozen=True)
class Office:
    """The service's address, its accounts, and what the pages' addresses have in them."""

    url: str
    house: House
    aliases: Mapping[str, str]
    campaign: str
    waiting: str
    decision: str

    def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        auth = self.house.person(who) if who in self.house.passwords else self.house.service(who)
        found = httpx.request(method, f"{self.url}{path}", auth=auth, trust_env=False, **options)
        assert found.is_success, found.text
        return found

    def sign_in(self, context: BrowserContext, who: str) -> Page:
        page = context.new_page()
        page.goto("/me/sign-in" if who == "consultant" else "/console/sign-in")
        page.get_by_label("Account").fill(who)
        page.get_by_label("Password").fill(self.house.passwords[who])
        page.get_by_role("button", name="Sign in", exact=True).click()
        return page


@contextmanager
def office(folder: Path, furnished: bool = True) -> Iterator[Office]:
    """`furnished`: with people, decisions, a case, a round of requests, a return and a law that wait."""
    house, policy = build_house(folder), folder / "policy"
    shutil.copytree(POLICY_DIR, policy)
    written = policy / "demonstration.toml"
    written.write_text(written.read_text().replace("large_return = 10000", "large_return = 1"))
    settings = house.settings(folder / "data", policy_dir=policy)
    migrate(settings.database("consent"), MIGRATIONS)
    app = create_app(settings)
    listening = Listening(app)
    try:
        has_compared(app)
        empty = Office(listening.url, house, {}, "", "", "")
        found = furnish(empty, app.state.office.keys.alias) if furnished else empty
        eventually(lambda: dashboard.due(app.state.office).withdrawals.waiting, lambda number: number == 0)
        yield found
    finally:
        listening.stop()


def furnish(made: Office, alias: Any) -> Office:
    register = "gmc,name,programme\n" + "".join(f"{gmc},{name},{CARDIAC}\n" for gmc, name in NAMES.items())
    about = {"programme": CARDIAC, "purpose": OWN, "channel": "letter"}
    said = {"headers": {"Content-Type": "text/csv"}}
    made.ask("officer", "POST", "/v1/imports?kind=register", content=register, **said)
    given = about | {"act": "given", "notice": {"version": 1}}
    headers = {"If-Match": '"0"'}
    made.ask("officer", "POST", f"/v1/consultants/{LONG}/decisions", json=given, headers=headers)
    decision = made.ask("officer", "POST", f"/v1/consultants/{LONG}/withdrawal", json=about).json()["decision"]
    restriction = about | {"act": "objection_raised"}
    made.ask("officer", "POST", f"/v1/consultants/{CASE}/rights", json=restriction)
    made.ask("officer", "POST", f"/v1/consultants/{LONG}/rights", json=restriction)
    asked = made.ask("officer", "POST", "/v1/campaigns", json=about | {"notice": 1}).json()["id"]
    waiting = made.ask("officer", "POST", "/v1/imports?kind=returns", content=LARGE, **said).json()["id"]
    made.ask("steward", "POST", "/v1/legal-bases", json=BASIS)
    return Office(made.url, made.house, {gmc: alias(gmc) for gmc in NAMES}, asked, waiting, decision)


# What can be told of a page by looking at it alone. Every list must come out empty.
FAULTS: Final = r"""() => {
  const shown = one => one.checkVisibility({visibilityProperty: true}) && one.getBoundingClientRect().width > 2;
  const name = one => (one.outerHTML || "").slice(0, 120);
  const all = what => [...document.querySelectorAll(what)];
  const found = {};
  found.headings = document.querySelectorAll("h1").length === 1 ? [] : ["not one h1"];
  const levels = all("h1,h2,h3,h4").map(one => Number(one.tagName[1]));
  levels.forEach((level, at) => { if (at && level > levels[at - 1] + 1) found.headings.push("skips to h" + level); });
  const fields = all("input:not([type=hidden]),select,textarea");
  found.labels = fields.filter(one => ![...(one.labels || [])].some(label => label.textContent.trim())).map(name);
  found.nameless = all("a,button").filter(one => shown(one) && !(one.textContent.trim() || one.ariaLabel)).map(name);
  const ids = all("[id]").map(one => one.id);
  found.twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  found.dangling = ["aria-labelledby", "aria-describedby", "for"].flatMap(what => all(`[${what}]`).filter(
    one => one.getAttribute(what).split(/\s+/).some(id => !document.getElementById(id))).map(name));
  found.anchors = all('a[href^="#"]').filter(one => !document.getElementById(one.hash.slice(1))).map(name);
  found.tables = all("table").filter(one => !one.caption || one.querySelector("th:not([scope])")).map(name);
  const wide = one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible";
  const region = one => one.getAttribute("role") === "region" && one.tabIndex === 0
    && (one.ariaLabel || one.getAttribute("aria-labelledby"));
  found.regions = all("body *").filter(one => shown(one) && !one.matches("select,input,textarea")
    && wide(one) && !region(one)).map(name);
  const page = document.documentElement;
  found.sideways = page.scrollWidth > page.clientWidth ? [page.scrollWidth + " of " + page.clientWidth] : [];
  found.small = all("a,button,input,select,summary").filter(one => shown(one) && one.type !== "hidden"
    && !(one.tagName === "A" && getComputedStyle(one).display === "inline")
    && (box => box.height < 23.5 || box.width < 23.5)(one.getBoundingClientRect())).map(name);
  found.inline = all("[style],style,script:not([src])").filter(one => one.tagName !== "SVG").map(name);
  const parts = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [[r, 0.2126], [g, 0.7152], [b, 0.0722]].reduce((sum, [value, share]) => {
    const part = value / 255;
    return sum + share * (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  }, 0);
  const ground = one => {
    for (; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0.99) return colour;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  found.contrast = [];
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.textContent.trim() || !shown(one)) continue;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    const [a, b] = [light(parts(style.color)), light(ground(one))].sort((x, y) => y - x);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) found.contrast.push(style.color + " " + name(one));
  }
  found.language = page.lang === "en-GB" ? [] : [page.lang];
  return Object.fromEntries(Object.entries(found).filter(([, list]) => list.length));
}"""
STOP: Final = r"""() => {
  const one = document.activeElement, before = window.before;
  if (one === before) return "again";
  if (one === document.body || window.met.has(one)) return "end";
  window.before = one;
  window.met.add(one);
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  const seen = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== "none"
    || one.type === "radio" || one.type === "checkbox";  // theirs is drawn beside them
  const after = !before || !!(before.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
  const inside = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
  return (seen ? "" : "not seen ") + (after ? "" : "out of order ") + (inside ? "" : "off the screen ")
    + one.outerHTML.slice(0, 120);
}"""
MISSED: Final = r"""() => {
  const can = "a[href],button,input:not([type=hidden]),select,textarea,summary,[tabindex='0']";
  const grouped = one => one.type === "radio" && [...window.met].some(
    other => other.type === "radio" && other.form === one.form && other.name === one.name);
  return [...document.querySelectorAll(can)].filter(
    one => one.checkVisibility() && !window.met.has(one) && !grouped(one)).map(one => one.outerHTML.slice(0, 120));
}"""


def faults(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = page.evaluate(FAULTS)
    return found


def walked(page: Page) -> tuple[list[str], list[str]]:
    """Every stop of the keyboard from the top of the page to its end, and what is wrong with it; and what it missed."""
    page.evaluate("window.before = null; window.met = new Set()")
    stops: list[str] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop == "end":
            break
        stops += [stop] if stop != "again" else []  # day, month and year of one field
    return stops, page.evaluate(MISSED)
