"""A subject asks about the records behind a result, a data steward answers; a flag tells the public of a dispute."""

from services.ratings.domain.answers import figures_digest
from services.ratings.models import QueryRow, ReleaseRow
from services.ratings.problems import KeyReused
from services.ratings.store import answers as kept
from services.ratings.store.store import Transaction
from services.ratings.told_problems import OwnWords, TextSettled
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import Who, check_not_public, check_open, own_result, results_frame
from services.ratings.workflow.texts import Figures, as_query
from shared.contracts.told import QueryAnswer, QueryRequest, RecordQuery
from shared.kit.auth import Caller
from shared.kit.problems import NotFound

ANSWERED = "answered"


def ask(office: Office, who: Who, asked: QueryRequest, key: str) -> RecordQuery:
    """Under the same key it is one query. Raises NotFound, Frozen, WindowClosed, KeyReused."""
    with office.store.transaction() as tx:
        own = own_result(office, tx, who, asked.result)
        known = kept.query_of_key(tx, who.account, key)
        if known is not None:
            flagged = _was_flagged(tx, known)
            said = (kept.key_of(known), known.records, known.about, flagged)
            if said != (own.key, asked.records, asked.about, asked.disputed):
                raise KeyReused
            return as_query(known, own.release, {own.key: own.figures})
        check_open(office, own.release)
        _, _, indicator, period = own.key
        row = QueryRow(
            release=own.release.id, submission=own.release.submission, level=who.level, subject=who.subject,
            indicator=indicator, period=period, figures=own.figures, records=asked.records, about=asked.about,
            disputed=asked.disputed, state=kept.OPEN, asked_by=who.account, asked=office.clock(), idempotency_key=key,
        )  # fmt: skip
        kept.keep(tx, row)
        tx.record(who.account, "query.asked", own.release.id, number=row.number, disputed=row.disputed)
        return as_query(row, own.release, {own.key: own.figures})


def _was_flagged(tx: Transaction, row: QueryRow) -> bool:
    """Whether the flag was asked for with the query, whatever became of it since."""
    told = [one.detail for one in tx.audited(row.release) if one.action == "query.asked"]
    return any(one["number"] == row.number and one["disputed"] for one in told)


def queries(office: Office, who: Who | None) -> list[RecordQuery]:
    """Those of one subject, or all of them; oldest first."""
    with office.store.reading() as tx:
        found = kept.queries(tx, who=who.key if who else None)
        releases = {name: tx.release(name) for name in {one.release for one in found}}
    figures = {name: _figures(office, row) for name, row in releases.items()}
    return [as_query(one, releases[one.release], figures[one.release]) for one in found]


def answer(office: Office, number: int, given: QueryAnswer, steward: Caller) -> RecordQuery:
    """Once; the same again is answered alike. Raises NotFound, OwnWords, TextSettled."""
    with office.store.transaction() as tx:
        row = kept.query(tx, number)
        release = tx.release(row.release)
        if steward.name == row.asked_by or steward.subject == row.subject:
            raise OwnWords
        if row.state == ANSWERED and (row.answer, row.data_changed) != (given.answer, given.data_changed):
            raise TextSettled("This query has another answer already.")
        if row.state != ANSWERED:
            row.state, row.answer, row.data_changed = ANSWERED, given.answer, given.data_changed
            row.answered_by, row.answered = steward.name, office.clock()
            kept.keep(tx, row)
            tx.record(steward.name, "query.answered", release.id, number=number, data_changed=given.data_changed)
        return as_query(row, release, _figures(office, release))


def withdraw_flag(office: Office, who: Who, number: int) -> RecordQuery:
    """The subject asks for `disputed` no longer; the query and its answer stay. Raises NotFound, Frozen."""
    with office.store.transaction() as tx:
        row = kept.query(tx, number)
        if (row.level, row.subject) != who.key:
            raise NotFound("There is no query of this number.")
        release = tx.release(row.release)
        check_not_public(release)
        if row.disputed:
            row.disputed = False
            kept.keep(tx, row)
            tx.record(who.account, "query.flag_withdrawn", release.id, number=number)
        return as_query(row, release, _figures(office, release))


def _figures(office: Office, release: ReleaseRow) -> Figures:
    return {key: figures_digest(one) for key, one in kept.keyed(results_frame(office, release))}
