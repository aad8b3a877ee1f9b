"""Whoever is measured: who asks, which releases they may look at before the public, and which result they mean."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import polars as pl

from services.ratings.domain.answers import LEVELS, figures_digest, window_open
from services.ratings.domain.life_cycle import READABLE
from services.ratings.domain.working_days import day_zero
from services.ratings.models import ReleaseRow
from services.ratings.store.store import Transaction
from services.ratings.told_problems import Frozen, WindowClosed
from services.ratings.view.beside import ResultKey
from services.ratings.view.rows import row_id
from services.ratings.workflow.office import Office
from shared.contracts.releases import ReleaseStatus
from shared.kit.auth import Caller
from shared.kit.problems import NotFound

NO_RECORD: Final = "No record belongs to this account."
NO_RESULT: Final = "There is no result of yours under this id in a release under review."
PREVIEWED: Final = (ReleaseStatus.SUBMITTED.value, ReleaseStatus.APPROVED.value)
PUBLIC: Final = (*(status.value for status in READABLE), ReleaseStatus.TAKEN_DOWN.value)


@dataclass(frozen=True)
class Who:
    """Whose results the account's own are, in which role, and the account's name."""

    level: str
    subject: str
    role: str
    account: str

    @property
    def key(self) -> tuple[str, str]:
        return self.level, self.subject


def who_is(caller: Caller) -> Who:
    """From the account, never from an address. Raises NotFound for an account that is nobody's record."""
    role = next((role for role in LEVELS if role in caller.roles), None)
    if caller.subject is None or role is None:
        raise NotFound(NO_RECORD)
    return Who(LEVELS[role], caller.subject, role, caller.name)


@dataclass(frozen=True)
class OwnResult:
    """One result of a subject in one release: `figures` is the digest of what the public would read of it."""

    release: ReleaseRow
    key: ResultKey
    id: str
    figures: str


def previewed(tx: Transaction) -> list[ReleaseRow]:
    """Releases that subjects may look at before the public, newest first: submitted, or approved and not out yet. One
    that was returned is closed to them until it is submitted again."""
    return [row for row in tx.releases() if row.status in PREVIEWED]


def answered_for(office: Office, row: ReleaseRow, who: Who) -> list[Who]:
    """Who asks, and the organisations whose place theirs took: the public finds their results under its code."""
    if who.level != "provider" or "successions" not in row.parts:
        return [who]
    links = office.frames.load(row.parts["successions"])
    before = links.filter(pl.col("heir") & (pl.col("successor") == who.subject))["provider"]
    return [who, *(replace(who, subject=one) for one in sorted(before))]


def results_frame(office: Office, row: ReleaseRow) -> pl.DataFrame:
    return office.frames.load(row.parts["results"])


def own_frame(office: Office, row: ReleaseRow, who: Who) -> pl.DataFrame:
    """The subject's rows of the frame `results`, whatever the public may see of them."""
    frame = pl.scan_parquet(office.frames.path(row.parts["results"]))
    return frame.filter((pl.col("level") == who.level) & (pl.col("subject") == who.subject)).collect()


def own_figures(office: Office, row: ReleaseRow, who: Who) -> Iterator[tuple[ResultKey, Mapping[str, Any]]]:
    """As `own_frame`, row by row."""
    for one in own_frame(office, row, who).iter_rows(named=True):
        yield (who.level, who.subject, one["indicator"], one["period_id"]), one


def own_result(office: Office, tx: Transaction, who: Who, result: str) -> OwnResult:
    """Raises NotFound for an id that is not one of theirs in a release under review, Frozen for one that is out."""
    for row in tx.releases():
        known = row.status in (*PREVIEWED, *PUBLIC)
        for key, figures in own_figures(office, row, who) if known else ():
            if row_id(row.salt, *key) == result:
                if row.status in PUBLIC:
                    raise Frozen(row.id)
                return OwnResult(row, key, result, figures_digest(figures))
    raise NotFound(NO_RESULT)


def own_release(office: Office, tx: Transaction, who: Who, release: str) -> tuple[ReleaseRow, dict[ResultKey, str]]:
    """A release under review in which the subject has results, with the digests of their figures. Raises NotFound,
    Frozen."""
    row = next((one for one in tx.releases() if one.id == release and one.status in (*PREVIEWED, *PUBLIC)), None)
    figures = {key: figures_digest(one) for key, one in own_figures(office, row, who)} if row else {}
    if row is None or not figures:
        raise NotFound("No release of this name has a result of yours under review.")
    if row.status in PUBLIC:
        raise Frozen(row.id)
    return row, figures


def is_open(office: Office, row: ReleaseRow) -> bool:
    """Whether subjects may ask and answer now: the release is under review, and the last day is not over in London."""
    submitted = row.status == ReleaseStatus.SUBMITTED.value
    return submitted and window_open(day_zero(office.clock()), row.window_until)


def check_open(office: Office, row: ReleaseRow) -> None:
    """Raises WindowClosed."""
    if not is_open(office, row):
        raise WindowClosed(row.id, row.window_until)


def check_not_public(row: ReleaseRow) -> None:
    """Raises Frozen."""
    if row.status in PUBLIC:
        raise Frozen(row.id)
