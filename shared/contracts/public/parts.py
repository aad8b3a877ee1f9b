"""What public bodies have in common. Optional keys are absent, never null."""

from typing import Annotated

from pydantic import MISSING, BaseModel, ConfigDict, Field

from shared.contracts.base import Count, ReleaseId


class Public(BaseModel):
    """Refuses keys that it does not know: nothing leaves that is not declared here."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Finite = Annotated[float, Field(allow_inf_nan=False)]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Instant = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
Path = Annotated[str, Field(pattern=r"^/")]


class SelfLink(Public):
    self: Path


class PageLinks(SelfLink):
    """`next` is missing on the last page."""

    next: Path | MISSING = MISSING


class PageMeta(Public):
    """`view` is there where the answer could depend on a decision; `absent` counts rows without a figure by reason,
    and is not given for consultants."""

    release: ReleaseId
    view: int | MISSING = MISSING
    total: Count
    returned: Count
    limit: Count
    sort: str
    absent: dict[str, int] | MISSING = MISSING
    why_empty: str | MISSING = MISSING


class CountMeta(Public):
    release: ReleaseId | MISSING = MISSING
    total: Count
    returned: Count


class ResourceLinks(SelfLink):
    results: Path
