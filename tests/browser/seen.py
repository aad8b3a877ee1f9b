"""What a browser did on the side while a page was read."""

from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Page

ANSWERED: Final = "Failed to load resource: the server responded with a status of"


@dataclass
class Seen:
    """Addresses asked for, and what the browser complained of, such as a breach of the content security policy.

    That a page answered with an error status is no complaint: error pages are looked at like any other.
    """

    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> "Seen":
        """From now on."""
        seen = cls()
        page.on("request", lambda request: seen.requests.append(request.url))
        page.on("console", lambda message: seen.said(message.text))
        return seen

    def said(self, text: str) -> None:
        if not text.startswith(ANSWERED):
            self.complaints.append(text)

    def elsewhere(self, site: str) -> list[str]:
        """Requests to any other host than the site's."""
        return [url for url in self.requests if not url.startswith((f"{site}/", "data:"))]
