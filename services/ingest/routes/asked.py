"""What every route of ingest has in common: its parameters are declared, its answers are private."""

from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.ingest.settings import Settings
from services.ingest.source import Source
from services.ingest.store.database import Store
from shared.contracts.base import Slug
from shared.kit.asking import once_each
from shared.kit.jobs import Jobs
from shared.kit.problems import NotFound
from shared.kit.signing import Signer

PRIVATE = {"Cache-Control": "no-store"}
MOST_NUMBER: Final = 2**63 - 1  # what a database can compare with


class NoParameters(BaseModel):
    """Base of every query: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid")


class Page(NoParameters):
    feed: Slug | None = None
    before: int | None = Field(default=None, ge=1, le=MOST_NUMBER)
    limit: int = Field(default=100, ge=1, le=1000)


def private_and_once(request: Request, response: Response) -> None:
    """No cache keeps an answer of ingest. Raises RepeatedParameter."""
    response.headers.update(PRIVATE)
    once_each(request)


def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


def sources_of(request: Request) -> Mapping[str, Source]:
    sources: Mapping[str, Source] = request.app.state.sources
    return sources


def settings_of(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def key_of(request: Request) -> bytes | None:
    key: bytes | None = request.app.state.key
    return key


def jobs_of(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def signer_of(request: Request) -> Signer:
    signer: Signer = request.app.state.signer
    return signer


StoreDep = Annotated[Store, Depends(store_of)]
SourcesDep = Annotated[Mapping[str, Source], Depends(sources_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]
JobsDep = Annotated[Jobs, Depends(jobs_of)]
KeyDep = Annotated[bytes | None, Depends(key_of)]
SignerDep = Annotated[Signer, Depends(signer_of)]
ASKED = [Depends(private_and_once)]


def source_named(sources: Mapping[str, Source], feed: str) -> Source:
    """Raises NotFound."""
    source = sources.get(feed)
    if source is None:
        raise NotFound(f"There is no source or feed of this name. There are: {', '.join(sorted(sources))}.")
    return source
