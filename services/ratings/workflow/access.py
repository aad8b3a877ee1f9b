"""All that was worked out about one person, published or not, for an auditor who answers the person's request."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final

from services.ratings.store import searching
from services.ratings.store.case_search import of_person
from services.ratings.store.told_search import told_first
from services.ratings.workflow.office import Office
from shared.contracts.access import Piece, Searched

PLACES: Final = (
    "results", "builds", "views", "quarantine", "shown", "hidden", "secret", "named", "snapshots", "scratch", "audit",
    "replays", "releases", "cases", "seen", "queries", "texts",
)  # fmt: skip


def everything(office: Office, number: str) -> Iterator[Piece | Searched]:
    """Piece by piece, while the files are read; last what was searched. Raises PeerUnreachable where consent, which
    gives the keys by which views know people, does not answer."""
    listed = [one for part in office.peers.permissions().programmes for one in part.named]
    return _told(office, number, {one.key for one in listed if one.subject == number})


def _told(office: Office, number: str, keys: set[str]) -> Iterator[Piece | Searched]:
    searched = dict.fromkeys(PLACES, 0)
    for place, found in _found(office, number, keys):
        searched[place] += 1
        yield Piece(place=place, found={name: _plain(value) for name, value in found.items()})
    yield Searched(service="ratings", searched=searched)


def _found(office: Office, number: str, keys: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """`results`: rows of the parts of releases, whatever their status; `builds`: of what steps of builds have left."""
    parts = searching.parts(office.store)
    for digest, row in searching.in_frames(office.frames.folder, number):
        of = parts.get(digest, [])
        yield ("results" if of else "builds"), {"frame": digest, "releases": of, "row": _row(row)}
    for release, view, part, row in searching.in_views(office.views.folder, number):
        yield "views", {"release": release, "view": view, "part": part, "row": _row(row)}
    for release, view, rows in searching.keyed(office.views.folder, keys):
        yield "quarantine", {"release": release, "view": view, "rows": rows}
    yield from (("shown", one) for one in searching.shown(office.store, number))
    yield from (("hidden", one) for one in searching.hidden(office.store, number))
    yield from (("secret", one) for one in searching.secret(office.store, number))
    yield from (("named", one) for one in searching.named(office.store, number))
    for place, folder in (("snapshots", office.snapshots.folder), ("scratch", office.scratch.folder)):
        for name, rows in searching.counted(folder, number):
            yield place, {"file": name, "rows": rows}
    yield from searching.quoted(office.store, number)
    yield from (("cases", one) for one in of_person(office.store, number))
    yield from told_first(office.store, number)


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value
