"""Reports on what was read, each beside the reading that it is about, and which submission came before which."""

from dataclasses import dataclass
from typing import Final

from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.ingest.models import SubmissionRow
from services.ingest.store.database import Store
from shared.contracts.ingest import SubmissionState
from shared.contracts.profiles import Profile
from shared.kit.files import sha256_of, write_durably

FILE: Final = "profile.json"


@dataclass(frozen=True)
class Profiled:
    """A checked submission, and the digest of the reading that its profile is about."""

    feed: str
    sha256: str
    name: str | None
    turn: int
    reading: str


def keep(store: Store, reading: str, profile: Profile) -> str:
    """The digest of the profile, which is durable then. Raises OSError (ENOSPC where the disk is full)."""
    told = profile.model_dump_json().encode()
    write_durably(store.files.reading(reading) / FILE, told)
    return sha256_of(told)


def digest_kept(store: Store, reading: str) -> str | None:
    """None where this reading has no profile yet."""
    try:
        return sha256_of((store.files.reading(reading) / FILE).read_bytes())
    except FileNotFoundError:
        return None


def profile_kept(store: Store, reading: str) -> Profile | None:
    """None where it is not there (any more): no backup has readings."""
    try:
        return Profile.model_validate_json((store.files.reading(reading) / FILE).read_bytes())
    except FileNotFoundError:
        return None


def profiled(store: Store, feed: str, sha256: str) -> Profiled | None:
    """None where the submission has no profile: not checked, retracted, or it only mends lines of another."""
    with store.database.reading() as session:
        row = session.exec(_with_profile(feed).where(SubmissionRow.sha256 == sha256)).first()
        return None if row is None else _of(row)


def before(store: Store, one: Profiled) -> Profiled | None:
    """The one of the same feed that was decided last before it."""
    with store.database.reading() as session:
        earlier = _with_profile(one.feed).where(col(SubmissionRow.turn) < one.turn)
        row = session.exec(earlier.order_by(col(SubmissionRow.turn).desc()).limit(1)).first()
        return None if row is None else _of(row)


def _with_profile(feed: str) -> SelectOfScalar[SubmissionRow]:
    return select(SubmissionRow).where(
        SubmissionRow.feed == feed, SubmissionRow.state == SubmissionState.CHECKED.value,
        col(SubmissionRow.profile).is_not(None), col(SubmissionRow.reading).is_not(None),
    )  # fmt: skip


def _of(row: SubmissionRow) -> Profiled:
    assert row.reading is not None
    return Profiled(row.feed, row.sha256, row.name, row.turn, row.reading)
