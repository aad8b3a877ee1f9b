"""Whole files of a release."""

from typing import Literal

from shared.contracts.base import Count, Sha256
from shared.contracts.public.parts import CountMeta, Path, Public, SelfLink


class WholeFile(Public):
    """`bytes` and `sha256` are those of the content without a content coding; `rows` are rows of results."""

    partition: Literal["fixed"]
    name: str
    media_type: str
    bytes: Count
    rows: Count
    sha256: Sha256


class FileLinks(SelfLink):
    """`permanent` carries the digest: under it there are never other bytes."""

    permanent: Path


class FileEntry(WholeFile):
    links: FileLinks


class FileList(Public):
    data: list[FileEntry]
    meta: CountMeta
    links: SelfLink
