"""People put on the register, their evidence, and their erasure, within one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select

from services.consent.models import CONSULTANT, ENROLMENT, EVIDENCE
from services.consent.sealing import new_key, seal
from services.consent.store.erasing import destroy, keep_erased
from services.consent.store.people import PeopleReading, Person
from shared.contracts.consent import SubjectKind
from shared.kit.bulk import insert_rows, update_rows


@dataclass(frozen=True)
class Newcomer:
    """Somebody to be put on the register. `revision` is that of the latest event the ledger has of the alias: who is
    new to the register is not always new to the ledger, whose events may have been replayed into a restored store."""

    number: str
    kind: SubjectKind
    alias: str
    name: str
    revision: int


Enrolment = tuple[str, str, str | None]  # number, programme, specialty


class PeopleWriting(PeopleReading):
    """What can be changed about people; nothing of it is in the ledger."""

    def enter(self, fresh: Iterable[Newcomer], enrol: Sequence[Enrolment]) -> None:
        """Add people, each under a key of their own, and enrolments."""
        rows = ((one.number, one.kind.value, one.alias, one.revision, *_sealed(one.name)) for one in fresh)
        insert_rows(self.session, CONSULTANT, ["gmc", "kind", "alias", "revision", "name", "key"], rows)
        insert_rows(self.session, ENROLMENT, ["gmc", "programme", "specialty"], enrol)

    def rename(self, renamed: Mapping[str, str]) -> None:
        """Seal other names, by number, each under the person's own key."""
        known = self.people()
        rows = [(number, seal(known[number].key or "", name)) for number, name in renamed.items()]
        update_rows(self.session, CONSULTANT, ["gmc"], ["name"], rows)

    def seal_names(self) -> int:
        """Seal the names that are in clear still; how many there were."""
        clear = self.unsealed()
        update_rows(self.session, CONSULTANT, ["gmc"], ["name", "key"], [(p.number, *_sealed(p.kept)) for p in clear])
        return len(clear)

    def keep_evidence(self, person: Person, digest: str, text: str) -> None:
        """The words behind a digest that an event names, sealed under the person's key."""
        same = EVIDENCE.c.alias == person.alias, EVIDENCE.c.digest == digest
        if self.session.execute(select(EVIDENCE.c.digest).where(*same)).first() is None:
            values = {"alias": person.alias, "digest": digest, "sealed": seal(person.key or "", text)}
            self.session.execute(insert(EVIDENCE), [values])

    def erase(self, alias: str, revision: int, erased_at: str, number: str | None = None) -> dict[str, int]:
        """Destroy the key, and everything that names the person; how many rows of each table. The ledger keeps the
        alias. `number` is needed only where the register does not have the person."""
        gone = destroy(self.session, self.person_of(alias), alias, number)
        keep_erased(self.session, alias, revision, erased_at)
        return gone


def _sealed(name: str) -> tuple[str, str]:
    key = new_key()
    return seal(key, name), key
