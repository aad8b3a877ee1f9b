"""Providers and consultants."""

from typing import Literal

from pydantic import MISSING, Field

from shared.contracts.base import ResultId, Slug, SubjectId
from shared.contracts.public.parts import Day, PageLinks, PageMeta, Public, ResourceLinks
from shared.contracts.public.results import ProviderName, Reply


class Register(Public):
    source: str
    as_of: Day


class Succeeding(Public):
    """An organisation that this one came from (`predecessor`), or that took its place (`successor`) on the day."""

    relation: Literal["predecessor", "successor"]
    id: SubjectId
    name: str
    since: Day | MISSING = MISSING


class Provider(Public):
    id: SubjectId
    name: str
    kind: str
    region: str
    town: str | MISSING = MISSING
    postcode: str | MISSING = MISSING
    active: bool | MISSING = MISSING  # only where the register says it
    opened: Day | MISSING = MISSING
    closed: Day | MISSING = MISSING
    parent: ProviderName | MISSING = MISSING
    succession: list[Succeeding] | MISSING = MISSING
    source: Register = Field(alias="register")  # a field of that name would hide an attribute of every class
    synthetic: bool
    commentary: Reply | MISSING = MISSING  # in the provider's own entry, where somebody was asked
    links: ResourceLinks


class ProviderPage(Public):
    data: list[Provider]
    meta: PageMeta
    links: PageLinks


class ConsultantLine(Public):
    id: SubjectId
    name: str
    specialties: list[Slug]
    providers: list[ProviderName]
    links: ResourceLinks


class Consultant(ConsultantLine):
    unit_results: list[ResultId]
    commentary: Reply


class ConsultantPage(Public):
    data: list[ConsultantLine]
    meta: PageMeta
    links: PageLinks
