"""Short ways through the pages of ratings, as somebody without scripts takes them."""

from html import unescape

import httpx

from tests.browsers import Browser, hidden
from tests.unit.test_ratings_rig import Rig


def browser_of(rig: Rig, account: str) -> Browser:
    browser = Browser(rig.ratings.app)  # type: ignore[arg-type]  # a FastAPI application
    area = "/me" if account in {"consultant", "lead", "practice"} else "/console"
    assert browser.sign_in(account, rig.passwords[account], f"{area}/sign-in").status_code == 303
    return browser


def token(browser: Browser, area: str = "/console") -> dict[str, str]:
    """What every form of this person has in it."""
    return hidden(browser.get(area).text, f"{area}/sign-out")


def sent(browser: Browser, page: str, action: str, **fields: str) -> httpx.Response:
    """The form of `page` that leads to `action`, sent; and the page that it leads to."""
    answer = browser.send(browser.get(page), action, **fields)
    assert answer.status_code == 303, answer.text
    return browser.get(answer.headers["location"])


def text_of(page: httpx.Response) -> str:
    return unescape(page.text)
