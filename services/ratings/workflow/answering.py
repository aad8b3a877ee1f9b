"""Replies, commentaries and comments: sent by whoever is measured, moderated by others, frozen at publication."""

import secrets
from dataclasses import dataclass

from services.ratings.domain.answers import Kind, State, figures_digest, figures_of_all, policy, words_in
from services.ratings.models import AnswerRow, ReleaseRow
from services.ratings.problems import KeyReused
from services.ratings.store import answers as kept
from services.ratings.store.store import Transaction
from services.ratings.told_problems import LatestChanged, LatestNotSeen, OwnWords, TextSettled
from services.ratings.view.beside import ResultKey
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import (
    Who,
    check_not_public,
    check_open,
    own_release,
    own_result,
    results_frame,
)
from services.ratings.workflow.texts import Figures, as_sent
from shared.contracts.told import CommentaryText, CommentText, Moderation, SentText
from shared.kit.auth import Caller
from shared.kit.problems import NotFound, ValueNotAllowed


@dataclass(frozen=True)
class Sent:
    """What came with a text: the number of the one that its author saw last, and the key to send it again under."""

    seen: int | None = None
    key: str | None = None


@dataclass(frozen=True)
class Words:
    """A text and what it is about: one result where `about` is its key, else all of the author's in the release."""

    kind: Kind
    text: str
    figures: str
    about: ResultKey | None = None


def reply(office: Office, who: Who, result: str, text: str, sent: Sent) -> tuple[AnswerRow, SentText]:
    """The author's reply to one result, in place of the one before. Sent again, it is answered as the first time.

    Raises NotFound, Frozen, WindowClosed, ValueNotAllowed, LatestNotSeen, LatestChanged, KeyReused.
    """
    check_length(Kind.REPLY, text)
    with office.store.transaction() as tx:
        own = own_result(office, tx, who, result)
        check_open(office, own.release)
        words = Words(Kind.REPLY, text, own.figures, own.key)
        row = _Author(office, tx, who, own.release).keep(words, sent)
        return row, as_sent(row, own.release, {own.key: own.figures})


def commentary(office: Office, who: Who, given: CommentaryText, sent: Sent) -> SentText:
    """On all results of a release, in place of the one before. Raises as `reply`."""
    check_length(Kind.COMMENTARY, given.text)
    with office.store.transaction() as tx:
        row, figures = own_release(office, tx, who, given.release)
        check_open(office, row)
        words = Words(Kind.COMMENTARY, given.text, figures_of_all(figures, who.key))
        return as_sent(_Author(office, tx, who, row).keep(words, sent), row, figures)


def comment(office: Office, who: Who, given: CommentText, key: str) -> SentText:
    """For the audit team alone; one more each time, unless it comes under the same key. Raises as `reply`."""
    check_length(Kind.COMMENT, given.text)
    with office.store.transaction() as tx:
        row, figures = own_release(office, tx, who, given.release)
        own = own_result(office, tx, who, given.result) if given.result else None
        if own is not None and own.release.id != row.id:
            raise NotFound("This result is not one of that release.")
        check_open(office, row)
        digest = own.figures if own else figures_of_all(figures, who.key)
        words = Words(Kind.COMMENT, given.text, digest, own.key if own else None)
        return as_sent(_Author(office, tx, who, row).keep(words, Sent(key=key)), row, figures)


def check_length(kind: Kind, text: str) -> None:
    """Raises ValueNotAllowed where it has more words than its kind may have."""
    most, found = policy().words[kind], words_in(text)
    if found > most:
        raise ValueNotAllowed(
            f"A {kind.value} has at most {most} words.",
            errors=[{"pointer": "text", "found": f"{found} words", "expected": f"at most {most}"}],
        )


@dataclass(frozen=True)
class _Author:
    """Somebody who says something on a release, in one transaction."""

    office: Office
    tx: Transaction
    who: Who
    release: ReleaseRow

    def keep(self, words: Words, sent: Sent) -> AnswerRow:
        """The text as it is kept now, or was under the same key. Raises KeyReused, LatestNotSeen, LatestChanged."""
        again = kept.answer_of_key(self.tx, self.who.account, sent.key) if sent.key else None
        if again is not None:
            return _same(again, self.release, words)
        former = self._former(words)
        stands = former is not None and former.state in (State.WAITING, State.ACCEPTED)
        if former is not None and stands and (former.text, former.figures) == (words.text, words.figures):
            return former
        _check_seen(former, sent)
        if former is not None and stands:
            former.state = State.REPLACED.value
            kept.keep(self.tx, former)
        row = self._new(words, sent)
        kept.keep(self.tx, row)
        self.tx.record(self.who.account, f"{words.kind.value}.sent", self.release.id, number=row.number)
        return row

    def _former(self, words: Words) -> AnswerRow | None:
        """The text that this one replaces; nothing replaces a comment."""
        if words.kind is Kind.COMMENT:
            return None
        found = (one for one in kept.newest(self.tx, self.release.id, self.who.key) if one.kind == words.kind)
        return next((one for one in found if _about(one) == words.about), None)

    def _new(self, words: Words, sent: Sent) -> AnswerRow:
        _, _, indicator, period = words.about or (None, None, None, None)
        state = State.KEPT if words.kind is Kind.COMMENT else State.WAITING
        return AnswerRow(
            release=self.release.id, submission=self.release.submission, kind=words.kind.value, level=self.who.level,
            subject=self.who.subject, indicator=indicator, period=period, figures=words.figures,
            author_role=self.who.role, text=words.text, sent_by=self.who.account, sent=self.office.clock(),
            state=state.value, idempotency_key=sent.key or secrets.token_hex(16),
        )  # fmt: skip


def _same(row: AnswerRow, release: ReleaseRow, words: Words) -> AnswerRow:
    if (row.release, row.kind, _about(row), row.text) != (release.id, words.kind, words.about, words.text):
        raise KeyReused
    return row


def _about(row: AnswerRow) -> ResultKey | None:
    return None if row.indicator is None else kept.key_of(row)


def _check_seen(former: AnswerRow | None, sent: Sent) -> None:
    if former is not None and sent.seen is None:
        raise LatestNotSeen
    if sent.seen is not None and sent.seen != (former.number if former else 0):
        raise LatestChanged


def take_back(office: Office, who: Who, number: int) -> SentText:
    """The subject's own reply or commentary stands beside nothing; until publication, after the window, too. Sent
    again, it is answered alike. Raises NotFound, Frozen, TextSettled for one that another has replaced."""
    with office.store.transaction() as tx:
        row = kept.answer(tx, number)
        if (row.level, row.subject) != who.key or row.kind not in Kind.for_the_public():
            raise NotFound("There is no text of yours of this number.")
        release = tx.release(row.release)
        check_not_public(release)
        if row.state == State.REPLACED:
            raise TextSettled("Another text of yours has taken its place: take that one back.")
        if row.state != State.WITHDRAWN:
            row.state = State.WITHDRAWN.value
            kept.keep(tx, row)
            tx.record(who.account, f"{row.kind}.withdrawn", release.id, number=number)
        return as_sent(row, release, _figures(office, release))


def moderate(office: Office, number: int, given: Moderation, reviewer: Caller) -> SentText:
    """Accept a text for publication, or refuse it for confidentiality or law. Sent again, it is answered alike.

    Raises NotFound, Frozen once the release is out, OwnWords, TextSettled.
    """
    with office.store.transaction() as tx:
        row = kept.answer(tx, number)
        release = tx.release(row.release)
        if row.kind not in Kind.for_the_public():
            raise NotFound("There is no text of this number for the public.")
        check_not_public(release)
        if row.sent_by == reviewer.name or row.subject == reviewer.subject:
            raise OwnWords
        figures = _figures(office, release)
        if row.state != State.WAITING:
            return _settled(row, given, as_sent(row, release, figures))
        row.state, row.moderated_by, row.moderated = given.outcome, reviewer.name, office.clock()
        row.ground, row.reason = given.ground, given.reason
        kept.keep(tx, row)
        tx.record(reviewer.name, f"{row.kind}.{given.outcome}", release.id, number=number)
        return as_sent(row, release, figures)


def _settled(row: AnswerRow, given: Moderation, told: SentText) -> SentText:
    if (row.state, row.ground, row.reason) != (given.outcome, given.ground, given.reason):
        replaced = row.state == State.REPLACED
        why = "Its author has replaced this text: moderate the newest." if replaced else f"This text is {row.state}."
        raise TextSettled(why)
    return told


def texts(office: Office, kinds: tuple[Kind, ...], state: State | None = None) -> list[SentText]:
    """The newest texts of these kinds on every release, oldest first; all states but `replaced` where none is asked."""
    found = []
    with office.store.reading() as tx:
        for release in tx.releases():
            about = [one for one in kept.newest(tx, release.id) if one.kind in kinds and state in (None, one.state)]
            figures = _figures(office, release) if about else {}
            found += [as_sent(one, release, figures) for one in about]
    return sorted(found, key=lambda one: one.number)


def _figures(office: Office, release: ReleaseRow) -> Figures:
    return {key: figures_digest(one) for key, one in kept.keyed(results_frame(office, release))}
