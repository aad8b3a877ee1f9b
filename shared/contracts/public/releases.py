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


class Corrects(Public):
    """Which release this one sets right, and what was wrong there."""

    supersedes: ReleaseId
    text: str


class CorrectionNotice(Public):
    """What a newer release has set right in this one. The figures here stay as they were published."""

    release: ReleaseId
    published: Instant
    text: str


class ReleaseLine(Public):
    release: ReleaseId
    status: Literal["current", "superseded"]
    published: Instant
    synthetic: bool
    correction: Corrects | MISSING = MISSING
    corrections: list[CorrectionNotice] | MISSING = MISSING
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
    correction: Corrects | MISSING = MISSING
    corrections: list[CorrectionNotice]
    manifest: Manifest
    links: dict[str, Path]


class ChangeEvent(Public):
    """`rows` are opaque ids in random order: never people, and no cause. `by`: the release that superseded or corrected
    this one."""

    sequence: int
    at: Instant
    kind: Literal[
        "release.published", "release.superseded", "release.reinstated", "release.corrected", "release.taken_down",
        "rows.not_published", "rows.published",
    ]  # fmt: skip
    release: ReleaseId
    by: ReleaseId | MISSING = MISSING
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
