"""A browser as the pages' tests use one: it keeps cookies, sends forms with all that stands in them, and says of its
requests what browsers say. Scripts it has none."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any, Final

import httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

HOST: Final = "consent.example"
SESSION: Final = "__Host-candour"
FIELD: Final = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
FORM: Final = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)


class Browser:
    """Of somebody who looks at the pages of a running `app`, over TLS. Redirects are followed only where asked."""

    def __init__(self, app: FastAPI, base_url: str = f"https://{HOST}") -> None:
        self.client = TestClient(app, base_url=base_url, raise_server_exceptions=False, follow_redirects=False)
        self.origin = base_url

    def get(self, path: str, **options: Any) -> httpx.Response:
        found: httpx.Response = self.client.get(path, **options)
        return found

    def post(
        self, path: str, data: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        """What a page of this origin sends; `headers` replace what a browser says, None takes it away."""
        said = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"} | dict(headers or {})
        given = {name: value for name, value in said.items() if value is not None}
        found: httpx.Response = self.client.post(path, data=data, headers=given, **options)
        return found

    def sign_in(
        self, name: str, password: str, at: str = "/console/sign-in", going: str | None = None
    ) -> httpx.Response:
        """Through the form. The answer is the redirect, or the form again."""
        fields = hidden(self.get(at).text, at)
        return self.post(at, fields | {"name": name, "password": password} | ({"next": going} if going else {}))

    def send(self, page: httpx.Response, action: str, **fields: Any) -> httpx.Response:
        """Send the form of `page` that leads to `action`, with its hidden fields and these."""
        return self.post(action, hidden(page.text, action) | fields)

    @property
    def cookie(self) -> str | None:
        """The id of the session, as the browser has it."""
        found: str | None = self.client.cookies.get(SESSION)
        return found


def hidden(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that leads to `action`. Raises AssertionError where the page has none."""
    for attributes, inside in FORM.findall(html):
        if f'action="{action}"' in attributes:
            return {name: unescape(value) for name, value in FIELD.findall(inside)}
    raise AssertionError(f"no form leads to {action}")


def choices(html: str, action: str = "/me/choice") -> list[dict[str, str]]:
    """The hidden fields of every form that leads to `action`, in order."""
    return [
        {name: unescape(value) for name, value in FIELD.findall(inside)}
        for attributes, inside in FORM.findall(html)
        if f'action="{action}"' in attributes
    ]


def choice(html: str, act: str) -> dict[str, str]:
    """The form of My choice whose button says this act. Raises AssertionError where the page has not just one."""
    (found,) = [one for one in choices(html) if one["act"] == act]
    return found
