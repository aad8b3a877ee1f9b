"""Settings of the gateway, read from `CANDOUR_GATEWAY_*`."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.contracts.consent import GatewayName
from shared.kit.settings import ServiceSettings


class Settings(ServiceSettings):
    """Where ratings and consent are, and how often the index of readable views is looked at.

    `name`: under which consent knows this gateway; of one name it answers the newest process only. `ballast_bytes`:
    space held back in the data directory for what must be written on a full disk, too.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CANDOUR_GATEWAY_")

    port: int = Field(default=8000, ge=1, le=65535)
    name: GatewayName = "gateway"
    ratings_url: str = "http://127.0.0.1:8002"
    consent_url: str = "http://127.0.0.1:8003"
    poll_seconds: float = Field(default=0.5, gt=0, le=60)
    ballast_bytes: int = Field(default=1 << 20, ge=0)
