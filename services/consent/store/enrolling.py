"""People put on the register, their evidence, and their erasure, within one transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from services.consent.models import CONSULTANT, ENROLMENT, EVIDENCE
from services.consent.sealing import new_key, seal
from services.consent.store.erasing import destroy, keep_erased
from services.consent.store.lists import only
from services.consent.store.people import PeopleReading
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

    def specialise(self, specialties: Mapping[tuple[str, str], str]) -> None:
        """Set the specialty of enrolments, by number and programme."""
        rows = ((*pair, specialty) for pair, specialty in specialties.items())
        update_rows(self.session, ENROLMENT, ["gmc", "programme"], ["specialty"], rows)

    def seal_names(self) -> int:
        """Seal the names that are in clear still; how many there were."""
        clear = self.unsealed()
        update_rows(self.session, CONSULTANT, ["gmc"], ["name", "key"], [(p.number, *_sealed(p.kept)) for p in clear])
        return len(clear)

    def keep_words(self, words: Mapping[tuple[str, str], str]) -> None:
        """The words behind digests that events name, by alias and digest, sealed under each person's key; of nobody who
        is not on the register."""
        aliases = sorted({alias for alias, _ in words})
        people = self.people_of(aliases)
        query = only(self.session, select(EVIDENCE.c.alias, EVIDENCE.c.digest), EVIDENCE.c.alias, aliases)
        known = {tuple(row) for row in self.session.execute(query)}
        rows = (
            (alias, digest, seal(people[alias].key or "", text))
            for (alias, digest), text in words.items()
            if alias in people and (alias, digest) not in known
        )
        insert_rows(self.session, EVIDENCE, ["alias", "digest", "sealed"], rows)

    def erase(self, alias: str, revision: int, erased_at: str, number: str | None = None) -> dict[str, int]:
        """Destroy the key, and everything that names the person; how many rows of each table. The ledger keeps the
        alias. `number` is needed only where the register does not have the person."""
        gone = destroy(self.session, self.person_of(alias), alias, number)
        keep_erased(self.session, alias, revision, erased_at)
        return gone


def _sealed(name: str) -> tuple[str, str]:
    key = new_key()
    return seal(key, name), key
