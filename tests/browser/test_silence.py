"""The checks that every page passes at its end (no other host, no breach of the policy, no cookie) can fail."""

from playwright.sync_api import Browser

from services.gateway.site.rendering import CSP
from tests.browser.conftest import context_of
from tests.browser.seen import Seen

PLANTED = (
    "<!DOCTYPE html><html lang='en-GB'><title>Planted</title>"
    "<p style='color: red'>styled</p><img src='http://127.0.0.1:9/elsewhere.png' alt=''></html>"
)


def test_a_planted_style_and_a_foreign_image_are_seen(browser: Browser, site: str) -> None:
    context = context_of(browser, site, 1100)
    page = context.new_page()
    seen = Seen.of(page)
    page.route(
        "**/planted", lambda route: route.fulfill(
            body=PLANTED, content_type="text/html",
            headers={"Content-Security-Policy": CSP, "Set-Cookie": "taste=sweet; Path=/"},
        )
    )  # fmt: skip
    page.goto("/planted")
    assert any("style" in complaint for complaint in seen.complaints)
    assert any("elsewhere.png" in complaint or "image" in complaint for complaint in seen.complaints)
    assert len(context.cookies()) == 1
    context.close()


def test_another_host_is_noticed() -> None:
    seen = Seen(requests=["http://127.0.0.1:8000/", "http://127.0.0.1:80001/x", "https://fonts.example/f.woff"])
    assert seen.elsewhere("http://127.0.0.1:8000") == ["http://127.0.0.1:80001/x", "https://fonts.example/f.woff"]
