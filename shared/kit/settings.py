"""Settings every service has, read from `CANDOUR_<SERVICE>_<NAME>` variables. Nothing dangerous has a default."""

from pathlib import Path
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url


class ServiceSettings(BaseSettings):
    """Where a service keeps its data, where it listens, and where it finds its secrets.

    The password of the database is a file of its own, so that the URL can be shown.
    """

    model_config = SettingsConfigDict(extra="forbid", frozen=True)

    data_dir: Path
    secrets_dir: Path
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    database_url: str = ""
    database_password_file: Path | None = None
    log_level: str = "INFO"

    def model_post_init(self, _context: Any, /) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)

    def database(self, name: str) -> str:
        """The configured database, or one SQLite file in the data directory. Raises FileNotFoundError where the file
        of the password is missing."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir / (name + '.sqlite')}"
        if self.database_password_file is None:
            return self.database_url
        password = self.database_password_file.read_text().strip()
        return make_url(self.database_url).set(password=password).render_as_string(hide_password=False)


class StaffedSettings(ServiceSettings):
    """Of a service that people sign in to: where their accounts are. The public's gateway has none to hold."""

    people_file: Path
