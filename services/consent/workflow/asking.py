"""Who is to be asked, as a file for whoever sends the letters; and that they were, in the ledger and the delivery log.

What goes out and what is written down are one transaction: a file that was made once can be fetched again under its
key, and then adds nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from services.consent.domain.standing import Subject
from services.consent.store import Reading, Writing, campaigns
from services.consent.store.campaigns import REMINDER, REQUEST, Contact
from services.consent.store.trails import Trace
from services.consent.workflow.book import Book, Note
from services.consent.workflow.campaigns import Inquiry, found, inquiry_of, running
from services.consent.workflow.decisions import not_allowed
from services.consent.workflow.office import Office, day_of, stamp
from services.consent.workflow.trail import keep_trail
from shared.contracts.consent import Act, NonResponder, NonResponders
from shared.kit.downloads import csv_text
from shared.kit.files import sha256_of

HEADER: Final = ("gmc", "name", "programme", "purpose", "notice_version", "campaign")
Kind = Literal["request", "reminder"]


@dataclass(frozen=True)
class Asked:
    """Which file: of which campaign and kind, under which key, for whom."""

    campaign: str
    kind: Kind
    key: str
    actor: str

    @property
    def trace(self) -> Trace:
        detail = f"{self.campaign} {sha256_of(self.key.encode())}"
        return Trace(self.actor, f"campaign-{self.kind}s", detail=detail)


def export(office: Office, asked: Asked) -> str:
    """CSV with those who are to be asked, or reminded, now: of the population, without an answer, and nobody whom a
    restriction or an objection protects. A request goes to who has had none; each becomes an event `asked`. A reminder
    goes to who has had a request, and is no event. Under the same key the same people again, and nothing is added.

    Raises NotFound, CampaignClosed, StorageFull.
    """
    return office.room.modestly(lambda: _export(office, asked))


def _export(office: Office, asked: Asked) -> str:
    now = office.clock()
    with office.writing() as tx:
        at = campaigns.exported(tx.session, asked.trace.action, asked.trace.detail or "")
        if at is None:
            at = _send(office, tx, asked, now)
        return _file(tx, asked, at)


def _send(office: Office, tx: Writing, asked: Asked, now: datetime) -> str:
    """Write down that they are asked; the moment under which it is written."""
    inquiry = inquiry_of(tx, running(tx, asked.campaign, day_of(now)))
    due = [one for one in inquiry.to_be_asked() if (one in inquiry.requested) is (asked.kind == REMINDER)]
    moment = moment_after(now, campaigns.last_sent(tx.session, asked.campaign))
    if asked.kind == REQUEST:
        _record(office, tx, inquiry, due, Asking(asked.actor, now))
    sent = (Contact(alias, stamp(moment), asked.kind) for alias in due)
    campaigns.log_contacts(tx.session, inquiry.campaign, sent, asked.actor)
    keep_trail(tx, moment, asked.trace)
    return stamp(moment)


@dataclass(frozen=True)
class Asking:
    actor: str
    now: datetime


def _record(office: Office, tx: Writing, inquiry: Inquiry, due: list[str], asking: Asking) -> None:
    kept, judge = inquiry.campaign, office.judge(tx, asking.now)
    notice = office.policy.notice(kept.programme, kept.notice_version, judge.at)
    if notice is None:
        raise not_allowed("notice", "the campaign's version of the notice is not in use any more: open another one")
    known = tx.standings(due, kept.programme)
    book = Book(judge, known, tx.end_of_ledger.revision, asking.actor, asking.now)
    for alias in due:
        subject = Subject(alias, kept.programme, kept.purpose)
        book.add(Note(subject, Act.ASKED, notice.version, judge.at, kept.channel, notice_sha256=notice.sha256))
    book.write(tx)


def moment_after(now: datetime, last: str | None) -> datetime:
    """Now, or just after what was written last: a clock may stand still or go back, and two files never share a
    moment."""
    return now if last is None or stamp(now) > last else datetime.fromisoformat(last) + timedelta(microseconds=1)


def _file(tx: Reading, asked: Asked, at: str) -> str:
    """In the order of the numbers. Whoever was erased since is missing."""
    kept = found(tx, asked.campaign)
    sent = [one.alias for one in campaigns.contacts(tx.session, kept.id) if (one.at, one.kind) == (at, asked.kind)]
    people = sorted(tx.people_of(sent).values(), key=lambda one: one.number)
    said = (kept.programme, kept.purpose.value, kept.notice_version, kept.id)
    return csv_text(HEADER, ((one.number, one.name, *said) for one in people))


def non_responders(office: Office, campaign: str) -> NonResponders:
    """Everybody of the population without an answer, in the order of their numbers. Raises NotFound."""
    with office.reading() as tx:
        inquiry = inquiry_of(tx, found(tx, campaign))
        silent = [alias for alias, one in inquiry.standings.items() if inquiry.unanswered(one)]
        people = sorted(tx.people_of(silent).values(), key=lambda one: one.number)
    log: dict[str, list[Contact]] = {}
    for one in inquiry.contacts:
        log.setdefault(one.alias, []).append(one)
    return NonResponders(
        campaign=campaign,
        people=[
            NonResponder(
                gmc=one.number, kind=one.kind, name=one.name, requested=_first(log.get(one.alias, [])),
                reminders=sum(sent.kind == REMINDER for sent in log.get(one.alias, [])),
                last_contact=_last(log.get(one.alias, [])),
            )
            for one in people
        ],
    )  # fmt: skip


def _first(log: list[Contact]) -> datetime | None:
    return next((datetime.fromisoformat(one.at) for one in log if one.kind == REQUEST), None)


def _last(log: list[Contact]) -> datetime | None:
    return datetime.fromisoformat(log[-1].at) if log else None
