"""What the gate of a release rests on that takes a while: its frames, the permissions of now, and who would be hidden.

It is looked at before the transaction that answers, signs or takes a step, and outside of it."""

import json
from dataclasses import dataclass

import polars as pl

from services.ratings.assembly.schema import RESULTS, completed
from services.ratings.domain.checks import Found
from services.ratings.models import ReleaseRow
from services.ratings.problems import StepNotAllowed
from services.ratings.view.baking import Permitted
from services.ratings.view.fates import DISCLOSURE_RULE
from services.ratings.workflow.baking import digest_of, permitted_for
from services.ratings.workflow.counting_cases import cases_sent, who_operated
from services.ratings.workflow.deciding import decide_all, situation_of
from services.ratings.workflow.office import Office
from services.ratings.workflow.seeing import seen_again
from shared.contracts.consent import Permissions
from shared.contracts.releases import BuildState

CODES_SHOWN = 10
Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True, eq=False)
class Looked:
    """`permissions` are None where consent did not answer. `table` is the frame of results."""

    results: Found
    numbers: Found
    calibration: Found
    disclosure: Found
    who_operated: Found
    ascertainment: Found
    seen_again: Found
    permissions: Permissions | None
    table: pl.DataFrame


def look(office: Office, release: str, permissions: Permissions | None, *, decide: bool = True) -> Looked:
    """A part that is gone or damaged makes the checks fail that needed it. Without `decide`, what would be hidden is
    taken for safe: for whoever decides it right afterwards, and stops where it is not.

    Raises NotFound, StepNotAllowed where the results are not there yet.
    """
    with office.store.reading() as tx:
        row = tx.release(release)
    if row.build != BuildState.DONE.value:
        raise StepNotAllowed(f"The build of release {release} is {row.build}: there is nothing to check yet.")
    kept = {name: office.frames.digest_of_kept(digest) for name, digest in row.parts.items()}
    whole = {name for name, digest in row.parts.items() if kept[name] == digest}
    frames = {name: office.frames.load(row.parts[name]) for name in whole}
    results = _results(row, whole, frames.get("register_differences"))
    disclosure = Found("passed", _policy(office))
    if decide:
        readable = results.state == "passed"
        disclosure = _protected(office, release, permissions) if readable else Found("waiting", _policy(office))
    table = completed(frames["results"], "results") if "results" in frames else pl.DataFrame(schema=RESULTS)
    calibration = _calibration(office, frames.get("models"))
    return Looked(
        results=results, numbers=_numbers(row, frames), calibration=calibration, disclosure=disclosure,
        who_operated=who_operated(frames, office.release_policy.responsible.nobody_at_most),
        ascertainment=cases_sent(frames, office.release_policy.ascertainment.overall_at_least),
        seen_again=seen_again(office, row, table), permissions=permissions, table=table,
    )  # fmt: skip


def _results(row: ReleaseRow, whole: set[str], differences: pl.DataFrame | None) -> Found:
    """With how many organisations two registers know under different names, and the codes of the first of them: the
    first register's names stand in the release."""
    is_whole = bool(row.parts) and whole == set(row.parts) and row.results_digest == row.parts.get("results")
    evidence: dict[str, int | float | str] = {"parts": len(row.parts), "parts_as_recorded": len(whole)}
    evidence |= {"results": row.results or 0, "results_digest": row.results_digest or "none"}
    if differences is not None:
        evidence |= told_of_registers(differences)
    return Found("passed" if is_whole else "failed", evidence)


def told_of_registers(differences: pl.DataFrame) -> dict[str, int | float | str]:
    """How many organisations registers name differently, and the codes of the first of them."""
    codes = differences["id"].unique().sort()
    return {"registers_differ": codes.len(), "registers_differ_on": ", ".join(codes.head(CODES_SHOWN))}


def _numbers(row: ReleaseRow, frames: Frames) -> Found:
    """Counted anew: every number of every part."""
    columns = [column for frame in frames.values() for column in frame.select(pl.selectors.float()).get_columns()]
    odd = sum(int((~column.drop_nulls().is_finite()).sum()) for column in columns)
    figures = sum(column.len() - column.null_count() for column in columns)
    all_read = bool(frames) and set(frames) == set(row.parts)
    return Found("passed" if odd == 0 and all_read else "failed", {"figures": figures, "not_finite": odd})


def _calibration(office: Office, models: pl.DataFrame | None) -> Found:
    """Of each fitted model, on hospitals left out of the fit."""
    if models is None:
        return Found("failed", {"models": 0})
    wanted = office.release_policy.calibration
    left_out = [json.loads(card).get("left_out") or {} for card in models["card"]]
    ranks = [one.get("c_statistic") for one in left_out]
    slopes = [one.get("slope") for one in left_out]
    good = sum(
        rank is not None and slope is not None and rank >= wanted.c_statistic_at_least
        and wanted.slope_at_least <= slope <= wanted.slope_at_most
        for rank, slope in zip(ranks, slopes, strict=True)
    )  # fmt: skip
    evidence: dict[str, int | float | str] = {"models": len(left_out), "within_range": good}
    if known := [one for one in ranks if one is not None]:
        evidence["lowest_c_statistic"] = round(min(known), 4)
    if known := [one for one in slopes if one is not None]:
        evidence |= {"lowest_slope": round(min(known), 4), "highest_slope": round(max(known), 4)}
    return Found("passed" if good == len(left_out) else "failed", evidence)


def _policy(office: Office) -> dict[str, int | float | str]:
    return {"rule": DISCLOSURE_RULE, "policy": f"sha256:{office.disclosure.digest(DISCLOSURE_RULE)}"}


def _protected(office: Office, release: str, permissions: Permissions | None) -> Found:
    """What publication would decide now. How much is hidden moves with every decision of consent, so it is not signed;
    that nobody is exposed must hold whenever it is asked."""
    if permissions is None:
        return Found("waiting", _policy(office))
    with office.store.reading() as tx:
        row, live = tx.release(release), tx.live_views()
    permitted = permitted_for(office, row.indicators, permissions)
    policy = office.disclosure.digest(DISCLOSURE_RULE)
    of = (release, row.results_digest, repr(row.disclosure), live, digest_of(permitted), policy)
    return office.protected.of(of, lambda: _decided(office, release, permitted))


def _decided(office: Office, release: str, permitted: Permitted) -> Found:
    with office.store.reading() as tx:
        situation = situation_of(office, tx, [release])
    decided = decide_all(office, situation, permitted, [], release)
    fates = decided.fates(release)
    exposed = sum(count for key, count in decided.exposed.items() if key in fates)
    now: dict[str, int | float | str] = {
        "people_hidden": sum(len(one.hidden) for one in fates.values()),
        "totals_withheld": sum(len(one.withheld) for one in fates.values()),
        "totals_suppressed": sum(len(one.small) for one in fates.values()), "exposed": exposed,
    }  # fmt: skip
    return Found("failed" if exposed else "passed", _policy(office), now)
