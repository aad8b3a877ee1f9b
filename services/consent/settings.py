"""Settings of the consent service, from `CANDOUR_CONSENT_*` variables."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from shared.kit.settings import ServiceSettings

POLICY_DIR = Path(__file__).parent / "policy"


class Settings(ServiceSettings):
    """`demonstration` opens the door to policy files that nobody has verified; without it they are refused."""

    model_config = SettingsConfigDict(env_prefix="CANDOUR_CONSENT_", extra="forbid", frozen=True)

    port: int = 8003
    policy_dir: Path = POLICY_DIR
    demonstration: bool = False
