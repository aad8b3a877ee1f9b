"""What a page needs to know of one person: the record under the alias, which addresses have instead of a number."""

from dataclasses import dataclass

from services.consent.workflow import consultants
from services.consent.workflow.decisions import NO_CONSULTANT, person_of
from services.consent.workflow.office import Office
from shared.contracts.consent import ConsultantRecord, Purpose, Standing
from shared.kit.problems import NotFound


@dataclass(frozen=True)
class Opened:
    """One person's record as it stood at `revision`, which a decision about them must have seen."""

    alias: str
    record: ConsultantRecord
    revision: int

    def standing(self, programme: str, purpose: str) -> Standing | None:
        """Where they stand in one programme, for one purpose that applies to them."""
        return next(
            (one for one in self.record.standings if (one.programme, one.purpose) == (programme, purpose)), None
        )


@dataclass(frozen=True)
class Wording:
    """A version of the notice, and its exact words."""

    version: int
    sha256: str
    text: str


def opened(office: Office, alias: str) -> Opened:
    """Raises NotFound."""
    with office.reading() as tx:
        person = tx.person_of(alias)
        if person is None:
            raise NotFound(NO_CONSULTANT)
        return Opened(alias, consultants.record_in(office, tx, person), person.revision)


def own(office: Office, number: str) -> Opened:
    """Raises NotFound."""
    with office.reading() as tx:
        person = person_of(tx, number)
        return Opened(person.alias, consultants.record_in(office, tx, person), person.revision)


def alias_of(office: Office, number: str) -> str:
    """Raises NotFound where nobody of the register has the number."""
    with office.reading() as tx:
        return person_of(tx, number).alias


def wordings(office: Office, programme: str) -> list[Wording]:
    """Every version of the programme's notice that is in use now, the newest first."""
    today = office.clock().date()
    served = [
        entry for (name, _), entry in office.policy.notices.items() if name == programme and entry.served_from <= today
    ]
    newest = sorted(served, key=lambda one: one.version, reverse=True)
    return [Wording(one.version, one.sha256, office.policy.wordings[one.sha256]) for one in newest]


def label_of(office: Office, programme: str) -> str:
    found = office.policy.programmes.get(programme)
    return found.label if found else programme


PURPOSES: dict[Purpose, str] = {
    Purpose.OWN_FIGURES: "Own results beside the name",
    Purpose.RATING: "A rating beside the name",
    Purpose.NAMING_REFUSERS: "Being listed among those who refused",
    Purpose.UNIT_AGGREGATES: "Counting in the totals of the unit",
    Purpose.COMPARATOR: "Counting in what others are compared with",
}
