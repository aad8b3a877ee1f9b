"""Providers and consultants."""

from pydantic import MISSING, Field

from shared.contracts.base import ResultId, Slug, SubjectId
from shared.contracts.public.parts import Day, PageLinks, PageMeta, Public, ResourceLinks
from shared.contracts.public.results import ProviderName, Reply


class Register(Public):
    source: str
    as_of: Day


class Provider(Public):
    id: SubjectId
    name: str
    kind: str
    region: str
    active: bool | MISSING = MISSING  # only where the register says it
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
