"""Code lists and problem pages."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import Slug
from shared.contracts.public.parts import CountMeta, Public, SelfLink


class Code(Public):
    code: str
    label: str
    meaning: str
    mark: str | MISSING = MISSING
    sdmx: str | MISSING = MISSING
    data_absent_reason: str | MISSING = MISSING
    since: str


class CodeListLine(Public):
    name: Slug
    label: str
    kind: Literal["open", "closed"]
    links: SelfLink


class CodeListList(Public):
    data: list[CodeListLine]
    meta: CountMeta
    links: SelfLink


class CodeListEntry(Public):
    name: Slug
    label: str
    kind: Literal["open", "closed"]
    codes: list[Code]
    links: SelfLink


class ProblemPage(Public):
    code: str
    title: str
    status: int
    what_to_do: str
    links: SelfLink
