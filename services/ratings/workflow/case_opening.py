"""Cases follow from results: opened, begun anew or closed in the transaction in which a release is submitted."""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl

from services.ratings.domain.outlier_policy import OutlierPolicy
from services.ratings.domain.outliers import OPEN, Standing, opened, rerun
from services.ratings.models import CaseRow, CaseStepRow, ReleaseRow
from services.ratings.store.cases import newest_of, sequences
from services.ratings.store.store import Transaction
from services.ratings.workflow.case_keeping import RATINGS, Written, keep_audited, standing_of, written
from services.ratings.workflow.office import Office
from shared.contracts.cases import CaseKind

KINDS: Final = {"warning": CaseKind.ALERT, "control": CaseKind.ALARM}
CARRY: Final = "carry"
NOT_OPENED: Final = "not_opened"
SAME: Final = ("cases", "observed", "expected")
EXPECTED_DECIMALS: Final = 2  # as published: what moves less is the same figure for whoever was told it


Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Signal:
    """A result that is, or was, beyond limits: `kind` and `direction` say which, None and empty within them. `figures`
    are what a case is about."""

    kind: CaseKind | None
    direction: str
    provider: str
    figures: dict[str, Any]


@dataclass(frozen=True)
class _Following:
    """One submission: its release, the moment, how many steps each case has, and what is to be kept."""

    release: ReleaseRow
    now: datetime
    sequences: Mapping[str, int]
    kept: list[tuple[CaseRow, CaseStepRow]] = field(default_factory=list)

    def write(
        self, row: CaseRow, standing: Standing, policy: OutlierPolicy, name: str, figures: dict[str, Any] | None
    ) -> None:
        done = Written(name, self.now, "", figures=figures)
        self.kept.append((row, written(row, standing, policy, done, self.sequences.get(row.id, 0))))


def open_cases(office: Office, tx: Transaction, release: ReleaseRow, results: pl.DataFrame) -> Counter[str]:
    """What these results do to cases, each one's step in the caller's transaction; how many of which step.

    `results` is the release's frame of that name. A policy that nobody has verified opens none, and the audit says so.
    A case that is open already, on the same figures, goes on with its deadlines under this release. Raises
    CalendarEnds: then nothing of it has happened.
    """
    at, done = _Following(release, office.clock(), sequences(tx)), Counter[str]()
    policies = _policies(office, results)
    earlier = newest_of(tx, results["indicator"].unique().sort())
    signals = _signals(results, release.id, {subject for _, subject, *_ in earlier})
    compared = set(results.select("level", "indicator", "period_id").unique().iter_rows())
    for (level, subject, indicator, period, _), row in earlier.items():
        policy = policies.get((level, indicator))
        if policy is not None and (level, indicator, period) in compared:
            found = signals.get((level, subject, indicator, period))
            done[_again(at, row, found, policy)] += 1
    for key, found in sorted(signals.items()):
        if found.kind is not None and (*key, found.kind.value) not in earlier:
            done[_open(at, key, found, policies.get((key[0], key[2])))] += 1
    keep_audited(tx, at.kept)
    counts = Counter({name: count for name, count in done.items() if name})
    if counts:
        tx.record(RATINGS, "cases.followed", release.id, **dict(sorted(counts.items())))
    return counts


def _policies(office: Office, results: pl.DataFrame) -> dict[tuple[str, str], OutlierPolicy]:
    """By level and indicator: the policy under which cases may be opened, where there is one."""
    found = {}
    for level, indicator in results.select("level", "indicator").unique().iter_rows():
        definition = office.catalogue[indicator].definition
        policy = office.outliers.covering(level, definition.source.specialty)
        if policy is not None and office.outliers.may_open(policy, definition.status):
            found[level, indicator] = policy
    return found


def _signals(results: pl.DataFrame, release: str, of: set[str]) -> dict[Key, Signal]:
    """Every result whose position is beyond limits, either side, and all that there are of these subjects. A result
    that is not rated has no position."""
    rated = results.filter(pl.col("position").is_not_null())
    wanted = rated.filter(pl.col("position").str.contains("_") | pl.col("subject").is_in(sorted(of)))
    found = {}
    for row in wanted.iter_rows(named=True):
        direction, _, limits = row["position"].rpartition("_")
        figures = {"release": release, "cases": row["cases"], "observed": row["observed"],
                   "expected": round(row["expected"], EXPECTED_DECIMALS), "position": row["position"]}  # fmt: skip
        key: Key = (row["level"], row["subject"], row["indicator"], row["period_id"])
        found[key] = Signal(KINDS.get(limits), direction, row["provider_id"], figures)
    return found


def _open(at: _Following, key: Key, found: Signal, policy: OutlierPolicy | None) -> str:
    """A new case, where there is a policy that may open it."""
    if policy is None or found.kind is None:
        return NOT_OPENED
    level, subject, indicator, period = key
    row = CaseRow(
        id=f"k-{secrets.token_hex(6)}", release=at.release.id, level=level, subject=subject, provider=found.provider,
        indicator=indicator, period=period, kind=found.kind.value, direction=found.direction, state="", stage=0,
        reached=0, round=1, policy=policy.name, figures=found.figures, opened=at.now,
    )  # fmt: skip
    at.write(row, opened(found.kind, policy, at.now), policy, OPEN, found.figures)
    return OPEN


def _again(at: _Following, row: CaseRow, found: Signal | None, policy: OutlierPolicy) -> str:
    """The step that these results do to a case that there is already; empty where they do nothing."""
    was = standing_of(row)
    beyond = found is not None and found.kind is was.kind
    changed = found is not None and any(found.figures[name] != row.figures[name] for name in SAME)
    done = rerun(was, beyond, changed, policy, at.now)
    if done is None and (was.ended or row.release == at.release.id):
        return ""
    name, standing = done or (CARRY, was)
    row.release = at.release.id
    if beyond and found is not None:
        row.direction, row.provider = found.direction, found.provider
    figures = found.figures if found is not None and name != CARRY else None
    at.write(row, standing, policy, name, figures)
    return name
