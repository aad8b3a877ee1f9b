"""What the office keeps: files it took, what it was run under, what needs a second person, whom it has asked."""

from sqlalchemy import Text
from sqlmodel import Field

from services.consent.models.base import ConsentTable


class ImportRow(ConsentTable, table=True):
    __tablename__ = "import_report"
    id: str = Field(primary_key=True, max_length=20)
    created_at: str = Field(max_length=27)
    actor: str = Field(max_length=80)
    report: str = Field(sa_type=Text)


class PolicyRow(ConsentTable, table=True):
    """Every policy file this store was ever run under, by digest. Append-only."""

    __tablename__ = "policy_file"
    digest: str = Field(primary_key=True, max_length=71)
    name: str = Field(max_length=200)
    body: str = Field(sa_type=Text)
    loaded_at: str = Field(max_length=27)


class ProposalRow(ConsentTable, table=True):
    """What one person proposed and another must approve: a legal basis or its end, a switch, a large return. `outcome`
    is `approved` or `rejected`, `revision` the event of the ledger that put it in force."""

    __tablename__ = "proposal"
    id: str = Field(primary_key=True, max_length=20)
    kind: str = Field(max_length=20, index=True)
    body: str = Field(sa_type=Text)
    proposed_by: str = Field(max_length=80)
    proposed_at: str = Field(max_length=27)
    decided_by: str | None = Field(max_length=80)
    decided_at: str | None = Field(max_length=27)
    outcome: str | None = Field(max_length=10)
    revision: int | None


class CampaignRow(ConsentTable, table=True):
    """Asking everybody of a programme for one purpose, under one version of the notice."""

    __tablename__ = "campaign"
    id: str = Field(primary_key=True, max_length=80)
    programme: str = Field(max_length=80)
    purpose: str = Field(max_length=20)
    notice_version: int
    channel: str = Field(max_length=80)
    opened_at: str = Field(max_length=27)
    closes_on: str | None = Field(max_length=10)
    closed_at: str | None = Field(max_length=27)
    actor: str = Field(max_length=80)


class MemberRow(ConsentTable, table=True):
    """Who was of the campaign's population when it opened."""

    __tablename__ = "campaign_member"
    campaign: str = Field(primary_key=True, max_length=80, foreign_key="campaign.id")
    alias: str = Field(primary_key=True, max_length=40)


class ContactRow(ConsentTable, table=True):
    """A request or a reminder that went to one person: the delivery log."""

    __tablename__ = "contact"
    campaign: str = Field(primary_key=True, max_length=80, foreign_key="campaign.id")
    alias: str = Field(primary_key=True, max_length=40)
    at: str = Field(primary_key=True, max_length=27)
    kind: str = Field(max_length=10)
    channel: str = Field(max_length=80)
    actor: str = Field(max_length=80)


class TrailRow(ConsentTable, table=True):
    """What people of the office did that is no event of the ledger: who exported, proposed, rejected, signed in."""

    __tablename__ = "trail"
    number: int = Field(primary_key=True)
    at: str = Field(max_length=27)
    actor: str = Field(max_length=80)
    action: str = Field(max_length=40)
    alias: str | None = Field(max_length=40)
    detail: str | None = Field(max_length=200)
