"""Whoever is measured looks first: their rows as the public will see them, in releases under review."""

from dataclasses import replace
from typing import Any, Final

from services.ratings.domain.answers import AUTHORS, Kind, figures_digest, is_invited
from services.ratings.domain.working_days import day_zero
from services.ratings.models import AnswerRow, ReleaseRow, SeenRow
from services.ratings.store import answers as kept
from services.ratings.store.store import Transaction
from services.ratings.view.baking import bake
from services.ratings.view.beside import NOTHING, Reply
from services.ratings.view.preview import NOT_NAMED, NOT_SHOWN, SHOWN, OwnRow, Preview, own_rows
from services.ratings.workflow.baking import ingredients_of, permitted_for
from services.ratings.workflow.office import Office
from services.ratings.workflow.own import PREVIEWED, Who, answered_for, is_open, own_figures, own_frame, previewed
from services.ratings.workflow.texts import as_sent

Json = dict[str, Any]
NOT_YET: Final = "Not yet published. Nobody else can see this before the release is published."
SAYS: Final = {
    SHOWN: "The public will see this row as it stands here.",
    NOT_NAMED: "The public will not see this row, because you are not among those who may be named. You see it because "
    "it is about you.",
    NOT_SHOWN: "The public will not see the figures of this row. That says nothing about the quality of care.",
}


def preview_of(office: Office, release: str) -> Preview:
    """The view of a finished release as it would be if it were published now.

    Raises NotFound; PeerUnreachable and PeerRefused where consent does not say who may be named.
    """
    head = office.peers.head()
    with office.store.reading() as tx:
        row, live = tx.release(release), tx.live_views()
    key = (row.id, row.submission, row.results_digest, head.store_id, head.revision, live)
    return office.previews.of(key, lambda: _baked(office, release))


def _baked(office: Office, release: str) -> Preview:
    permissions = office.peers.permissions()
    with office.store.reading() as tx:
        row = tx.release(release)
        given = ingredients_of(office, tx, row, permitted_for(office, row.indicators, permissions))
    given = replace(given, beside=NOTHING)
    return Preview.of(release, given, bake(given))


def own_results(office: Office, who: Who) -> dict[str, Any]:
    """The contract `OwnResults` as it is sent: bodies of rows stay as they were made, so that their bytes are those
    that a gateway will send. Records the first look at each submission.

    Raises PeerUnreachable and PeerRefused where consent does not say who may be named.
    """
    with office.store.reading() as tx:
        releases = [row.id for row in previewed(tx)]
    told = [one for release in releases if (one := _own_release(office, who, release)) is not None]
    return {"level": who.level, "subject": who.subject, "releases": told}


def _own_release(office: Office, who: Who, release: str) -> dict[str, Any] | None:
    """None where the subject has no row in it, or where it was returned since it was listed."""
    with office.store.reading() as tx:
        row = tx.release(release)
    subjects = [one for one in answered_for(office, row, who) if list(own_figures(office, row, one))]
    if not subjects:
        return None
    preview = preview_of(office, release)
    with office.store.reading() as tx:
        row = tx.release(release)
        if row.status not in PREVIEWED:
            return None
        told = _told(office, tx, row, who, preview)
        for before in subjects:
            told["results"] += _before(office, tx, row, before, preview) if before != who else []
        first_looks = [one for one in subjects if kept.seen(tx, row, one.key) is None]
    for one in first_looks:
        _record(office, row, one)
    return told


def _told(office: Office, tx: Transaction, row: ReleaseRow, who: Who, preview: Preview) -> dict[str, Any]:
    own = dict(own_figures(office, row, who))
    figures = {key: figures_digest(one) for key, one in own.items()}
    texts = [as_sent(one, row, figures).model_dump(mode="json") for one in kept.newest(tx, row.id, who.key)]
    asked = [(kept.key_of(one), one.number) for one in kept.queries(tx, release=row.id, who=who.key)]
    rows = own_rows(preview, who.key, kept.beside(tx, row, own_frame(office, row, who)))
    told = {
        "release": row.id, "status": "not_yet_published", "words": NOT_YET, "submission": row.submission,
        "window_until": row.window_until, "open": is_open(office, row),
        "results": [
            _result(one, is_invited(own[one.key]), texts, [number for key, number in asked if key == one.key])
            for one in rows
        ],
        "commentary": _newest(texts, Kind.COMMENTARY), "comments": [t for t in texts if t["kind"] == Kind.COMMENT],
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _before(office: Office, tx: Transaction, row: ReleaseRow, who: Who, preview: Preview) -> list[Json]:
    """What will stand under a successor's code. It is read there; only an account of the former code answers it."""
    beside = kept.beside(tx, row, own_frame(office, row, who))
    return [_result(one, False, [], []) for one in own_rows(preview, who.key, beside)]


def _result(one: OwnRow, invited: bool, texts: list[Json], queries: list[int | None]) -> Json:
    told = {
        "result": one.body, "public": one.public, "says": SAYS[one.public], "invited": invited,
        "reply": _newest(texts, Kind.REPLY, one.id), "queries": queries,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _newest(texts: list[Json], kind: Kind, result: str | None = None) -> Json | None:
    return next((one for one in texts if one["kind"] == kind and one.get("result") == result), None)


def _record(office: Office, row: ReleaseRow, who: Who) -> None:
    """The first look at a submission is kept for good: it is the evidence that they were told first."""
    with office.store.transaction() as tx:
        now = tx.release(row.id)
        if now.submission == row.submission and kept.seen(tx, now, who.key) is None:
            look = SeenRow(release=row.id, submission=row.submission, level=who.level, subject=who.subject,
                           account=who.account, at=office.clock())  # fmt: skip
            kept.keep(tx, look)


def last_look(office: Office, who: Who, text: AnswerRow) -> Json:
    """A reply's row as the public will see it where the reply is accepted as it is. Raises as `own_results`."""
    preview = preview_of(office, text.release)
    with office.store.reading() as tx:
        row = tx.release(text.release)
        beside = kept.beside(tx, row, own_frame(office, row, who))
    given = Reply("given", AUTHORS[text.author_role], day_zero(text.sent), text.text)
    with_it = replace(beside, replies={**beside.replies, kept.key_of(text): given})
    return next(one.body for one in own_rows(preview, who.key, with_it) if one.key == kept.key_of(text))
