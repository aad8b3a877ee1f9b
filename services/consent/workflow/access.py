"""Everything this service has about one person, for an auditor who answers the person's request."""

from collections.abc import Iterator
from typing import Any, Final

from services.consent.domain.quoting import Quoted
from services.consent.ledger import Entry
from services.consent.store import Person, Reading, personal
from services.consent.store.trails import Trace
from services.consent.workflow.consultants import as_entry
from services.consent.workflow.decisions import NO_CONSULTANT
from services.consent.workflow.office import Office
from services.consent.workflow.trail import keep_trail
from shared.contracts.access import Piece, Searched
from shared.kit.problems import NotFound

ACTION: Final = "subject-access"


def everything(office: Office, number: str, actor: str) -> Iterator[Piece | Searched]:
    """Piece by piece, and last what was searched. Written down in the trail before the first is given, under the alias;
    also where there is none, because the other services are asked too.

    Raises NotFound where neither register nor ledger ever had the number.
    """
    with office.writing() as tx:
        alias = office.alias_of(tx, number)
        detail = None if alias else "a number that nobody has"
        keep_trail(tx, office.clock(), Trace(actor, ACTION, alias, detail))
    if alias is None:
        raise NotFound(NO_CONSULTANT)
    with office.reading() as tx:
        places = _places(tx, alias, number)
    return _told(places)


def _told(places: dict[str, list[dict[str, Any]]]) -> Iterator[Piece | Searched]:
    for place, found in places.items():
        for one in found:
            yield Piece(place=place, found=one)
    yield Searched(service="consent", searched={place: len(found) for place, found in places.items()})


def _places(tx: Reading, alias: str, number: str) -> dict[str, list[dict[str, Any]]]:
    """By place. The register has nobody who was erased, or who is missing since a restore; the ledger has the alias."""
    person = tx.person_of(alias)
    quoted = Quoted(number, person.name if person else None)
    words = tx.evidence(person) if person else {}
    return {
        "register": [_registered(person)] if person else [],
        "ledger": [_event(entry, words) for entry in tx.history([alias])],
        "evidence": [{"digest": digest, "words": said} for digest, said in sorted(words.items())],
        **personal.by_alias(tx.session, alias),
        **personal.by_number(tx.session, quoted),
    }


def _registered(person: Person) -> dict[str, Any]:
    return {
        "number": person.number, "kind": person.kind.value, "name": person.name, "alias": person.alias,
        "revision": person.revision,
    }  # fmt: skip


def _event(entry: Entry, words: dict[str, str]) -> dict[str, Any]:
    """The event with the words of its evidence, and with what names it in the ledger."""
    told = as_entry(entry).model_dump(mode="json") | {"hash": entry.hash}
    opened = words.get(entry.evidence or "")
    more = {"assurance": entry.assurance, "notice_sha256": entry.notice_sha256, "evidence_words": opened}
    return told | {name: value for name, value in more.items() if value is not None}
