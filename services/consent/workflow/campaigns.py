"""A campaign: everybody who is on the register of a programme when it opens is asked for one purpose, under one version
of the notice. It ends without deciding anything: silence is never consent."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from services.consent.domain.facts import Word
from services.consent.domain.standing import Standing, Subject
from services.consent.problems import CampaignClosed, CampaignOpen
from services.consent.store import Reading, Writing, campaigns
from services.consent.store.campaigns import REMINDER, REQUEST, Contact, KeptCampaign
from services.consent.store.trails import Trace
from services.consent.workflow.decisions import not_allowed
from services.consent.workflow.office import Office, day_of, stamp
from services.consent.workflow.trail import keep_trail
from shared.contracts.consent import Campaign, CampaignCounts, CampaignRequest, ContactCounts
from shared.kit.problems import NotFound

NO_CAMPAIGN = "There is no such campaign."


@dataclass(frozen=True)
class Inquiry:
    """A campaign with its population, and where everybody of it stands."""

    campaign: KeptCampaign
    standings: dict[str, Standing]
    contacts: list[Contact]

    def unanswered(self, standing: Standing) -> bool:
        """Nothing was answered, or consent was given under an older notice than the campaign's. Who refused or withdrew
        has answered, whichever the notice."""
        older = standing.word is Word.GIVEN and (standing.notice_version or 0) < self.campaign.notice_version
        return older or not standing.answered

    def to_be_asked(self) -> list[str]:
        """Those without an answer to whom anybody may write."""
        found = self.standings.items()
        return sorted(alias for alias, one in found if self.unanswered(one) and may_be_asked(one))

    @cached_property
    def requested(self) -> set[str]:
        return {one.alias for one in self.contacts if one.kind == REQUEST}


def may_be_asked(standing: Standing) -> bool:
    """Nobody writes to whom a restriction or an objection protects, or who was erased."""
    objects = standing.objection in {"open", "upheld"}
    return not (standing.restricted or objects or standing.word is Word.ERASED)


def open_campaign(office: Office, request: CampaignRequest, actor: str) -> Campaign:
    """Take the population from the register as it is now. Raises ValueNotAllowed, CampaignOpen where one for the same
    programme and purpose is open, StorageFull."""
    return office.room.modestly(lambda: _open(office, request, actor))


def _open(office: Office, request: CampaignRequest, actor: str) -> Campaign:
    now = office.clock()
    with office.writing() as tx:
        _check(office, tx, request, day_of(now))
        for one in campaigns.listed(tx.session):
            if (one.programme, one.purpose) == (request.programme, request.purpose) and _is_open(one, day_of(now)):
                raise CampaignOpen(f"Campaign {one.id} asks for this already. Close it first, or go on with it.")
        closes = request.closes_on.isoformat() if request.closes_on else None
        kept = KeptCampaign(
            "c-" + secrets.token_hex(6), request.programme, request.purpose, request.notice, request.channel,
            stamp(now), closes, None, actor,
        )  # fmt: skip
        campaigns.keep(tx.session, kept)
        campaigns.add_members(tx.session, kept.id, _enrolled(tx, kept))
        keep_trail(tx, now, Trace(actor, "campaign-opened", detail=kept.id))
        return as_contract(office, inquiry_of(tx, kept), day_of(now))


def _check(office: Office, tx: Reading, request: CampaignRequest, today: date) -> None:
    if request.programme not in office.policy.programmes:
        raise not_allowed("programme", "a programme of the policy")
    known = office.law(tx).purposes(request.programme)
    if request.purpose not in known:
        raise not_allowed("purpose", "the programme has a basis for: " + ", ".join(known))
    if office.policy.notice(request.programme, request.notice, today) is None:
        raise not_allowed("notice", "a version of the notice that is in use: GET /v1/notices lists them")
    if request.closes_on is not None and request.closes_on < today:
        raise not_allowed("closes_on", f"a day that has not passed: {today.isoformat()} or later")


def refresh(office: Office, campaign: str, actor: str) -> Campaign:
    """Add who has joined the register since; nobody is taken away. Raises NotFound, CampaignClosed, StorageFull."""
    return office.room.modestly(lambda: _refresh(office, campaign, actor))


def _refresh(office: Office, campaign: str, actor: str) -> Campaign:
    now = office.clock()
    with office.writing() as tx:
        kept = running(tx, campaign, day_of(now))
        campaigns.add_members(tx.session, kept.id, _enrolled(tx, kept) - campaigns.members(tx.session, kept.id))
        keep_trail(tx, now, Trace(actor, "campaign-refreshed", detail=kept.id))
        return as_contract(office, inquiry_of(tx, kept), day_of(now))


def close(office: Office, campaign: str, actor: str) -> Campaign:
    """Nobody is asked by it any more; no decision changes. Closed already, it stays as it was. Raises NotFound."""
    now = office.clock()
    with office.writing() as tx:
        kept = found(tx, campaign)
        if kept.closed_at is None:
            campaigns.close(tx.session, kept.id, stamp(now))
            keep_trail(tx, now, Trace(actor, "campaign-closed", detail=kept.id))
            kept = replace(kept, closed_at=stamp(now))
        return as_contract(office, inquiry_of(tx, kept), day_of(now))


def status(office: Office, campaign: str) -> Campaign:
    """Raises NotFound."""
    with office.reading() as tx:
        return as_contract(office, inquiry_of(tx, found(tx, campaign)), day_of(office.clock()))


def every(office: Office) -> list[Campaign]:
    """The newest first."""
    with office.reading() as tx:
        today = day_of(office.clock())
        return [as_contract(office, inquiry_of(tx, kept), today) for kept in campaigns.listed(tx.session)]


def found(tx: Reading, campaign: str) -> KeptCampaign:
    """Raises NotFound."""
    kept = campaigns.find(tx.session, campaign)
    if kept is None:
        raise NotFound(NO_CAMPAIGN)
    return kept


def running(tx: Reading, campaign: str, today: date) -> KeptCampaign:
    """Raises NotFound, CampaignClosed."""
    kept = found(tx, campaign)
    if not _is_open(kept, today):
        raise CampaignClosed("This campaign asks nobody any more. Open another one where people must still be asked.")
    return kept


def inquiry_of(tx: Reading, kept: KeptCampaign) -> Inquiry:
    aliases = campaigns.members(tx.session, kept.id)
    held = tx.standings(sorted(aliases), kept.programme)
    standings = {one: held.get(Subject(one, kept.programme, kept.purpose), Standing()) for one in aliases}
    return Inquiry(kept, standings, campaigns.contacts(tx.session, kept.id))


def _enrolled(tx: Writing, kept: KeptCampaign) -> set[str]:
    return {one.alias for one in tx.enrolled(programme=kept.programme)}


def _is_open(kept: KeptCampaign, today: date) -> bool:
    return kept.closed_at is None and (kept.closes_on is None or kept.closes_on >= today.isoformat())


def as_contract(office: Office, inquiry: Inquiry, today: date) -> Campaign:
    kept = inquiry.campaign
    notice = office.policy.notices.get((kept.programme, kept.notice_version))
    return Campaign.model_validate(
        {
            "id": kept.id, "programme": kept.programme, "purpose": kept.purpose, "notice": kept.notice_version,
            "notice_sha256": notice.sha256 if notice else None, "channel": kept.channel,
            "state": "open" if _is_open(kept, today) else "closed", "opened": kept.opened_at, "opened_by": kept.actor,
            "closes_on": kept.closes_on, "closed": kept.closed_at, "counts": _counts(inquiry),
            "contacts": _contacts(inquiry),
        }
    )  # fmt: skip


def _counts(inquiry: Inquiry) -> CampaignCounts:
    protected = sum(not may_be_asked(one) for one in inquiry.standings.values())
    words = [one.word for one in inquiry.standings.values() if not inquiry.unanswered(one)]
    pending = {alias: one for alias, one in inquiry.standings.items() if inquiry.unanswered(one)}
    asked = sum(one.word is Word.ASKED or alias in inquiry.requested for alias, one in pending.items())
    return CampaignCounts(
        population=len(inquiry.standings), given=words.count(Word.GIVEN), refused=words.count(Word.REFUSED),
        withdrawn=words.count(Word.WITHDRAWN) + words.count(Word.ERASED), pending=len(pending), asked=asked,
        not_asked=len(pending) - asked, not_to_be_asked=protected,
    )  # fmt: skip


def _contacts(inquiry: Inquiry) -> ContactCounts:
    kinds = [one.kind for one in inquiry.contacts]
    last = datetime.fromisoformat(inquiry.contacts[-1].at) if inquiry.contacts else None
    return ContactCounts(requests=kinds.count(REQUEST), reminders=kinds.count(REMINDER), last=last)
