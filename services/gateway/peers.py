"""The two services that the gateway asks: ratings for views, consent for who was withheld since."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import httpx

from services.gateway.choices import Choices, ChoicesOverHttp
from services.gateway.consent import ConsentOverHttp, ask
from services.gateway.deadlines import DEADLINES, Deadlines
from services.gateway.settings import Settings
from services.gateway.tenure import Tenure
from shared.contracts.consent import Changes, Head
from shared.contracts.releases import ReadableViews
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken


class Consent(Protocol):
    """`superseded`: consent answers this process no more, because another has its name or it is held to have ended.
    `incarnation`: ours, where we are registered."""

    superseded: bool
    on_superseded: Callable[[], None]
    incarnation: str | None

    async def head(self) -> Head: ...
    async def changes(self, after: int, upto: int) -> Changes: ...
    async def news(self, after: int) -> int | None: ...
    async def confirm(self, applied: int, *, leaving: bool = False) -> bool: ...
    async def close(self) -> None: ...


class Ratings(Protocol):
    async def views(self) -> ReadableViews: ...
    async def file(self, release: str, view: int, name: str) -> bytes: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Peers:
    ratings: Ratings
    consent: Consent
    choices: Choices
    deadlines: Deadlines = DEADLINES

    async def close(self) -> None:
        await self.ratings.close()
        await self.consent.close()
        await self.choices.close()


class RatingsOverHttp:
    def __init__(self, url: str, token: ServiceToken) -> None:
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=30.0, trust_env=False)

    async def views(self) -> ReadableViews:
        return ReadableViews.model_validate_json(await ask(self.client, "/v1/views"))

    async def file(self, release: str, view: int, name: str) -> bytes:
        return await ask(self.client, f"/v1/releases/{release}/views/{view}/files/{name}")

    async def close(self) -> None:
        await self.client.aclose()


def over_http(settings: Settings, tenure: Tenure | None = None, deadlines: Deadlines = DEADLINES) -> Peers:
    """`tenure`: that of a process which holds its data directory alone. Raises FileNotFoundError where a pair's secret
    is missing."""

    def token(service: str) -> ServiceToken:
        return ServiceToken("gateway", service, read_secret(settings.secrets_dir, f"gateway-{service}"))

    return Peers(
        RatingsOverHttp(settings.ratings_url, token("ratings")),
        ConsentOverHttp(settings.consent_url, token("consent"), settings.name, tenure or Tenure(), deadlines),
        ChoicesOverHttp(settings.consent_url, token("consent"), deadlines.choices),
        deadlines,
    )
