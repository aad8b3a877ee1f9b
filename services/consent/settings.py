"""Settings of the consent service, from `CANDOUR_CONSENT_*` variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.kit.settings import StaffedSettings

POLICY_DIR = Path(__file__).parent / "policy"


class Settings(StaffedSettings):
    """`demonstration` opens the door to policy files that nobody has verified; without it they are refused.

    `ratings_url`: whom to ask how much a withdrawal would hide; without it that cannot be said, and all else can.
    The journal belongs on another device than the data; `ballast_bytes` are held back beside each, 0 for nothing.
    """

    model_config = SettingsConfigDict(env_prefix="CANDOUR_CONSENT_", extra="forbid", frozen=True)

    port: int = 8003
    policy_dir: Path = POLICY_DIR
    demonstration: bool = False
    ratings_url: str | None = None
    journal_dir: Path | None = None
    ballast_bytes: int = Field(default=64 * 2**20, ge=0)

    @property
    def journal(self) -> Path:
        return self.journal_dir or self.data_dir / "journal"
