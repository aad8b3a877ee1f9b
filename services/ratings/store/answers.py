"""What subjects have asked and said before publication, and what of it will stand beside the figures."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlmodel import col, func, select

from services.ratings.domain.answers import AUTHORS, INVITED, Kind, State, figures_digest, figures_of_all
from services.ratings.domain.working_days import day_zero
from services.ratings.models import AnswerRow, QueryRow, ReleaseRow, SeenRow
from services.ratings.store.store import Transaction
from services.ratings.view.beside import Beside, Reply, ResultKey
from shared.contracts.views import Commentary
from shared.kit.problems import NotFound

Subject = tuple[str, str]  # level, subject
Said = frozenset[tuple[str, int | None, str | bool]]  # kind, number, how it stands
KEY: Final = ("level", "subject", "indicator", "period_id")
OPEN: Final = "open"


@dataclass(frozen=True)
class Told:
    """Of one submission: how many subjects there are and how many have looked; what still waits for somebody."""

    subjects: int
    looked: int
    queries_open: int
    replies_waiting: int


def told(tx: Transaction, release: ReleaseRow, results: pl.DataFrame) -> Told:
    """The evidence that whoever is measured was told first. `results`: the release's frame of that name."""
    seen = select(func.count()).where(SeenRow.release == release.id, SeenRow.submission == release.submission)
    queries = select(func.count()).where(QueryRow.release == release.id, QueryRow.state == OPEN)
    waiting = [
        one for one in newest(tx, release.id) if one.state == State.WAITING and one.kind in Kind.for_the_public()
    ]
    return Told(
        subjects=results.select("level", "subject").unique().height,
        looked=tx.session.exec(seen.select_from(SeenRow)).one(),
        queries_open=tx.session.exec(queries.select_from(QueryRow)).one(),
        replies_waiting=len(waiting),
    )


def beside(tx: Transaction, release: ReleaseRow, results: pl.DataFrame) -> Beside:
    """What stands, or would stand now, beside the figures of a release: accepted texts that answer to these very
    figures, the last day for those who were asked and sent nothing, and the flags that were asked for.

    Who is asked to reply follows from the position of the row alone. A text that waits, or was refused, is neither
    shown nor called missing."""
    figures = {key: figures_digest(row) for key, row in keyed(results)}
    texts = newest(tx, release.id)
    replies = _replies(texts, figures)
    if release.window_until is not None:
        silent = (key for key, row in keyed(results.filter(INVITED)) if not _has_spoken(texts, key, figures[key]))
        replies |= {key: Reply("not_received", invited_until=release.window_until) for key in silent}
    disputed = (one for one in queries(tx, release=release.id) if one.disputed)
    return Beside(
        replies,
        frozenset(key_of(one) for one in disputed if figures.get(key_of(one)) == one.figures),
        tuple(_commentaries(texts, figures)),
    )


def said(tx: Transaction, release: str) -> Said:
    """What `beside` depends on besides the frames: equal where nobody has sent, moderated or withdrawn anything."""
    texts = {("answer", one.number, one.state) for one in answers(tx, release) if one.kind != Kind.COMMENT}
    return frozenset(texts | {("query", one.number, one.disputed) for one in queries(tx, release=release)})


def keyed(results: pl.DataFrame) -> Iterator[tuple[ResultKey, Mapping[str, object]]]:
    for row in results.iter_rows(named=True):
        yield (row["level"], row["subject"], row["indicator"], row["period_id"]), row


def key_of(row: AnswerRow | QueryRow) -> ResultKey:
    """Of a reply or a query, which are about one result."""
    return row.level, row.subject, row.indicator or "", row.period or ""


def _replies(texts: Iterable[AnswerRow], figures: Mapping[ResultKey, str]) -> dict[ResultKey, Reply]:
    return {
        key_of(one): Reply("given", AUTHORS[one.author_role], day_zero(one.sent), one.text)
        for one in texts
        if one.kind == Kind.REPLY and one.state == State.ACCEPTED and figures.get(key_of(one)) == one.figures
    }


def _has_spoken(texts: Iterable[AnswerRow], key: ResultKey, figures: str) -> bool:
    return any(one.kind == Kind.REPLY and key_of(one) == key and one.figures == figures for one in texts)


def _commentaries(texts: Iterable[AnswerRow], figures: Mapping[ResultKey, str]) -> Iterator[Commentary]:
    for one in sorted(texts, key=lambda text: (text.level, text.subject)):
        accepted = one.kind == Kind.COMMENTARY and one.state == State.ACCEPTED
        if accepted and one.figures == figures_of_all(figures, (one.level, one.subject)):
            yield Commentary.model_validate(
                {"level": one.level, "subject": one.subject, "status": "given", "author": AUTHORS[one.author_role],
                 "received": day_zero(one.sent), "text": one.text}
            )  # fmt: skip


def answers(tx: Transaction, release: str, who: Subject | None = None) -> list[AnswerRow]:
    """Every text about a release, oldest first; of one subject alone where `who` is given."""
    wanted = select(AnswerRow).where(AnswerRow.release == release).order_by(col(AnswerRow.number))
    if who is not None:
        wanted = wanted.where(AnswerRow.level == who[0], AnswerRow.subject == who[1])
    return list(tx.session.exec(wanted))


def newest(tx: Transaction, release: str, who: Subject | None = None) -> list[AnswerRow]:
    """The texts that count: the newest reply to each result, the newest commentary of each subject, all comments."""
    found: dict[tuple[object, ...], AnswerRow] = {}
    for one in answers(tx, release, who):
        versions = () if one.kind != Kind.COMMENT else (one.number,)
        found[one.kind, one.level, one.subject, one.indicator, one.period, *versions] = one
    return list(found.values())


def answer(tx: Transaction, number: int) -> AnswerRow:
    """Raises NotFound."""
    row = tx.session.get(AnswerRow, number)
    if row is None:
        raise NotFound("There is no text of this number.")
    return row


def answer_of_key(tx: Transaction, account: str, key: str) -> AnswerRow | None:
    wanted = select(AnswerRow).where(AnswerRow.sent_by == account, AnswerRow.idempotency_key == key)
    return tx.session.exec(wanted).first()


def queries(tx: Transaction, *, release: str | None = None, who: Subject | None = None) -> list[QueryRow]:
    """Oldest first."""
    wanted = select(QueryRow).order_by(col(QueryRow.number))
    if release is not None:
        wanted = wanted.where(QueryRow.release == release)
    if who is not None:
        wanted = wanted.where(QueryRow.level == who[0], QueryRow.subject == who[1])
    return list(tx.session.exec(wanted))


def query(tx: Transaction, number: int) -> QueryRow:
    """Raises NotFound."""
    row = tx.session.get(QueryRow, number)
    if row is None:
        raise NotFound("There is no query of this number.")
    return row


def query_of_key(tx: Transaction, account: str, key: str) -> QueryRow | None:
    wanted = select(QueryRow).where(QueryRow.asked_by == account, QueryRow.idempotency_key == key)
    return tx.session.exec(wanted).first()


def seen(tx: Transaction, release: ReleaseRow, who: Subject) -> SeenRow | None:
    """The first look of a subject at this submission, where there was one."""
    return tx.session.get(SeenRow, (release.id, release.submission, *who))


def keep(tx: Transaction, row: AnswerRow | QueryRow | SeenRow) -> None:
    tx.session.add(row)
    tx.session.flush()
