"""The two services that the gateway asks: ratings for views, consent for who was withheld since."""

from dataclasses import dataclass
from typing import Protocol

import httpx
from pydantic import ValidationError

from services.gateway.lean import LeanConnection, LeanError
from services.gateway.settings import Settings
from shared.contracts.consent import Changes, Head
from shared.contracts.releases import ReadableViews
from shared.kit.auth import ServiceToken
from shared.kit.peers import PeerRefused, PeerUnreachable
from shared.kit.secretfiles import read_secret


class Consent(Protocol):
    async def head(self) -> Head: ...
    async def changes(self, after: int, upto: int) -> Changes: ...
    async def close(self) -> None: ...


class Ratings(Protocol):
    async def views(self) -> ReadableViews: ...
    async def file(self, release: str, view: int, name: str) -> bytes: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Peers:
    ratings: Ratings
    consent: Consent

    async def close(self) -> None:
        await self.ratings.close()
        await self.consent.close()


class ConsentOverHttp:
    """`head` on a lean connection of its own, because it stands before every revocable answer; the rest by httpx."""

    def __init__(self, url: str, token: ServiceToken) -> None:
        self.lean = LeanConnection(url, token.header)
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=5.0, trust_env=False)

    async def head(self) -> Head:
        """Raises PeerUnreachable within the lean connection's deadline."""
        try:
            return Head.model_validate_json(await self.lean.get("/v1/head"))
        except (LeanError, ValidationError) as error:
            raise PeerUnreachable(f"consent gave no head: {type(error).__name__}") from error

    async def changes(self, after: int, upto: int) -> Changes:
        answer = await ask(self.client, "/v1/changes", {"after": after, "upto": upto})
        return Changes.model_validate_json(answer)

    async def close(self) -> None:
        self.lean.close()
        await self.client.aclose()


class RatingsOverHttp:
    def __init__(self, url: str, token: ServiceToken) -> None:
        self.client = httpx.AsyncClient(base_url=url, auth=token, timeout=30.0, trust_env=False)

    async def views(self) -> ReadableViews:
        return ReadableViews.model_validate_json(await ask(self.client, "/v1/views"))

    async def file(self, release: str, view: int, name: str) -> bytes:
        return await ask(self.client, f"/v1/releases/{release}/views/{view}/files/{name}")

    async def close(self) -> None:
        await self.client.aclose()


async def ask(client: httpx.AsyncClient, path: str, params: dict[str, int] | None = None) -> bytes:
    """The body of a 200. Raises PeerUnreachable for no answer and 5xx, PeerRefused for anything else."""
    try:
        response = await client.get(path, params=params)
    except httpx.HTTPError as error:
        raise PeerUnreachable(f"a peer gave no answer: {type(error).__name__}") from error
    if response.status_code >= 500:
        raise PeerUnreachable(f"a peer answered {response.status_code}")
    if response.status_code != 200:
        raise PeerRefused(f"a peer answered {response.status_code}")
    return response.content


def over_http(settings: Settings) -> Peers:
    """Raises FileNotFoundError where a pair's secret is missing."""

    def token(service: str) -> ServiceToken:
        return ServiceToken("gateway", service, read_secret(settings.secrets_dir, f"gateway-{service}"))

    return Peers(
        RatingsOverHttp(settings.ratings_url, token("ratings")),
        ConsentOverHttp(settings.consent_url, token("consent")),
    )
