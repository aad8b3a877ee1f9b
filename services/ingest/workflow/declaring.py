"""On what ground a feed is held: its source's own, or one that a steward declares. Rows of patients have one or are not
taken."""

from collections.abc import Mapping
from typing import Final

from services.ingest.domain import Declaring
from services.ingest.models import FeedRow
from services.ingest.problems import GroundContradicts, GroundNeeded, PseudonymKeyMissing, RevisionChanged
from services.ingest.pseudonyms import FILE
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.feeds import declare, declared
from shared.contracts.ingest import Content, Feed, Ground, GroundKind
from shared.kit.problems import ValueNotAllowed

ABOUT: Final[Mapping[Content, frozenset[GroundKind]]] = {
    Content.AGGREGATE: frozenset({GroundKind.AGGREGATE, GroundKind.SYNTHETIC, GroundKind.PUBLISHED}),
    Content.REGISTER: frozenset({GroundKind.REGISTER, GroundKind.SYNTHETIC, GroundKind.PUBLISHED}),
    Content.PATIENTS: frozenset({GroundKind.SYNTHETIC, GroundKind.PUBLISHED, GroundKind.PSEUDONYMISED}),
}


def feeds(store: Store, sources: Mapping[str, Source]) -> list[tuple[Feed, int]]:
    """Each feed, and the number of its declaration."""
    rows = declared(store, list(sources))
    return [(_feed(sources[name], rows[name]), rows[name].declaration) for name in sorted(sources)]


def feed_of(store: Store, source: Source) -> tuple[Feed, int]:
    row = declared(store, [source.id])[source.id]
    return _feed(source, row), row.declaration


def check_ground(store: Store, source: Source) -> None:
    """Before a byte of a file is kept. Raises GroundNeeded."""
    if source.held_on is None and feed_of(store, source)[0].ground is None:
        raise GroundNeeded(source.id)


def check_key(source: Source, key: bytes | None) -> None:
    """Before a byte is kept that could not be read without. Raises PseudonymKeyMissing."""
    if key is None and source.makes_pseudonyms:
        raise PseudonymKeyMissing(source.id, FILE)


def declare_ground(store: Store, source: Source, declaring: Declaring) -> tuple[Feed, int]:
    """Raises GroundContradicts, ValueNotAllowed (an opt-out date to come), RevisionChanged."""
    if source.held_on is not None:
        raise GroundContradicts(f"{source.id} states its ground itself: {source.held_on.kind}.")
    ground, today = declaring.ground, declaring.now.date()
    allowed = ABOUT[source.content]
    if ground.kind not in allowed:
        raise GroundContradicts(
            f"Rows of {source.id} are about {source.content}; they can be held as {', '.join(sorted(allowed))}."
        )
    if ground.opt_out is not None and ground.opt_out.date is not None and ground.opt_out.date > today:
        told = "Opt-outs cannot have been applied on a day to come."
        raise ValueNotAllowed(told, errors=[{"parameter": "opt_out.date"}])
    row = declare(store, source.id, declaring)
    if row is None:
        raise RevisionChanged
    return _feed(source, row), row.declaration


def _feed(source: Source, row: FeedRow) -> Feed:
    said = None if row.ground is None else Ground.model_validate(row.ground)
    return Feed(
        id=source.id, content=source.content, version=row.version, ground=source.held_on or said,
        declared_by=None if source.held_on else row.declared_by, declared=None if source.held_on else row.declared,
    )  # fmt: skip
