"""How many consultants were asked, and who refused where naming them is in force. Never a result."""

from typing import Literal

from pydantic import MISSING

from shared.contracts.base import Count, ReleaseId, Slug
from shared.contracts.public.parts import CountMeta, Instant, Public, SelfLink


class Share(Public):
    """In percent of those who were asked. `less_than` is missing at the highest level that is used for so many."""

    at_least: Count
    less_than: Count | MISSING = MISSING


class PublishedParticipation(Public):
    status: Literal["published"]
    programme: Slug
    label: str
    asked: Count
    may_be_named: Share


class SuppressedParticipation(Public):
    """Too few were asked for anything to be said that would not point at one of them."""

    status: Literal["suppressed"]
    reason: Literal["small_numbers"]
    programme: Slug
    label: str


class ParticipationMeta(CountMeta):
    """`as_at`: the release's publication, and what was known then. `levels`: which are ever used, in percent; one is
    used only where `fewest` people may be on its other side."""

    area: Literal["England"]
    as_at: Instant
    levels: list[Count]
    fewest: Count


class Participation(Public):
    data: list[PublishedParticipation | SuppressedParticipation]
    meta: ParticipationMeta
    links: SelfLink


class RefusalReason(Public):
    code: Slug
    label: str


class Refusal(Public):
    """A name and one of the reasons that are offered; `reason` is missing where none was given."""

    name: str
    reason: RefusalReason | MISSING = MISSING


class RefusalsMeta(Public):
    release: ReleaseId
    programme: Slug
    label: str
    total: Count
    returned: Count


class RefusalList(Public):
    data: list[Refusal]
    meta: RefusalsMeta
    links: SelfLink
