"""The service document, releases, and what changed."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import Count, ReleaseId, ResultId
from shared.contracts.public.files import WholeFile
from shared.contracts.public.parts import CountMeta, Instant, Path, Public, SelfLink


class Service(Public):
    name: str
    contract: str
    licence: str
    release: ReleaseId | MISSING = MISSING
    published: Instant | MISSING = MISSING
    synthetic: bool | MISSING = MISSING
    links: dict[str, Path]


class ReleaseLine(Public):
    release: ReleaseId
    status: Literal["current", "superseded"]
    published: Instant
    synthetic: bool
    links: SelfLink


class ReleaseList(Public):
    data: list[ReleaseLine]
    meta: CountMeta
    links: SelfLink


class Replay(Public):
    code: str
    inputs: list[str]
    command: str


class Manifest(Public):
    release: ReleaseId
    published: Instant
    licence: str
    contract: str
    synthetic: bool
    method_version: str
    results_digest: str
    replay: Replay
    files: list[WholeFile]


class ReleaseEntry(Public):
    release: ReleaseId
    status: Literal["current", "superseded"]
    view: int
    previous: ReleaseId | MISSING = MISSING
    known_issues: list[str]
    corrections: list[str]
    manifest: Manifest
    links: dict[str, Path]


class ChangeEvent(Public):
    """`rows` are opaque ids in random order: never people, and no cause."""

    sequence: int
    at: Instant
    kind: Literal["release.published", "rows.not_published", "rows.published"]
    release: ReleaseId
    view: int | MISSING = MISSING
    rows: list[ResultId] | MISSING = MISSING


class ChangesMeta(Public):
    latest: Count


class ChangeLinks(SelfLink):
    next: Path


class ChangePage(Public):
    data: list[ChangeEvent]
    meta: ChangesMeta
    links: ChangeLinks
