"""Who is who. What names a person is sealed under a key of that person's own; without the key it is noise."""

from sqlalchemy import Text
from sqlmodel import Field

from services.consent.models.base import ConsentTable


class ConsultantRow(ConsentTable, table=True):
    """`gmc` is a consultant's number or a practice's code. `alias` is how the ledger knows them, and `key` opens `name`
    and their evidence. Rows from before version 0003 have the number for an alias, and no key, with the name in clear,
    until the service has next started. `revision` is that of the latest event, 0 before any: their ETag."""

    __tablename__ = "consultant"
    gmc: str = Field(primary_key=True, max_length=7)
    name: str = Field(sa_type=Text)
    revision: int
    kind: str = Field(max_length=12)
    alias: str = Field(max_length=40, unique=True)
    key: str | None = Field(max_length=64)


class EnrolmentRow(ConsentTable, table=True):
    __tablename__ = "enrolment"
    gmc: str = Field(primary_key=True, max_length=7, foreign_key="consultant.gmc")
    programme: str = Field(primary_key=True, max_length=80)
    specialty: str | None = Field(max_length=80)


class EvidenceRow(ConsentTable, table=True):
    """The words behind a digest in the ledger, sealed under the person's key."""

    __tablename__ = "evidence"
    alias: str = Field(primary_key=True, max_length=40)
    digest: str = Field(primary_key=True, max_length=71)
    sealed: str = Field(sa_type=Text)


class ErasedRow(ConsentTable, table=True):
    """Whose key was destroyed, and by which event."""

    __tablename__ = "erased"
    alias: str = Field(primary_key=True, max_length=40)
    revision: int
    erased_at: str = Field(max_length=27)


class SessionRow(ConsentTable, table=True):
    """One signed-in browser, known by the hash of what its cookie holds. `subject` is the number of a consultant who
    signed in for themselves, `stamp` the digest of their account as it was. `fresh_at` is when a password was last
    given."""

    __tablename__ = "session"
    id_hash: str = Field(primary_key=True, max_length=64)
    account: str = Field(max_length=80, index=True)
    roles: str = Field(max_length=200)
    subject: str | None = Field(max_length=7)
    stamp: str = Field(max_length=64)
    csrf: str = Field(max_length=64)
    created_at: str = Field(max_length=27)
    seen_at: str = Field(max_length=27)
    fresh_at: str = Field(max_length=27)
