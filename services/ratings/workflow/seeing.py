"""Whoever has seen a result that is another one now sees the new one before the public does."""

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from services.ratings.assembly.schema import as_declared, completed
from services.ratings.domain.answers import figures_digest
from services.ratings.domain.checks import Found
from services.ratings.models import ReleaseRow
from services.ratings.store import gate as kept
from services.ratings.store.answers import keyed
from services.ratings.view.beside import ResultKey
from services.ratings.workflow.office import Office

Subject = tuple[str, str]
Figures = Mapping[ResultKey, str]


def seen_again(office: Office, row: ReleaseRow, results: pl.DataFrame) -> Found:
    """Waits for subjects whose figures of an indicator and period are others than when they last looked, in an earlier
    release, and who have not looked at this submission. Who looks is not signed: it moves by itself."""
    left = _left(office, row, results)
    return Found("waiting" if left else "passed", {}, {"not_seen_again": left})


def _left(office: Office, row: ReleaseRow, results: pl.DataFrame) -> int:
    with office.store.reading() as tx:
        looks = [one for one in kept.last_looks(tx, row) if one.release != row.id]
        digests = {name: tx.release(name).parts.get("results") for name in {one.release for one in looks}}
    seen: dict[str, set[Subject]] = defaultdict(set)
    for one in looks:
        seen[one.release].add((one.level, one.subject))
    now = _figures(results, set().union(*seen.values()))
    then = {name: _figures(_results(office, digests[name]), people) for name, people in seen.items()}
    changed = {
        key[:2] for figures in then.values() for key, digest in figures.items() if now.get(key, digest) != digest
    }  # fmt: skip
    return len(changed)


def _results(office: Office, digest: str | None) -> pl.DataFrame:
    """Nothing where a part is gone or was never there: another check says so of the release that needs it."""
    if digest is None or office.frames.digest_of_kept(digest) is None:
        return as_declared([], "results")
    return completed(office.frames.load(digest), "results")


def _figures(results: pl.DataFrame, subjects: set[Subject]) -> Figures:
    wanted = pl.DataFrame(sorted(subjects), schema={"level": pl.String, "subject": pl.String}, orient="row")
    own = results.join(wanted, on=["level", "subject"], how="semi")
    return {key: figures_digest(one) for key, one in keyed(own)}
