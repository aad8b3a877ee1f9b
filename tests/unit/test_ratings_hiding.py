"""What is hidden, and what is hidden the moment somebody withdraws: properties over random small worlds."""

import itertools
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.view.hiding import FEWEST_HIDDEN, SMALL, Hidden, Sticky, hide
from services.ratings.view.quarantine import Quarantine, quarantines
from services.ratings.view.roster import Roster, keyed_order

World = tuple[Roster, frozenset[str], list[str]]  # who is where, who may be named, the keyed order
FloatArray = npt.NDArray[np.float64]
MINIMUM = 10


def roster_of(cells: Mapping[str, Mapping[str, int]]) -> Roster:
    """From consultant → unit → cases."""
    units = sorted({unit for where in cells.values() for unit in where})
    return Roster(
        {one: frozenset(where) for one, where in cells.items()},
        {unit: frozenset(one for one, where in cells.items() if unit in where) for unit in units},
        {one: sum(where.values()) for one, where in cells.items()},
        {unit: sum(where.get(unit, 0) for where in cells.values()) for unit in units},
        MINIMUM,
    )


@st.composite
def worlds(draw: st.DrawFn, fewest: int = 1) -> World:
    """One to seven units; most consultants work in one, some in two; a few refuse, a few have few cases."""
    places = draw(st.integers(1, 7))
    cells = {}
    for number in range(draw(st.integers(fewest, 12))):
        where = draw(st.lists(st.integers(0, places - 1), min_size=1, max_size=2, unique=True))
        cells[f"c{number}"] = {f"u{unit}": draw(st.sampled_from([2, 9, 10, 30, 80])) for unit in where}
    refused = draw(st.sets(st.sampled_from(sorted(cells)), max_size=3))
    key = draw(st.binary(min_size=2, max_size=2))
    return roster_of(cells), frozenset(cells) - refused, keyed_order(cells, key, "indicator", "period")


def by_consultant(world: World, sticky: Sticky, hidden: Hidden) -> dict[str, Quarantine]:
    roster, named, order = world
    return {one.consultant: one for one in quarantines(roster, named, order, sticky, hidden)}


@given(worlds())
@settings(max_examples=400, deadline=None)
def test_who_may_not_be_named_has_no_row_and_no_unit(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Sticky())
    unnameable = {one for one in roster.people if one not in named or roster.cases_of[one] < MINIMUM}
    assert unnameable <= hidden.people
    for unit in roster.units - hidden.units:
        assert not roster.team_of[unit] & hidden.people
        assert roster.cases_in[unit] >= SMALL
    assert not hidden.small & roster.units_with(hidden.people)
    if not unnameable and min(roster.cases_in.values()) >= SMALL:
        assert hidden == Hidden(frozenset(), frozenset())


@given(worlds())
@settings(max_examples=400, deadline=None)
def test_none_or_at_least_three_are_hidden(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Sticky())
    for found, everybody in ((hidden.people, roster.people), (hidden.units, roster.units)):
        assert not found or len(found) >= min(FEWEST_HIDDEN, len(everybody))


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_what_was_hidden_stays_hidden(world: World) -> None:
    roster, named, order = world
    first = hide(roster, named, order, Sticky())
    again = hide(roster, named, order, first.as_sticky())
    assert again == first
    everybody = hide(roster, roster.people, order, first.as_sticky())
    assert first.units <= everybody.units


@given(worlds(), worlds())
@settings(max_examples=300, deadline=None)
def test_quarantine_leaves_no_more_than_a_fresh_bake_would(world: World, earlier: World) -> None:
    """For one, two or three withdrawals between two bakes, whatever earlier views have hidden."""
    roster, named, order = world
    before = hide(roster, named & earlier[1], order, Sticky()).as_sticky()
    hidden = hide(roster, named, order, before)
    sticky = before.joined(hidden.as_sticky())
    own = by_consultant(world, sticky, hidden)
    assert set(own) == roster.people - hidden.people
    for many in (1, 2, 3):
        for gone in itertools.islice(itertools.combinations(sorted(own), many), 30):
            fresh = hide(roster, named - set(gone), order, sticky)
            assert fresh.people <= hidden.people.union(*(own[one].people for one in gone))
            assert fresh.units <= hidden.units.union(*(own[one].units for one in gone))
            for one in gone:
                assert roster.colleagues_of(one) <= own[one].people | hidden.people
                assert roster.units_of[one] <= own[one].units


class Attacker:
    """Knows every shown total, that observed less expected adds up to nothing over the indicator, and perhaps one
    consultant's own figures. Columns are the cells consultant x unit."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.cells = sorted((one, unit) for one, units in roster.units_of.items() for unit in units)
        self.known: list[FloatArray] = [np.ones(len(self.cells))]

    def total(self, consultant: str | None = None, unit: str | None = None) -> FloatArray:
        return np.array([float(consultant in (None, one) and unit in (None, where)) for one, where in self.cells])

    def reads(self, people: frozenset[str], units: frozenset[str]) -> None:
        """What is shown when these are hidden."""
        self.known += [self.total(consultant=one) for one in sorted(self.roster.people - people)]
        self.known += [self.total(unit=unit) for unit in sorted(self.roster.units - units)]

    def is_told_by(self, insider: str) -> None:
        self.known += [self.total(insider, unit) for unit in sorted(self.roster.units_of[insider])]

    def can_solve(self, target: FloatArray) -> bool:
        known = np.array(self.known)
        return bool(np.linalg.matrix_rank(np.vstack([known, target])) == np.linalg.matrix_rank(known))


@given(worlds(fewest=3))
@settings(max_examples=300, deadline=None)
def test_nobody_hidden_can_be_had_by_subtraction(world: World) -> None:
    """Neither by the public nor by one of the hidden, who knows their own figures."""
    roster, named, order = world
    hidden = hide(roster, named, order, Sticky())
    for insider in (None, *sorted(hidden.people)):
        attacker = Attacker(roster)
        attacker.reads(hidden.people, hidden.units)
        if insider is not None:
            attacker.is_told_by(insider)
        for one in hidden.people - {insider}:
            assert not attacker.can_solve(attacker.total(consultant=one)), (insider, one)
            for unit in roster.units_of[one]:
                assert not attacker.can_solve(attacker.total(one, unit))


@given(worlds(fewest=3))
@settings(max_examples=300, deadline=None)
def test_a_small_unit_cannot_be_had_by_subtraction(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Sticky())
    attacker = Attacker(roster)
    attacker.reads(hidden.people, hidden.units)
    for unit in hidden.small:
        assert not attacker.can_solve(attacker.total(unit=unit))


@given(worlds(fewest=4))
@settings(max_examples=200, deadline=None)
def test_after_a_withdrawal_nobody_hidden_can_be_had_from_what_is_left(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Sticky())
    for one in by_consultant(world, hidden.as_sticky(), hidden).values():
        attacker = Attacker(roster)
        attacker.reads(hidden.people | one.people, hidden.units | one.units)
        assert not attacker.can_solve(attacker.total(consultant=one.consultant))


def test_the_attacker_is_not_blind() -> None:
    """Hiding one consultant alone, or partner units whose whole team is shown, would be solved at once."""
    roster = roster_of({"a": {"u": 50}, "b": {"u": 50}, "c": {"v": 50}, "d": {"w": 50}})
    for units in ({"u"}, {"u", "v", "w"}):
        attacker = Attacker(roster)
        attacker.reads(frozenset({"a"}), frozenset(units))
        assert attacker.can_solve(attacker.total(consultant="a"))


def test_an_order_tells_nothing_without_its_key() -> None:
    people = [f"c{number}" for number in range(50)]
    one, other = (keyed_order(people, key, "i", "p") for key in (b"one", b"other"))
    assert sorted(one) == sorted(other) == sorted(people)
    assert one != other
    assert one == keyed_order(reversed(people), b"one", "i", "p")
