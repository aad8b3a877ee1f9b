"""Texts of subjects as they are told to their authors and to whoever moderates."""

from collections.abc import Mapping

from services.ratings.domain.answers import AUTHORS, Kind, figures_of_all, policy, words_in
from services.ratings.domain.working_days import day_zero
from services.ratings.models import AnswerRow, QueryRow, ReleaseRow
from services.ratings.store.answers import key_of
from services.ratings.view.beside import ResultKey
from services.ratings.view.rows import row_id
from shared.contracts.told import RecordQuery, SentText

Figures = Mapping[ResultKey, str]


def as_sent(row: AnswerRow, release: ReleaseRow, figures: Figures) -> SentText:
    """`figures`: the digests of the results of the release, or of those of the author."""
    about = None if row.indicator is None else row_id(release.salt, *key_of(row))
    return SentText.model_validate(
        {
            "number": row.number, "kind": row.kind, "release": row.release, "submission": row.submission,
            "level": row.level, "subject": row.subject, "result": about, "indicator": row.indicator,
            "period": row.period, "author": AUTHORS[row.author_role], "sent_by": row.sent_by,
            "received": day_zero(row.sent), "text": row.text, "words": words_in(row.text),
            "most_words": policy().words[Kind(row.kind)], "state": row.state, "applies": applies(row, figures),
            "moderated": row.moderated, "ground": row.ground, "reason": row.reason,
        }
    )  # fmt: skip


def applies(row: AnswerRow, figures: Figures) -> bool:
    """Whether the figures that a text answers to are still the figures."""
    if row.indicator is None:
        return row.figures == figures_of_all(figures, (row.level, row.subject))
    return row.figures == figures.get(key_of(row))


def as_query(row: QueryRow, release: ReleaseRow, figures: Figures) -> RecordQuery:
    return RecordQuery.model_validate(
        {
            "number": row.number, "release": row.release, "submission": row.submission, "level": row.level,
            "subject": row.subject, "result": row_id(release.salt, *key_of(row)), "indicator": row.indicator,
            "period": row.period, "records": row.records, "about": row.about, "disputed": row.disputed,
            "applies": row.figures == figures.get(key_of(row)), "state": row.state, "asked": row.asked,
            "answer": row.answer, "data_changed": row.data_changed, "answered": row.answered,
        }
    )  # fmt: skip
