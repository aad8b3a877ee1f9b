"""What is hidden in every release, and what goes the moment somebody withdraws: properties over random small worlds.

The rule itself has tests of its own (tests/disclosure); here are the promises that views make of it.
"""

import itertools
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.ratings.disclosure import Cell, Memory, Policy, Table, fixed_units
from services.ratings.view.fates import GONE, NOT_PUBLISHED, SHOWN, SUPPRESSED, Fates
from services.ratings.view.joint import Answer, Question, answer
from services.ratings.view.roster import Roster, keyed_order

FloatArray = npt.NDArray[np.float64]
Cells = Mapping[str, Mapping[str, int]]  # consultant -> unit -> cases
KEY, INDICATOR, POLICY = b"key", "indicator", Policy()
RELEASES = ("2026-09-28", "2026-09-29")


def roster_of(cells: Cells, release: str = RELEASES[0], minimum: int = 10, *, is_sorted: bool = True) -> Roster:
    """A tenth of the cases had the event, and as many were expected."""
    made = tuple(
        Cell(one, unit, (float(cases), cases / 10, cases / 10)) for one, where in cells.items()
        for unit, cases in where.items()
    )  # fmt: skip
    sums = {unit: sum(where.get(unit, 0) for where in cells.values()) for where in cells.values() for unit in where}
    small = frozenset(unit for unit, cases in sums.items() if cases < POLICY.small)
    table = Table(made, small=small, release=release)
    if is_sorted:
        table = replace(table, fixed=fixed_units(table, keyed_order(table.units, KEY, INDICATOR), POLICY))
    few = frozenset(one for one, where in cells.items() if sum(where.values()) < minimum)
    return Roster(table, few, frozenset(), frozenset(), is_sorted)


@st.composite
def worlds(draw: st.DrawFn, fewest: int = 1) -> tuple[Roster, frozenset[str]]:
    """One to seven units; most consultants work in one, some in two; a few refuse, a few have few cases."""
    places = draw(st.integers(1, 7))
    cells = {}
    for number in range(draw(st.integers(fewest, 12))):
        where = draw(st.lists(st.integers(0, places - 1), min_size=1, max_size=2, unique=True))
        cells[f"c{number}"] = {f"u{unit}": draw(st.sampled_from([2, 9, 30, 80, 200])) for unit in where}
    refused = draw(st.sets(st.sampled_from(sorted(cells)), max_size=3))
    return roster_of(cells, is_sorted=draw(st.booleans())), frozenset(cells) - refused


@dataclass
class House:
    """Bakes one view of everything after the other, and keeps all of them, as a reader would."""

    rosters: dict[str, Roster]
    memory: Memory = field(default_factory=Memory)
    views: list[dict[str, Fates]] = field(default_factory=list)
    since: dict[str, int] = field(default_factory=dict)  # the first view of which each secret is one

    @property
    def people(self) -> frozenset[str]:
        return frozenset().union(*(one.table.people for one in self.rosters.values()))

    def asked(self, named: Set[str], withdrawn: tuple[str, ...] = ()) -> Question:
        live = frozenset(self.rosters) if self.views else frozenset[str]()
        return Question(INDICATOR, self.rosters, frozenset(named), self.memory, KEY, live, withdrawn)

    def bake(self, named: Set[str], withdrawn: tuple[str, ...] = ()) -> Answer:
        asked = self.asked(named, withdrawn)
        found = answer(asked, POLICY)
        self.memory = found.memory
        self.since = {one: self.since.get(one, len(self.views)) for one in asked.secrets}
        self.views.append(dict(found.fates))
        return found

    def solved(self, secret: str) -> list[str | None]:
        """The insiders, or nobody, with whom the rows of all views since it is one give a secret's figures."""
        found: list[str | None] = []
        for insider in (None, *sorted(self.people - {secret})):
            attacker = Attacker(self.rosters)
            for view in self.views[self.since[secret] :]:
                attacker.reads(view)
            if insider is not None:
                attacker.is_told_by(insider)
            found += [insider] if attacker.can_solve(secret) else []
        return found


class Attacker:
    """Knows every total that is shown, the sum of everything, and perhaps one consultant's own figures. Columns are the
    cells consultant x unit, the same in every release."""

    def __init__(self, rosters: Mapping[str, Roster]) -> None:
        self.rosters = rosters
        cells = {(cell.person, cell.unit) for one in rosters.values() for cell in one.table.cells}
        self.cells = sorted(cells)
        self.known: list[FloatArray] = [np.ones(len(self.cells))]

    def total(self, consultant: str | None = None, unit: str | None = None) -> FloatArray:
        return np.array([float(consultant in (None, one) and unit in (None, where)) for one, where in self.cells])

    def reads(self, view: Mapping[str, Fates]) -> None:
        for release, fates in view.items():
            table = self.rosters[release].table
            shown = [one for one in sorted(table.people) if fates.of("consultant", one) == SHOWN]
            self.known += [self.total(one, unit) for one in shown for unit in table.units_of(one)]
            self.known += [self.total(unit=one) for one in sorted(table.units) if fates.of("provider", one) == SHOWN]

    def is_told_by(self, insider: str) -> None:
        self.known += [self.total(insider, unit) for one, unit in self.cells if one == insider]

    def can_solve(self, secret: str) -> bool:
        known = np.array(self.known)
        rank = np.linalg.matrix_rank(known)
        targets = [self.total(secret), *(self.total(secret, unit) for one, unit in self.cells if one == secret)]
        return any(np.linalg.matrix_rank(np.vstack([known, one])) == rank for one in targets)


@given(worlds())
@settings(max_examples=60, deadline=None)
def test_who_may_not_be_named_has_no_row_and_small_units_have_no_total(world: tuple[Roster, frozenset[str]]) -> None:
    roster, named = world
    found = House({RELEASES[0]: roster}).bake(named)
    fates = found.fates[RELEASES[0]]
    secrets = (roster.table.people - named) | roster.unshown
    assert {fates.of("consultant", one) for one in secrets} <= {GONE}
    assert {fates.of("provider", one) for one in roster.table.small} <= {SUPPRESSED}
    assert not fates.withheld & roster.table.fixed
    if not secrets:
        assert not fates.hidden
        assert not fates.withheld


@given(worlds(), worlds())
@settings(max_examples=50, deadline=None)
def test_what_is_fixed_depends_on_nobodys_decision(
    world: tuple[Roster, frozenset[str]], other: tuple[Roster, frozenset[str]]
) -> None:
    roster, named = world
    house = House({RELEASES[0]: roster})
    told = []
    for may in (named, named & other[1], roster.table.people, frozenset[str]()):
        fates = house.bake(may).fates[RELEASES[0]]
        told.append({unit: fates.of("provider", unit) for unit in fates.fixed})
        assert not any(fates.fixed & one.units for one in fates.sets)
    assert all(one == told[0] for one in told)
    assert told[0].keys() == (roster.table.fixed | roster.table.small if roster.is_sorted else set())


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_baked_again_nothing_moves(world: tuple[Roster, frozenset[str]]) -> None:
    roster, named = world
    house = House({RELEASES[0]: roster})
    first, again = house.bake(named), house.bake(named)
    assert again.fates == first.fates
    assert again.memory.hidden_since == first.memory.hidden_since
    assert again.memory.secret_since == first.memory.secret_since


@given(worlds(), st.data())
@settings(max_examples=50, deadline=None)
def test_gateways_hide_at_once_all_that_the_next_view_will_lack(
    world: tuple[Roster, frozenset[str]], data: st.DataObject
) -> None:
    """For one, two or three withdrawals between two bakes, in two releases."""
    roster, named = world
    later = replace(roster, table=replace(roster.table, release=RELEASES[1]))
    house = House({RELEASES[0]: roster, RELEASES[1]: later})
    before = house.bake(named)
    assume(not before.exposed)
    own = {
        release: {one.person: one for one in fates.sets} for release, fates in before.fates.items()
    }  # fmt: skip
    nameable = (named & roster.table.people) - roster.unshown
    assert own[RELEASES[0]].keys() == own[RELEASES[1]].keys() == nameable
    for many in (1, 2, 3):
        for gone in itertools.islice(itertools.permutations(sorted(nameable), many), 8):
            fresh = answer(house.asked(named - set(gone), gone), POLICY)
            if fresh.exposed:
                continue
            for release, fates in fresh.fates.items():
                sets = [own[release][one] for one in gone]
                was = before.fates[release]
                assert fates.hidden <= was.hidden.union(*(one.people for one in sets))
                assert fates.withheld <= was.withheld.union(*(one.units for one in sets))


@given(worlds(fewest=3))
@settings(max_examples=60, deadline=None)
def test_nobody_hidden_for_their_own_sake_can_be_had_by_subtraction(world: tuple[Roster, frozenset[str]]) -> None:
    """Neither by the public nor by one of the others, who knows their own figures; and neither at once after a
    withdrawal, when gateways hide its set."""
    roster, named = world
    house = House({RELEASES[0]: roster})
    found = house.bake(named)
    assume(not found.exposed)
    for secret in house.since:
        assert house.solved(secret) == []
    fates = found.fates[RELEASES[0]]
    for one in fates.sets[:6]:
        attacker = Attacker(house.rosters)
        attacker.reads({RELEASES[0]: Fates(fates.hidden | one.people, fates.withheld | one.units, fates.small)})
        if not answer(house.asked(named - {one.person}, (one.person,)), POLICY).exposed:
            assert not attacker.can_solve(one.person)


def test_the_attacker_is_not_blind() -> None:
    """Hiding one consultant alone, or withholding totals whose whole team is shown, would be solved at once."""
    rosters = {RELEASES[0]: roster_of({"a": {"u": 50}, "b": {"u": 50}, "c": {"v": 50}, "d": {"w": 50}})}
    for units in ({"u"}, {"u", "v", "w"}):
        attacker = Attacker(rosters)
        attacker.reads({RELEASES[0]: Fates(frozenset({"a"}), frozenset(units))})
        assert attacker.can_solve("a")


@given(worlds(fewest=4), st.data())
@settings(max_examples=40, deadline=None)
def test_no_history_of_decisions_gives_anybody_hidden(
    world: tuple[Roster, frozenset[str]], data: st.DataObject
) -> None:
    """Whoever refuses, consents and refuses again, one or several between two bakes. Where a secret can no longer be
    covered everything is hidden: what has been told by then cannot be taken back."""
    roster, named = world
    house = House({RELEASES[0]: roster})
    for _ in range(data.draw(st.integers(2, 4))):
        may = roster.table.people - data.draw(st.sets(st.sampled_from(sorted(roster.table.people)), max_size=4))
        gone = tuple(data.draw(st.permutations(sorted(named - may))))
        if house.bake(may, gone).exposed:
            return
        named = may
        for secret in house.since:
            assert house.solved(secret) == []


def test_a_partner_stays_hidden_with_the_secret_that_it_covers() -> None:
    """The example of the specification: A refuses, then D withdraws, and C must not come back."""
    cells = {"A": {"u": 120}, "B": {"u": 40}, "C": {"u": 60}, "D": {"u": 90}, "E": {"u": 200}}
    others = {f"x{number}": {f"v{number % 4}": 90} for number in range(24)}
    for key in (b"one", b"two", b"three", b"four"):
        roster = roster_of(cells | others)
        house = House({RELEASES[0]: roster})
        hidden = []
        for named, gone in ((roster.table.people - {"A"}, ()), (roster.table.people - {"A", "D"}, ("D",))):
            asked = replace(house.asked(named, gone), key=key)
            found = answer(asked, POLICY)
            house.memory, house.views = found.memory, [*house.views, dict(found.fates)]
            hidden.append(found.fates[RELEASES[0]].hidden)
        assert "u" not in found.fates[RELEASES[0]].withheld
        assert hidden[0] | {"D"} <= hidden[1]


def test_two_releases_hide_the_same_people_and_totals_that_are_not_fixed() -> None:
    cells = {f"c{number}": {f"u{number % 9}": 30 + number} for number in range(20)}
    more = {**cells, "new": {"u0": 44}}
    rosters = {RELEASES[0]: roster_of(cells, is_sorted=False), RELEASES[1]: roster_of(more, RELEASES[1])}
    found = House(rosters).bake(frozenset(more) - {"c3", "c4"})
    one, other = (found.fates[release] for release in RELEASES)
    assert one.hidden - {"new"} == other.hidden - {"new"}
    assert other.withheld == one.withheld - rosters[RELEASES[1]].table.fixed
    assert {fates.of("provider", unit) for fates in (one, other) for unit in fates.withheld} <= {NOT_PUBLISHED}


def test_an_order_tells_nothing_without_its_key_and_is_the_same_in_every_period() -> None:
    people = [f"c{number}" for number in range(50)]
    one, other = (keyed_order(people, key, "i") for key in (b"one", b"other"))
    assert sorted(one) == sorted(other) == sorted(people)
    assert one != other
    assert one == keyed_order(reversed(people), b"one", "i") != keyed_order(people, b"one", "j")
