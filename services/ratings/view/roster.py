"""Who treated how many where, for one indicator and period of one release: the tables of disclosure control."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import polars as pl

from services.ratings.disclosure import Cell, Policy, Table, fixed_units, reorganised
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.loading import Catalogue
from services.ratings.policy.loading import Disclosure, Pinned
from services.ratings.view.built import Built

IndicatorPeriod: TypeAlias = tuple[str, str]
Sizes: TypeAlias = tuple[float, ...]
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Roster:
    """`table` with what is fixed in it. `unshown`: people without figures of their own, whatever they decided: too few
    cases, or nothing that can be worked out. `bare`: units in which no case is any consultant's.
    `reorganised`: units of other people than in an earlier release, whose total would tell the difference.
    `is_sorted`: whether the release keeps by what its totals were sorted into fixed and revocable."""

    table: Table
    unshown: frozenset[str]
    bare: frozenset[str]
    reorganised: frozenset[str]
    is_sorted: bool


@dataclass(frozen=True)
class Ground:
    """What tables are made on: the policy now, what others publish, and the key of the orders. `pinned`: the same when
    the release was built, where it keeps that."""

    release: str
    disclosure: Disclosure
    order: bytes
    pinned: Pinned | None = None

    @property
    def sorting(self) -> Policy:
        """By which totals are small, and fixed: for the life of the release."""
        return self.pinned.settled.as_policy() if self.pinned else self.disclosure.policy


Earlier: TypeAlias = Mapping[IndicatorPeriod, Sequence[Table]]


def rosters(built: Built, catalogue: Catalogue, ground: Ground, earlier: Earlier) -> dict[IndicatorPeriod, Roster]:
    """One per indicator and period that has a consultant level. `earlier`: the tables of every release that was
    published before, those that were taken down among them."""
    revocable = [one for one in built.comparisons["indicator"].unique() if catalogue[one].definition.revocable]
    results = built.results.filter(pl.col("indicator").is_in(revocable))
    regions = dict(built.providers.select("id", "region").iter_rows())
    people, units = (_by_key(results.filter(pl.col("level") == level)) for level in ("consultant", "provider"))
    cells = _by_key(built.cells if built.cells.height else built.members)
    return {
        key: _roster(
            _Figures(key, units[key], people[key], cells[key], earlier.get(key, ())),
            catalogue[key[0]].definition, regions, ground,
        )
        for key in sorted(units)
    }  # fmt: skip


def _by_key(frame: pl.DataFrame) -> dict[IndicatorPeriod, list[Row]]:
    found: dict[IndicatorPeriod, list[Row]] = defaultdict(list)
    columns = ("subject", "provider", "consultant", "cases", "observed", "expected", "status")
    for row in frame.select("indicator", "period_id", *(name for name in columns if name in frame.columns)).iter_rows(
        named=True
    ):
        found[row["indicator"], row["period_id"]].append(row)
    return found


@dataclass(frozen=True)
class _Figures:
    key: IndicatorPeriod
    units: list[Row]
    people: list[Row]
    parts: list[Row] = field(repr=False)
    earlier: Sequence[Table] = ()


def _roster(figures: _Figures, definition: Definition, regions: Mapping[str, str], ground: Ground) -> Roster:
    cells, own = _cells(figures)
    units = frozenset(cell.unit for cell in cells)
    small = frozenset(row["subject"] for row in figures.units if _is_small(row, definition, ground.sorting)) & units
    table = Table(tuple(cells), small=small, release=ground.release, own=own)
    other = reorganised(table, figures.earlier)
    table = replace(table, small=small | other)
    table = _with_known(table, ground.disclosure.nodes(*figures.key), regions)
    if ground.pinned is not None:
        sorted_by = _with_known(table, ground.pinned.nodes(*figures.key), regions)
        order = keyed_order(units, ground.order, figures.key[0])
        table = replace(table, fixed=fixed_units(sorted_by, order, ground.sorting, figures.earlier))
    unshown = frozenset(row["subject"] for row in figures.people if _is_unshown(row, definition))
    bare = frozenset(row["subject"] for row in figures.units) - units
    return Roster(table, unshown, bare, other - small, ground.pinned is not None)


def _with_known(table: Table, nodes: frozenset[str], regions: Mapping[str, str]) -> Table:
    """With what is known from elsewhere: totals of units, and regions as lowest ancestors of theirs."""
    above = {unit: regions[unit] for unit in table.units if regions.get(unit) in nodes}
    return replace(table, known=table.units & nodes, above=above)


def _is_small(row: Row, definition: Definition, policy: Policy) -> bool:
    """Whether a unit has no total to show: by the patients' rule, or because none can be worked out."""
    return row["status"] != "published" or definition.suppresses(row["cases"], row["observed"], policy.small)


def _is_unshown(row: Row, definition: Definition) -> bool:
    return (
        row["status"] != "published"
        or row["cases"] < definition.minimum_cases
        or definition.suppresses(row["cases"], row["observed"], 0)
    )


def _cells(figures: _Figures) -> tuple[list[Cell], dict[tuple[str, str], Sizes]]:
    """Of a release that was built before cells were kept, nobody knows how the figures of people in several units are
    split: as cover they count for their cases alone, as secrets in full."""
    if not figures.parts or "observed" in figures.parts[0]:
        return [Cell(row["consultant"], row["provider"], _sizes(row)) for row in figures.parts], {}
    whole = {row["subject"]: _sizes(row) for row in figures.people}
    where: dict[str, dict[str, int]] = defaultdict(dict)
    for row in figures.parts:
        where[row["consultant"]][row["provider"]] = row["cases"]
    cells = [
        Cell(one, unit, whole[one] if len(units) == 1 else (float(cases), 0.0, 0.0))
        for one, units in where.items() for unit, cases in units.items()
    ]  # fmt: skip
    return cells, {(cell.person, cell.unit): whole[cell.person] for cell in cells if len(where[cell.person]) > 1}


def _sizes(row: Row) -> Sizes:
    return float(row["cases"]), float(row["observed"]), float(row["expected"] or 0.0)


def keyed_order(subjects: Iterable[str], key: bytes, indicator: str) -> list[str]:
    """An order that nobody can foresee without the key, and that says nothing about name, volume or figures. It is the
    same in every release and period."""

    def place(subject: str) -> bytes:
        return hmac.digest(key, f"{indicator}\0{subject}".encode(), "sha256")

    return sorted(subjects, key=place)
