"""What consent asks of ratings. Nothing that it decides waits for an answer."""

import asyncio
from typing import Final

import httpx
from pydantic import ValidationError

from services.consent.problems import ImpactUnknown
from services.consent.settings import Settings
from shared.contracts.impact import Impact
from shared.kit.secretfiles import read_secret
from shared.kit.tokens import ServiceToken

SECONDS: Final = 2.0


class Ratings:
    """`client` signs as consent; None where this consent was told of no ratings. It is asked from one event loop."""

    def __init__(self, client: httpx.AsyncClient | None) -> None:
        self.client = client

    async def impact(self, key: str) -> Impact:
        """What hiding this key would hide, within two seconds in all. Raises ImpactUnknown."""
        if self.client is None:
            raise ImpactUnknown("This service was not told where ratings is.")
        try:
            async with asyncio.timeout(SECONDS):
                answer = await self.client.get("/v1/impact", params={"key": key})
                answer.raise_for_status()
            return Impact.model_validate_json(answer.content)
        except (httpx.HTTPError, TimeoutError):
            raise ImpactUnknown("The ratings service gave no answer within two seconds.") from None
        except ValidationError:
            raise ImpactUnknown("The ratings service gave an answer that this one does not understand.") from None

    async def close(self) -> None:
        if self.client is not None:
            await self.client.aclose()


def ratings_of(settings: Settings) -> Ratings:
    """Raises FileNotFoundError where ratings is named and the secret for it is missing."""
    if settings.ratings_url is None:
        return Ratings(None)
    token = ServiceToken("consent", "ratings", read_secret(settings.secrets_dir, "consent-ratings"))
    return Ratings(httpx.AsyncClient(base_url=settings.ratings_url, auth=token, timeout=SECONDS, trust_env=False))
