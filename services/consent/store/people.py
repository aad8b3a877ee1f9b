"""Who is who, read within one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Row, Select, and_, or_, select
from sqlmodel import Session

from services.consent.domain.facts import Word
from services.consent.models import CONSULTANT, ENROLMENT, ERASED, EVIDENCE, STANDING
from services.consent.sealing import unseal
from services.consent.store.lists import only
from shared.contracts.consent import SubjectKind


@dataclass(frozen=True)
class Person:
    """`number` is a consultant's number or a practice's code; `alias` is how the ledger knows them."""

    number: str
    kind: SubjectKind
    alias: str
    revision: int
    kept: str  # the name, sealed where there is a key
    key: str | None

    @property
    def name(self) -> str:
        """Raises SealBroken."""
        return self.kept if self.key is None else unseal(self.key, self.kept)


@dataclass(frozen=True)
class Enrolled:
    """One person in one programme."""

    number: str
    alias: str
    kind: SubjectKind
    programme: str
    specialty: str | None


@dataclass(frozen=True)
class Wanted:
    """Which people to list: those after a number, in a state of decision, in a programme; None is any."""

    after: str
    limit: int
    state: Word | None = None
    programme: str | None = None


C: Final = CONSULTANT.c
PERSON: Final = select(C.gmc, C.kind, C.alias, C.revision, C.name, C.key)


def _person(row: Row[str, str, str, int, str, str | None]) -> Person:
    number, kind, alias, revision, name, key = row
    return Person(number, SubjectKind(kind), alias, revision, name, key)


class PeopleReading:
    """Queries about people on one open transaction."""

    session: Session

    def person(self, number: str) -> Person | None:
        row = self.session.execute(PERSON.where(C.gmc == number)).one_or_none()
        return _person(row) if row else None

    def person_of(self, alias: str) -> Person | None:
        row = self.session.execute(PERSON.where(C.alias == alias)).one_or_none()
        return _person(row) if row else None

    def people(self) -> dict[str, Person]:
        """Everybody on the register, by number."""
        return {row[0]: _person(row) for row in self.session.execute(PERSON)}

    def people_of(self, aliases: Sequence[str]) -> dict[str, Person]:
        """Those of these aliases who are on the register, by alias."""
        return {row[2]: _person(row) for row in self.session.execute(only(self.session, PERSON, C.alias, aliases))}

    def enrolled(self, aliases: Sequence[str] | None = None, programme: str | None = None) -> list[Enrolled]:
        """Of these people, or of everybody; in this programme, or in all; in the order of their numbers."""
        query = (
            select(C.gmc, C.alias, C.kind, ENROLMENT.c.programme, ENROLMENT.c.specialty)
            .select_from(ENROLMENT.join(CONSULTANT, C.gmc == ENROLMENT.c.gmc))
            .order_by(C.gmc, ENROLMENT.c.programme)
        )
        if programme is not None:
            query = query.where(ENROLMENT.c.programme == programme)
        rows = self.session.execute(only(self.session, query, C.alias, aliases))
        return [Enrolled(gmc, alias, SubjectKind(kind), name, special) for gmc, alias, kind, name, special in rows]

    def page(self, wanted: Wanted) -> list[Person]:
        """The next people in order of their numbers, one more than the limit where there are more."""
        query = PERSON.where(C.gmc > wanted.after)
        if wanted.state is not None or wanted.programme is not None:
            query = query.where(C.gmc.in_(_in_state(wanted.state, wanted.programme)))
        return [_person(row) for row in self.session.execute(query.order_by(C.gmc).limit(wanted.limit + 1))]

    def unsealed(self) -> list[Person]:
        """Those whose names are in clear still."""
        return [_person(row) for row in self.session.execute(PERSON.where(C.key.is_(None)))]

    def is_erased(self, alias: str) -> bool:
        return self.session.execute(select(ERASED.c.alias).where(ERASED.c.alias == alias)).first() is not None

    def erased(self) -> set[str]:
        """The aliases of everybody who was erased."""
        return set(self.session.execute(select(ERASED.c.alias)).scalars())

    def evidence(self, person: Person) -> dict[str, str]:
        """The words behind each digest, opened with the person's key. Raises SealBroken."""
        query = select(EVIDENCE.c.digest, EVIDENCE.c.sealed).where(EVIDENCE.c.alias == person.alias)
        return {digest: unseal(person.key or "", sealed) for digest, sealed in self.session.execute(query)}


def _in_state(state: Word | None, programme: str | None) -> Select[tuple[str]]:
    """Numbers of the people who stand so in some programme they are enrolled in."""
    joined = ENROLMENT.join(CONSULTANT, C.gmc == ENROLMENT.c.gmc).outerjoin(
        STANDING, and_(STANDING.c.subject == C.alias, STANDING.c.programme == ENROLMENT.c.programme)
    )
    query = select(ENROLMENT.c.gmc).select_from(joined)
    if programme is not None:
        query = query.where(ENROLMENT.c.programme == programme)
    if state is Word.NOT_SOUGHT:
        query = query.where(or_(STANDING.c.word.is_(None), STANDING.c.word == Word.NOT_SOUGHT.value))
    elif state is not None:
        query = query.where(STANDING.c.word == state.value)
    return query
