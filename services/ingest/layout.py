"""What everything that a source's TOML says is made of."""

from pydantic import BaseModel, ConfigDict


class Layout(BaseModel):
    """Base of everything read from a source's TOML: frozen, and nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
