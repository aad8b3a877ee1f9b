"""Settings of ratings, from `CANDOUR_RATINGS_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.ratings.indicators.loading import FOLDER
from services.ratings.policy.loading import FOLDER as POLICY_FOLDER
from shared.kit.settings import StaffedSettings


class Settings(StaffedSettings):
    """`follow_seconds`: how often consent is asked for its head; `bake_gap_seconds`: least time between two bakes that
    follow it; `peer_patience_seconds`: how long a build waits for a neighbour that is restarting; `worker`: the
    name of this process among several, the host's where it is empty. `demonstration` opens the door to policy files
    that nobody has verified; without it they are refused. `release_policy` names the file of the policy folder that
    says how a release comes out, `outlier_policy` the one that says how outliers are handled."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CANDOUR_RATINGS_")

    port: int = Field(default=8002, ge=1, le=65535)
    ingest_url: str
    consent_url: str
    indicators_dir: Path = FOLDER
    policy_dir: Path = POLICY_FOLDER
    outlier_policy: str = Field(default="outlier_policy", pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$")
    release_policy: str = Field(default="release", pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    jobs_url: str = ""
    demonstration: bool = False
    worker: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    follow_seconds: float = Field(default=1.0, gt=0)
    bake_gap_seconds: float = Field(default=2.0, ge=0)
    peer_patience_seconds: float = Field(default=120.0, ge=0)

    def jobs_database(self) -> str:
        """The jobs' own database, or a schema of their own in the service's, or one SQLite file."""
        if self.jobs_url:
            return self.jobs_url
        return self.database("ratings") if self.database_url else f"sqlite:///{self.data_dir / 'ratings-jobs.sqlite'}"
