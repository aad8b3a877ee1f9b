"""Who treated whom where, for one indicator and period: what disclosure control needs to know, and no figures."""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Roster:
    """Consultants and units (hospitals, for one indicator), who belongs to which, and how many cases each has."""

    units_of: Mapping[str, frozenset[str]]
    team_of: Mapping[str, frozenset[str]]
    cases_of: Mapping[str, int]
    cases_in: Mapping[str, int]
    minimum_cases: int

    @property
    def units(self) -> frozenset[str]:
        return frozenset(self.cases_in)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(self.cases_of)

    def units_with(self, people: Iterable[str]) -> frozenset[str]:
        return frozenset().union(*(self.units_of[one] for one in people))

    def colleagues_of(self, consultant: str) -> frozenset[str]:
        """Everybody with a case in a unit of this consultant, themselves included."""
        return frozenset().union(*(self.team_of[unit] for unit in self.units_of[consultant]))


def rosters(
    results: pl.DataFrame, members: pl.DataFrame, minimum_cases: Mapping[str, int]
) -> dict[tuple[str, str], Roster]:
    """One roster per indicator and period that has a consultant level; keys (indicator, period_id)."""
    units: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    at_units = results.filter(pl.col("level") == "provider").select("indicator", "period_id", "subject", "cases")
    for indicator, period, unit, cases in at_units.iter_rows():
        if indicator in minimum_cases:
            units[indicator, period][unit] = cases
    of_person: dict[tuple[str, str], dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for indicator, period, unit, person, cases in members.select(
        "indicator", "period_id", "provider", "consultant", "cases"
    ).iter_rows():
        of_person[indicator, period][person][unit] = cases
    return {key: _roster(units[key], of_person[key], minimum_cases[key[0]]) for key in sorted(units)}


def _roster(units: Mapping[str, int], of_person: Mapping[str, Mapping[str, int]], minimum_cases: int) -> Roster:
    team: dict[str, set[str]] = {unit: set() for unit in units}
    for person, where in of_person.items():
        for unit in where:
            team[unit].add(person)
    return Roster(
        {person: frozenset(where) for person, where in of_person.items()},
        {unit: frozenset(people) for unit, people in team.items()},
        {person: sum(where.values()) for person, where in of_person.items()},
        dict(units),
        minimum_cases,
    )


def keyed_order(subjects: Iterable[str], key: bytes, indicator: str, period: str) -> list[str]:
    """An order that nobody can foresee without the key, and that says nothing about name, volume or figures."""

    def place(subject: str) -> bytes:
        return hmac.digest(key, "\0".join((indicator, period, subject)).encode(), "sha256")

    return sorted(subjects, key=place)
