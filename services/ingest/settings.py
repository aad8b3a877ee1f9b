"""Settings of ingest, from `CANDOUR_INGEST_*`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.ingest.source import PACKAGED
from shared.kit.settings import StaffedSettings


class Settings(StaffedSettings):
    """`most_bytes` caps one upload, `most_uploads` how many arrive at once; a sender silent for `idle_seconds` is cut
    off. `most_rows_held`: of a large file so many rows are compared at a time. `sources_dir` holds the TOML of each
    source; `jobs_url` is the jobs' database; `worker` is the name of this process among several, the host's where it is
    empty."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="CANDOUR_INGEST_")

    port: int = Field(default=8001, ge=1, le=65535)
    most_bytes: int = Field(default=2 << 30, ge=1)
    most_uploads: int = Field(default=64, ge=1)
    idle_seconds: float = Field(default=60.0, gt=0)
    most_rows_held: int = Field(default=500_000, ge=1)
    sources_dir: Path = PACKAGED
    jobs_url: str = ""
    worker: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")

    def jobs_database(self) -> str:
        """The jobs' own database, or a schema of their own in the service's, or one SQLite file."""
        if self.jobs_url:
            return self.jobs_url
        return self.database("ingest") if self.database_url else f"sqlite:///{self.data_dir / 'ingest-jobs.sqlite'}"
