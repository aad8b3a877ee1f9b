"""A release beside the one before it, of the results that people approve: whoever withdrew stands in them as before."""

from typing import Any, Final

import polars as pl

from services.ratings.assembly.differences import compared
from services.ratings.assembly.schema import completed
from services.ratings.indicators.loading import Loaded
from services.ratings.models import ReleaseRow
from services.ratings.problems import StepNotAllowed
from services.ratings.store.store import Transaction
from services.ratings.workflow.office import Office
from services.ratings.workflow.reattributing import moved_between
from shared.contracts.differences import Cause, ChangedRow, Differences, DifferentIndicator, OneSidedRow
from shared.contracts.releases import BuildState
from shared.kit.problems import NotFound

MOST: Final = 1000


def differences(office: Office, release: str, before: str | None) -> Differences:
    """From the release `before`, else from the one that this one came after, or would come after.

    Raises NotFound, StepNotAllowed where either has no results; PeerUnreachable and PeerRefused where a snapshot of
    either is no longer here, and ingest does not send it.
    """
    with office.store.reading() as tx:
        now = _with_results(tx, release)
        then = _with_results(tx, before or _before(tx, now))
    found = compared(*(completed(office.frames.load(row.parts["results"]), "results") for row in (then, now)))
    return Differences(
        release=now.id, compared_with=then.id,
        indicators=[_indicator(office, one, then, now) for one in found.counts.iter_rows(named=True)],
        bands_changed=found.moved,
        changed=[
            ChangedRow(**_key(one), was=one["was"], now=one["now"], changed=one["figures"])
            for one in found.changed.head(MOST).iter_rows(named=True)
        ],
        new=_one_sided(found.new), gone=_one_sided(found.gone), listed=MOST,
        moved_cases=list(moved_between(office, then, now))[:MOST],
    )  # fmt: skip


def _with_results(tx: Transaction, release: str) -> ReleaseRow:
    row = tx.release(release)
    if row.build != BuildState.DONE.value:
        raise StepNotAllowed(f"The build of release {release} is {row.build}: it has no results to compare.")
    return row


def _before(tx: Transaction, row: ReleaseRow) -> str:
    if row.supersedes is not None:
        return row.supersedes
    current = tx.published()
    if current is None or current.id == row.id:
        raise NotFound("No release was published before this one: name another with ?from=.")
    return current.id


def _one_sided(frame: pl.DataFrame) -> list[OneSidedRow]:
    rows = frame.head(MOST).iter_rows(named=True)
    return [OneSidedRow(**_key(one), position=one["told"]) for one in rows]


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {"indicator": row["indicator"], "period": row["period_id"], "level": row["level"], "subject": row["subject"]}


def _indicator(office: Office, counted: dict[str, Any], then: ReleaseRow, now: ReleaseRow) -> DifferentIndicator:
    other = counted["changed"] + counted["new"] + counted["gone"] > 0
    name = counted["indicator"]
    if not (name in then.indicators and name in now.indicators):
        return DifferentIndicator(**counted, causes=["selection"])
    causes = _causes(office.catalogue.indicators.get(name), then, now) if other else []
    return DifferentIndicator(**counted, causes=causes)


def _causes(loaded: Loaded | None, then: ReleaseRow, now: ReleaseRow) -> list[Cause]:
    """Of the things that make an indicator's results, those that are other; where nothing is known to be, the data are.
    Of an indicator that is not among the reviewed files any more, whatever made the releases counts."""
    causes: list[Cause] = []
    if _inputs(then, loaded) != _inputs(now, loaded):
        causes.append("data")
    if _files(then, loaded) != _files(now, loaded):
        causes.append("definition_version")
    if _made(then, "method_version") != _made(now, "method_version") or _made(then, "code") != _made(now, "code"):
        causes.append("method_version")
    if then.disclosure != now.disclosure:
        causes.append("small_number_rule")
    return causes or ["data"]


def _made(row: ReleaseRow, what: str) -> Any:
    return (row.made_with or {}).get(what)


def _inputs(row: ReleaseRow, loaded: Loaded | None) -> set[str]:
    return {one["digest"] for one in row.inputs if loaded is None or one["feed"] in loaded.definition.source.feeds}


def _files(row: ReleaseRow, loaded: Loaded | None) -> dict[str, str]:
    files: dict[str, str] = _made(row, "files") or {}
    return {name: digest for name, digest in files.items() if loaded is None or name in loaded.files}
