"""Cases that count for another consultant in a later release: a file that superseded another has said so."""

from collections.abc import Iterator
from typing import Any, Final

import polars as pl

from services.ratings.assembly.schema import Span
from services.ratings.casemix.attribution import moved_cases
from services.ratings.indicators.attribution_rules import FILE
from services.ratings.indicators.loading import Loaded
from services.ratings.models import ReleaseRow
from services.ratings.workflow.office import Office
from services.ratings.workflow.operating import own_cases, read_episodes
from shared.contracts.differences import MovedCases
from shared.contracts.ingest import Snapshot

KEY: Final = "episode"
RULES: Final = f"policy/{FILE}"


def moved_between(office: Office, then: ReleaseRow, now: ReleaseRow) -> Iterator[MovedCases]:
    """Of the indicators in both whose cases have a number of their own; most first within each.

    Raises PeerUnreachable and PeerRefused where a snapshot is no longer here, and ingest does not send it."""
    if _rules(then) != _rules(now):
        return  # whose a case was by other rules, these rules do not tell
    for name in sorted(set(then.indicators) & set(now.indicators)):
        loaded = office.catalogue.indicators.get(name)
        if loaded is not None and loaded.definition.revocable:
            yield from _of_indicator(office, loaded, then, now)


def _rules(row: ReleaseRow) -> Any:
    return (row.made_with or {}).get("files", {}).get(RULES)


def _of_indicator(office: Office, loaded: Loaded, then: ReleaseRow, now: ReleaseRow) -> Iterator[MovedCases]:
    before, after = (_snapshot(row, loaded.definition.source.feed) for row in (then, now))
    if before is None or after is None or before.digest == after.digest:
        return
    frames = [_operators(office, loaded, one) for one in (before, after)]
    period = loaded.definition.period
    if period is None or not all(KEY in frame.columns for frame in frames):
        return
    for was, is_now, cases in moved_cases(*frames).iter_rows():
        span = Span(period.start, period.end).id
        yield MovedCases(indicator=loaded.definition.id, period=span, was=was, now=is_now, cases=cases)


def _snapshot(row: ReleaseRow, feed: str) -> Snapshot | None:
    return next((Snapshot.model_validate(one) for one in row.inputs if one["feed"] == feed), None)


def _operators(office: Office, loaded: Loaded, snapshot: Snapshot) -> pl.DataFrame:
    """`episode` and `consultant` of the cases that the indicator counts; no `episode` where cases have no number."""
    office.peers.fetch(snapshot, office.snapshots)
    (only,) = snapshot.files
    own = own_cases(read_episodes(office.snapshots.path(only.sha256), loaded), loaded)
    names = [name for name in (KEY, "consultant") if name in own.collect_schema().names()]
    return own.select(names).collect()
