"""The rule of disclosure control, case by case: figures in, who is hidden and which totals are withheld out.

Most cases need one measure only, numbers of operations: 10 or a fifth of the secret must stay open to one insider.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from services.ratings.disclosure import (
    Cell,
    Decision,
    Eligible,
    Memory,
    Policy,
    Table,
    Widths,
    acceptable,
    decide,
    fixed_units,
    interval,
    quarantines,
    unsafe,
)
from services.ratings.disclosure.choosing import Chooser
from services.ratings.disclosure.covering import Search
from services.ratings.disclosure.rows import Rows
from services.ratings.disclosure.solving import Program

CASES = Policy(Widths(floors=(10.0,)))
AUDIT = "heart: A 120, B 40, C 60, D 90, E 200"  # the example of the specification
COUNTRY = f"{AUDIT}; hip: F 50, G 60, H 70; knee: I 80, J 90, K 100"


def table_of(text: str, above: str = "", known: str = "", small: str = "", fixed: str = "") -> Table:
    """`unit: person sizes, person sizes; unit: …`, sizes divided by `/`; `above`: `unit ancestor, unit ancestor`."""
    cells = []
    for line in text.split(";"):
        unit, people = line.strip().split(": ")
        for one in people.split(", "):
            person, sizes = one.split()
            cells.append(Cell(person, unit, tuple(float(size) for size in sizes.split("/"))))
    ancestors = dict(pair.split() for pair in above.split(", ")) if above else {}
    return Table(tuple(cells), ancestors, frozenset(known.split()), frozenset(small.split()), frozenset(fixed.split()))


@dataclass
class House:
    """Tables with a memory: bakes one decision after another. People and units stand in alphabetical order unless an
    order is given."""

    tables: Sequence[Table]
    policy: Policy = CASES
    order: str = ""
    memory: Memory = field(default_factory=Memory)

    @property
    def people(self) -> list[str]:
        return self.order.split() or sorted(frozenset().union(*(table.people for table in self.tables)))

    @property
    def units(self) -> list[str]:
        return sorted(frozenset().union(*(table.units for table in self.tables)))

    def decide(self, secrets: str, eligible: Eligible | None = None) -> Decision:
        """Without remembering it."""
        named = frozenset(secrets.split())
        found = decide(self.tables, named, self.people, self.units, self.memory, self.policy, eligible)
        left = unsafe(self.tables, named, found, self.memory, self.policy.widths)
        assert {secret for _, secret, _, _ in left} == found.exposed
        return found

    def bake(self, secrets: str) -> Decision:
        found = self.decide(secrets)
        self.memory = self.memory.after(self.tables, found, frozenset(secrets.split()))
        return found

    def says(self, secrets: str) -> str:
        return told(self.bake(secrets))


def told(decision: Decision) -> str:
    """`hidden people | withheld totals`, and `! exposed people` where there are any."""
    totals = frozenset().union(*decision.withheld)
    text = f"{' '.join(sorted(decision.hidden))} | {' '.join(sorted(totals))}".strip()
    return f"{text} ! {' '.join(sorted(decision.exposed))}" if decision.exposed else text


def house(text: str, policy: Policy = CASES, order: str = "", **known: str) -> House:
    return House([table_of(text, **known)], policy, order)


@pytest.mark.parametrize(
    ("secrets", "outcome"),
    [
        ("", "|"),
        ("A", "A B C |"),  # 40 are left once C or B says what they had
        ("E", "A B E |"),  # 40 are a fifth of 200: enough
        ("A D", "A B D |"),
        ("A B C D E", "A B C D E |"),
    ],
)
def test_the_fewest_partners_are_hidden_and_the_first_in_order_among_as_few(secrets: str, outcome: str) -> None:
    assert house(AUDIT).says(secrets) == outcome


def test_the_order_decides_among_equals_and_nothing_else_does() -> None:
    assert house(AUDIT, order="E D C B A").says("A") == "A D E |"


def test_a_partner_is_never_let_go_while_the_person_it_covers_is_a_secret() -> None:
    """From scratch {A, B, D} would do. But D was read while A was hidden, so C, who was not, has to stay."""
    audit = house(AUDIT)
    assert audit.says("A") == "A B C |"
    assert audit.says("A D") == "A B C D |"
    assert audit.says("A") == "A B C |"
    assert audit.says("") == "|"
    assert audit.says("A D") == "A B D |"


def test_a_partner_who_withdraws_is_covered_by_whom_they_covered() -> None:
    audit = house(AUDIT)
    assert audit.says("A") == "A B C |"
    assert audit.says("A B") == "A B C |"
    assert audit.says("B") == "A B C |"  # B is a secret since the second bake: A and C are hidden for longer


def test_whoever_returned_in_between_covers_an_old_secret_no_more() -> None:
    audit = house(AUDIT)
    audit.bake("A")
    audit.tables = [replace(audit.tables[0], cells=tuple(one for one in audit.tables[0].cells if one.person != "C"))]
    assert audit.bake("A").exposed == {"A"}  # B alone is left, and D and E were read
    audit = house(AUDIT)
    audit.memory = audit.memory.after(audit.tables, audit.decide("A"), frozenset("A"), frozenset("C"))
    assert "C" not in audit.memory.hidden_since  # shown in a release that was not decided with the others


@pytest.mark.parametrize(
    ("text", "secrets", "outcome"),
    [
        ("a: A 100; b: B 50, C 60; c: D 70, E 80, F 90", "A", "A B C | a b"),  # alone in a unit: the total goes too
        ("a: A 100, B 90; b: C 50, D 60; c: E 70, F 80, G 90", "A", "A B C | a b"),  # two would know one another
        ("a: A 100, B 1, C 2; b: D 50, E 60; c: F 70, G 80, H 90", "A", "A D E | a b"),  # too little beside A
        ("a: A 100; b: B 90; c: C 80, D 70, E 60", "A B", "A B C | a b c"),
        ("a: A 100; b: B 90; c: C 80; d: D 70, E 60", "A B C", "A B C | a b c"),  # three lone ones cover one another
    ],
)
def test_where_no_partners_are_enough_a_total_goes_and_the_whole_set_is_looked_at(
    text: str, secrets: str, outcome: str
) -> None:
    assert house(text).says(secrets) == outcome


def test_every_measure_must_be_safe_with_one_set_of_people() -> None:
    """Cases alone would take B and C; of deaths these had none, so it has to be D and E."""
    text = "heart: A 120/4/3, B 40/0/3, C 60/0/3, D 90/4/3, E 200/5/3"
    assert house(text, Policy()).says("A") == "A D E |"


def test_no_deaths_at_all_cannot_be_hidden_among_no_deaths() -> None:
    text = "heart: A 120/0/3, B 40/0/3, C 60/0/3; hip: D 90/4/3, E 200/5/3, F 90/4/3"
    assert house(text, Policy()).says("A") == "A D E | heart hip"


def test_somebody_in_two_units_is_hidden_in_both_and_covers_in_both() -> None:
    text = "one: A 50, B 20, C 30; two: B 20, D 60, E 20, F 30"
    assert house(text).says("A") == "A B C |"
    assert house(text).says("A D") == "A B C D E |"  # not B, C and two others in the second unit
    assert house(text, order="F E D C B A").says("A D") == "A B C D F |"


def test_the_row_of_somebody_in_two_units_is_one_secret_in_the_block_of_both() -> None:
    """90 and 90 would be safe each; of a row of 180 a fifth is 36, and E leaves D and F only 35."""
    text = "one: A 90, B 9; two: A 90, C 8; three: D 20, E 40, F 15"
    widths = Widths(floors=(10.0,))
    hidden = Decision(frozenset("ADEF"), (frozenset({"one", "two", "three"}),))
    assert [one[:3] for one in unsafe([table_of(text)], frozenset("A"), hidden, Memory(), widths)] == [
        (0, "A", "one"), (0, "A", "two"),
    ]  # fmt: skip


def test_one_person_in_two_units_is_one_insider() -> None:
    """B has 40 in a and 60 in b; without B, only the 9 of C would be left there."""
    text = "a: A 40, B 40; b: B 60, C 9; c: D 50, E 60, F 70"
    assert house(text).says("A") == "A B D | a c"


@pytest.mark.parametrize(
    ("above", "outcome"),
    [
        ("", "A B F | a b"),  # the whole set is known, so a second total has to go: the first in order
        (
            "a north, b south, c north, d south",
            "A D E | a c",
        ),  # north less c would be a: the second one is in the north
    ],
)
def test_a_withheld_total_must_not_be_what_its_region_leaves(above: str, outcome: str) -> None:
    text = "a: A 100; b: B 50, F 60, G 70; c: C 9, D 80, E 90; d: H 60, I 70, J 80"
    assert house(text, above=above).says("A") == outcome


def test_a_total_that_others_publish_cannot_be_withheld() -> None:
    text = "a: A 100; b: B 50, C 60, D 70; c: E 70, F 80, G 90"
    assert house(text, known="b").says("A") == "A E F | a c"  # b would not help: everybody knows its total
    assert house(text, known="a").says("A") == "A B C D E F G | a b c ! A"


def test_protecting_colleagues_withholds_totals_first() -> None:
    shy = replace(CASES, protect="colleagues")
    assert house(COUNTRY, shy).says("A F I") == "A F I | heart hip knee"
    assert house(COUNTRY, shy).says("A") == "A B C | heart"
    assert house(COUNTRY).says("A F I") == "A B C F G H I J K |"


def test_a_limit_on_partners_withholds_a_total_instead() -> None:
    assert house(COUNTRY, replace(CASES, max_hidden=0.4)).says("A") == "A B C |"  # two of five
    assert house(COUNTRY, replace(CASES, max_hidden=0.3)).says("A F I") == "A F I | heart hip knee"


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("a: A 40; b: B 50, C 60; tiny: D 5, E 4", "A B C | a b"),  # tiny's people are too few cases
        ("a: A 40; b: B 50, C 60; tiny: D 6, E 3; little: F 7, G 1, H 4", "A D F H | a"),  # these are enough
    ],
)
def test_small_units_have_no_total_anyway_and_their_people_may_cover(text: str, outcome: str) -> None:
    assert house(text, small="tiny little" if "little" in text else "tiny").says("A") == outcome


def test_a_country_too_small_is_exposed_and_says_so() -> None:
    assert house("a: A 100, B 90").says("A") == "A B | a ! A"
    assert house("a: A 100; b: B 3; c: C 4").says("A") == "A B C | a b c ! A"
    assert house("a: A 100").says("") == "|"


def test_a_total_that_was_shown_while_somebody_was_a_secret_stays_known() -> None:
    """D's cases shrink when returns are corrected. The total was read, so it does not help to withhold it now."""
    before, after = (table_of(f"a: A 100, B 60, C 50; b: D 50, E 60, F {cases}") for cases in (70, 80))
    audit = House([before], order="C B A D E F")
    assert audit.says("A") == "A B C |"
    poor = table_of("a: A 100, B 60, C 9; b: D 50, E 60, F 70")
    audit.tables = [poor]
    assert audit.bake("A").exposed == {"A"}
    audit.tables, audit.memory = [after], Memory()
    audit.bake("A")
    audit.tables = [replace(after, release="old"), replace(poor, release="new")]
    audit.memory = replace(audit.memory, shown_until={"old a": 1, "old b": 1})
    assert "a" in audit.decide("A").withheld[1]  # of another release: this total has not been read


def test_one_decision_for_all_readable_releases() -> None:
    """C had too few cases before the correction, so E covers A in both."""
    old = table_of("heart: A 120, B 40, C 10, E 200")
    new = table_of("heart: A 120, B 40, C 60, E 200")
    assert House([new]).says("A") == "A B C |"
    assert House([new, old]).says("A") == "A B E |"


def test_a_total_is_withheld_in_every_release_but_where_it_is_fixed() -> None:
    old = table_of("a: A 100; b: B 50, C 60, D 70")
    new = table_of("a: A 100, X 90, Y 80, Z 70; b: B 50, C 60, D 70", fixed="a")
    found = House([old, new]).bake("A")
    assert found.withheld == (frozenset("ab"), frozenset("b"))
    assert found.hidden == frozenset("ABCXY")


def test_two_insiders_are_two() -> None:
    pair = Policy(Widths(k=2, floors=(10.0,)))
    assert house(AUDIT, pair).says("A") == "A B C D |"
    assert house("a: A 100, B 90, C 80", pair).says("A") == "A B C | a ! A"


def test_fixed_totals_bear_every_withdrawal_at_once() -> None:
    table = table_of("a: A 20, B 20, C 20; b: D 100, E 10, F 9; c: G 30, H 30")
    assert fixed_units(table, "abc", CASES) == {"a"}
    assert unsafe([table], frozenset("ABC"), Decision(frozenset("ABC"), (frozenset(),)), Memory(), CASES.widths) == []
    assert fixed_units(replace(table, small=frozenset("a")), "abc", CASES) == frozenset()


def test_one_total_is_not_left_revocable_by_itself() -> None:
    """b could not be withheld alone: the whole set less a and c would be its total. The first in order goes along."""
    table = table_of("a: A 20, B 20, C 20; b: D 30; c: E 20, F 20, G 20")
    assert fixed_units(table, "abc", CASES) == {"c"}
    assert fixed_units(table, "cba", CASES) == {"a"}
    apart = replace(table, above={"b": "south", "c": "south"})
    assert fixed_units(apart, "abc", CASES) == {"a"}


def test_a_quarantine_set_takes_the_unit_and_what_its_ancestor_needs() -> None:
    audit = house("a: A 100; b: B 50, C 60; c: D 20, E 20, F 20", fixed="c")
    sets = quarantines_of(audit, "")
    assert sets["A"] == "A B C | a b"
    assert sets["B"] == "A B C | a b"
    assert sets["D"] == "D E F |"


def test_a_quarantine_set_is_only_what_is_shown_now() -> None:
    audit = house(AUDIT)
    sets = quarantines_of(audit, "A")
    assert set(sets) == set("BCDE")
    assert set(sets.values()) == {"D E | heart"}


def quarantines_of(audit: House, secrets: str) -> dict[str, str]:
    found = audit.bake(secrets)
    nameable = frozenset(audit.people) - frozenset(secrets.split())
    sets = quarantines(audit.tables, found, nameable, audit.people, audit.units, audit.policy)
    return {one.person: told(Decision(one.people, one.units)) for one in sets}


def test_after_a_withdrawal_only_what_is_in_quarantine_goes() -> None:
    """B and C would be first in order, but readers see them, and nobody who withdrew needs them to go."""
    audit = house(COUNTRY)
    audit.bake("")
    assert told(audit.decide("F", Eligible(frozenset("FGH"), frozenset({"hip"})))) == "F G H |"
    audit = house("a: A 100; b: B 50, C 60; c: D 50, E 60")
    audit.bake("")
    assert told(audit.decide("A")) == "A B C | a b"
    assert told(audit.decide("A", Eligible(frozenset("ADE"), frozenset("ac")))) == "A D E | a c"
    assert told(audit.decide("A", Eligible(frozenset("A"), frozenset("a")))) == "A B C | a b"  # safety comes first


@pytest.mark.parametrize("k", [0, 1, 2])
def test_the_solver_finds_what_the_search_finds(k: int) -> None:
    """A ring of units, each sharing somebody with the next, so that all must be decided together."""
    people = [f"P{number:02}" for number in range(24)]
    units = [f"u{place:02}" for place in range(8)]
    cells = [
        Cell(person, units[(number // 3 + turn) % 8], (float(7 + number * 5 % 23), float(number % 4), 2.5))
        for number, person in enumerate(people)
        for turn in ((0, 1) if number % 2 else (0,))
    ]
    table, policy = Table(tuple(cells)), Policy(Widths(k=k, floors=(10.0, 1.0, 1.0)))
    secrets = frozenset(people[::6])
    order = people[::-1]
    rows = Rows([table], secrets, table.people - secrets, Memory(), policy)
    needed = [row for row in rows.needed(rows.places, frozenset()) if rows.is_possible(row)]
    free = [person for person in order if any(person in row.free for row in needed)]
    search = Search(needed, free, [], policy.widths)
    found = search.first()
    assert found
    assert Program(Search(needed, free, [], policy.widths)).first() == found


def test_a_long_search_is_handed_to_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Search.__init__, "__defaults__", (0,))
    assert house(AUDIT).says("A D") == "A B D |"
    assert house("a: A 100; b: B 50, C 60").says("A") == "A B C | a b"


def test_nothing_possible_is_no_choice() -> None:
    table = table_of("a: A 100, B 90")
    rows = Rows([table], frozenset("A"), frozenset("B"), Memory(), CASES)
    assert Chooser(rows, "AB", "a", table.revocable, CASES).choose() is None


@pytest.mark.parametrize(
    ("insiders", "others", "bounds", "expected"),
    [
        ([60.0], 1, (0.0, float("inf")), (0.0, 160.0)),  # A + B are 160 to C
        ([40.0, 60.0], 0, (0.0, float("inf")), (120.0, 120.0)),
        ([], 2, (10.0, 100.0), (20.0, 100.0)),
    ],
)
def test_the_interval_in_closed_form(
    insiders: list[float], others: int, bounds: tuple[float, float], expected: tuple[float, float]
) -> None:
    assert interval(220.0, insiders, others, bounds) == expected


def test_what_is_acceptable() -> None:
    assert acceptable(120.0, (0.0, 160.0), 24.0)
    assert not acceptable(120.0, (0.0, 143.0), 24.0)
    assert not acceptable(120.0, (100.0, 160.0), 24.0)
    assert acceptable(3.0, (0.0, 20.0), 10.0)  # there is no more below than 3
    assert not acceptable(3.0, (1.0, 20.0), 10.0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Widths(k=-1), "insiders"),
        (lambda: Widths(p=float("nan")), "share"),
        (lambda: Widths(floors=()), "floors"),
        (lambda: Policy(protect="nobody"), "totals, colleagues"),  # type: ignore[arg-type]
        (lambda: Policy(max_hidden=1.5), "from 0 to 1"),
        (lambda: Policy(small=-1), "small"),
        (lambda: Cell("A", "a", (-1.0,)), "0 or more"),
        (lambda: table_of("a: A 1, A 2"), "one cell"),
        (lambda: table_of("a: A 1", small="a", fixed="a"), "small"),
        (lambda: house(AUDIT, order="A B").decide("A"), "3 people"),
        (lambda: house("a: A 1/2").decide("A"), "zip"),
    ],
)
def test_what_cannot_be_is_refused(wrong: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        wrong()  # type: ignore[operator]
