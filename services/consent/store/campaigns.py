"""Campaigns, whom they are for, and what went out to whom, within one transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlmodel import Session

from services.consent.models import CAMPAIGN, CONTACT, MEMBER, TRAIL
from shared.contracts.consent import Purpose
from shared.kit.bulk import insert_rows

REQUEST: Final = "request"
REMINDER: Final = "reminder"


@dataclass(frozen=True)
class KeptCampaign:
    """Moments are text, as they are kept."""

    id: str
    programme: str
    purpose: Purpose
    notice_version: int
    channel: str
    opened_at: str
    closes_on: str | None
    closed_at: str | None
    actor: str


@dataclass(frozen=True)
class Contact:
    """One line of the delivery log. `kind` is REQUEST or REMINDER."""

    alias: str
    at: str
    kind: str


def keep(session: Session, one: KeptCampaign) -> None:
    session.execute(insert(CAMPAIGN), [vars(one) | {"purpose": one.purpose.value}])


def find(session: Session, campaign: str) -> KeptCampaign | None:
    row = session.execute(select(CAMPAIGN).where(CAMPAIGN.c.id == campaign)).mappings().one_or_none()
    return KeptCampaign(**dict(row) | {"purpose": Purpose(row["purpose"])}) if row else None


def listed(session: Session) -> list[KeptCampaign]:
    """The newest first."""
    rows = session.execute(select(CAMPAIGN).order_by(CAMPAIGN.c.opened_at.desc(), CAMPAIGN.c.id)).mappings()
    return [KeptCampaign(**dict(row) | {"purpose": Purpose(row["purpose"])}) for row in rows]


def close(session: Session, campaign: str, at: str) -> None:
    session.execute(update(CAMPAIGN).where(CAMPAIGN.c.id == campaign).values(closed_at=at))


def members(session: Session, campaign: str) -> set[str]:
    """The aliases of the population."""
    return set(session.execute(select(MEMBER.c.alias).where(MEMBER.c.campaign == campaign)).scalars())


def add_members(session: Session, campaign: str, aliases: Iterable[str]) -> None:
    insert_rows(session, MEMBER, ["campaign", "alias"], ((campaign, alias) for alias in aliases))


def contacts(session: Session, campaign: str) -> list[Contact]:
    """The delivery log, in the order of time."""
    table = CONTACT.c
    query = select(table.alias, table.at, table.kind).where(table.campaign == campaign).order_by(table.at, table.alias)
    return [Contact(*row) for row in session.execute(query)]


def log_contacts(session: Session, campaign: KeptCampaign, sent: Iterable[Contact], actor: str) -> None:
    rows = ((campaign.id, one.alias, one.at, one.kind, campaign.channel, actor) for one in sent)
    insert_rows(session, CONTACT, ["campaign", "alias", "at", "kind", "channel", "actor"], rows)


def last_sent(session: Session, campaign: str) -> str | None:
    """The moment of the latest contact, or of the latest file, which may have had nobody in it."""
    contact = select(func.max(CONTACT.c.at)).where(CONTACT.c.campaign == campaign)
    file = select(func.max(TRAIL.c.at)).where(TRAIL.c.detail.startswith(f"{campaign} ", autoescape=True))
    return max(filter(None, (session.execute(query).scalar() for query in (contact, file))), default=None)


def exported(session: Session, action: str, detail: str) -> str | None:
    """When the export was made that the trail has under these words."""
    query = select(TRAIL.c.at).where(TRAIL.c.action == action, TRAIL.c.detail == detail)
    return session.execute(query).scalars().first()
