"""What is hidden, and what is hidden the moment somebody withdraws: properties over random small worlds."""

import itertools
from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ratings.view.hiding import FEWEST_HIDDEN, SMALL, Hidden, Memory, hide
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


def by_consultant(world: World, memory: Memory, hidden: Hidden) -> dict[str, Quarantine]:
    roster, named, order = world
    return {one.consultant: one for one in quarantines(roster, named, order, memory, hidden)}


@given(worlds())
@settings(max_examples=400, deadline=None)
def test_who_may_not_be_named_has_no_row_and_no_unit(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Memory())
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
    hidden = hide(roster, named, order, Memory())
    for found, everybody in ((hidden.people, roster.people), (hidden.units, roster.units)):
        assert not found or len(found) >= min(FEWEST_HIDDEN, len(everybody))


@given(worlds())
@settings(max_examples=200, deadline=None)
def test_what_was_hidden_stays_hidden(world: World) -> None:
    roster, named, order = world
    first = hide(roster, named, order, Memory())
    after = Memory().after(roster, first)
    again = hide(roster, named, order, after)
    assert again == first
    assert after.after(roster, again).since == after.since
    everybody = hide(roster, roster.people, order, after)
    assert first.units <= everybody.units


@given(worlds(), worlds())
@settings(max_examples=300, deadline=None)
def test_quarantine_leaves_no_more_than_a_fresh_bake_would(world: World, earlier: World) -> None:
    """For one, two or three withdrawals between two bakes, whatever earlier views have hidden."""
    roster, named, order = world
    before = Memory().after(roster, hide(roster, named & earlier[1], order, Memory()))
    hidden = hide(roster, named, order, before)
    memory = before.after(roster, hidden)
    own = by_consultant(world, memory, hidden)
    assert set(own) == roster.people - hidden.people
    for many in (1, 2, 3):
        for gone in itertools.islice(itertools.combinations(sorted(own), many), 30):
            fresh = hide(roster, named - set(gone), order, memory)
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
    hidden = hide(roster, named, order, Memory())
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
    hidden = hide(roster, named, order, Memory())
    attacker = Attacker(roster)
    attacker.reads(hidden.people, hidden.units)
    for unit in hidden.small:
        assert not attacker.can_solve(attacker.total(unit=unit))


@given(worlds(fewest=4))
@settings(max_examples=200, deadline=None)
def test_after_a_withdrawal_nobody_hidden_can_be_had_from_what_is_left(world: World) -> None:
    roster, named, order = world
    hidden = hide(roster, named, order, Memory())
    for one in by_consultant(world, Memory().after(roster, hidden), hidden).values():
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


@dataclass
class House:
    """Bakes one view after the other, and keeps all of them, as a reader would."""

    roster: Roster
    order: list[str]
    memory: Memory = field(default_factory=Memory)
    views: list[Hidden] = field(default_factory=list)

    def bake(self, named: Set[str]) -> Hidden:
        hidden = hide(self.roster, named, self.order, self.memory)
        self.memory = self.memory.after(self.roster, hidden)
        self.views.append(hidden)
        return hidden

    def solved(self, secret: str) -> list[str | None]:
        """The insiders, or nobody, with whom the rows of all views since `secret` was hidden give its figures."""
        now = self.views[-1]
        found: list[str | None] = []
        for insider in (None, *sorted(self.roster.people - {secret})):
            attacker = Attacker(self.roster)
            for view in self.views[now.since[secret] - 1 :]:
                attacker.reads(view.people, view.units)
            if insider is not None:
                attacker.is_told_by(insider)
            targets = [attacker.total(secret), *(attacker.total(secret, unit) for unit in self.roster.units_of[secret])]
            found += [insider] if any(attacker.can_solve(one) for one in targets) else []
        return found


AUDIT = {f"c{number:02}": {f"u{number % 8}": 50} for number in range(16)} | {"small": {"u3": 4}}
REFUSED = [f"c{number:02}" for number in range(9)]  # with `small`, ten are hidden


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("key", [b"one", b"two", b"three", b"four"])
def test_consent_of_many_does_not_uncover_who_stays_secret(at_once: bool, key: bytes) -> None:
    """Ten hidden, eight consent, one large secret and a small one stay. Were their partner taken from those already
    published, as the partners of a fresh withdrawal are, an insider would be told the other's figures."""
    roster = roster_of(AUDIT)
    house = House(roster, keyed_order(AUDIT, key, "indicator", "period"))
    assert house.bake(roster.people - set(REFUSED)).people == {*REFUSED, "small"}
    for count in [8] if at_once else range(1, 9):
        house.bake(roster.people - set(REFUSED[count:]))
        now = house.views[-1].people
        assert {*REFUSED[count:], "small"} <= now <= {*REFUSED, "small"}
    assert len(now) == FEWEST_HIDDEN
    for secret in (REFUSED[8], "small"):
        assert house.solved(secret) == []
    careless = House(roster, house.order, views=[*house.views[:-1], hide(roster, roster.people - set(REFUSED[8:]),
                     [*roster.people - {*REFUSED, "small"}], Memory())])  # fmt: skip
    assert careless.solved("small") == [REFUSED[8]]


def test_a_fresh_withdrawal_may_be_covered_by_anybody() -> None:
    roster = roster_of({f"c{number}": {f"u{number}": 50} for number in range(8)})
    house = House(roster, keyed_order(roster.people, b"key", "indicator", "period"))
    assert house.bake(roster.people).people == set()
    gone = house.order[5]
    assert house.bake(roster.people - {gone}).people == {gone, *house.order[:2]}
    assert set(house.memory.since.values()) == {2}
    house.bake(roster.people)
    assert (house.memory.since, house.memory.bakes) == ({}, 3)


def test_who_is_shown_in_another_release_is_not_remembered_as_hidden() -> None:
    roster = roster_of(AUDIT)
    order = keyed_order(AUDIT, b"key", "indicator", "period")
    memory = Memory(since={"elsewhere-only": 0, "c01": 0, "c02": 0, "c03": 0}, bakes=4)
    hidden = hide(roster, roster.people - set(REFUSED), order, memory)
    later = memory.after(roster, hidden, frozenset({"c02", "c15"}))
    fresh = dict.fromkeys({*REFUSED, "small"} - {"c01", "c02", "c03"}, 5)
    assert later.since == fresh | {"elsewhere-only": 0, "c01": 0, "c03": 0}
    assert later.bakes == 5


@given(worlds(fewest=4), st.data())
@settings(max_examples=150, deadline=None)
def test_no_history_of_decisions_gives_anybody_hidden(world: World, data: st.DataObject) -> None:
    """Whoever refuses, consents and refuses again. Where a secret can no longer be covered everybody is hidden: what
    has been told by then cannot be taken back."""
    roster, _, order = world
    house = House(roster, order)
    for _ in range(data.draw(st.integers(2, 4))):
        named = roster.people - data.draw(st.sets(st.sampled_from(sorted(roster.people)), max_size=6))
        hidden = house.bake(named)
        assert not hidden.people or len(hidden.people) >= FEWEST_HIDDEN
        if hidden.people == roster.people:
            continue
        for one in roster.people:
            if one not in named or roster.cases_of[one] < MINIMUM:
                assert house.solved(one) == []
    again = House(roster, order, house.memory, []).bake(named)
    assert again == house.views[-1]


def test_an_order_tells_nothing_without_its_key() -> None:
    people = [f"c{number}" for number in range(50)]
    one, other = (keyed_order(people, key, "i", "p") for key in (b"one", b"other"))
    assert sorted(one) == sorted(other) == sorted(people)
    assert one != other
    assert one == keyed_order(reversed(people), b"one", "i", "p")
