"""A text as it would stand beside its result, before its author has sent it: nothing is kept."""

from typing import Any

from services.ratings.domain.answers import Kind, State, words_in
from services.ratings.models import AnswerRow
from services.ratings.workflow.answering import check_length
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import Who, check_open, own_release, own_result
from services.ratings.workflow.previewing import last_look


def reply_look(office: Office, who: Who, result: str, text: str) -> dict[str, Any]:
    """The public row with this reply. Raises as `answering.reply`, but for what is about an earlier text; and
    PeerUnreachable and PeerRefused where consent does not say who may be named."""
    check_length(Kind.REPLY, text)
    with office.store.reading() as tx:
        own = own_result(office, tx, who, result)
        check_open(office, own.release)
    level, subject, indicator, period = own.key
    unsent = AnswerRow(
        release=own.release.id, submission=own.release.submission, kind=Kind.REPLY.value, level=level, subject=subject,
        indicator=indicator, period=period, figures=own.figures, author_role=who.role, text=text, sent_by=who.account,
        sent=office.clock(), state=State.WAITING.value, idempotency_key="",
    )  # fmt: skip
    return last_look(office, who, unsent)


def commentary_look(office: Office, who: Who, release: str, text: str) -> int:
    """How many words it has. Raises as `answering.commentary`, but for what is about an earlier text."""
    check_length(Kind.COMMENTARY, text)
    with office.store.reading() as tx:
        row, _ = own_release(office, tx, who, release)
        check_open(office, row)
    return words_in(text)
