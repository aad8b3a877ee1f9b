"""What random worlds brought to light about the rule of disclosure control, each as small as it can be told."""

from services.ratings.disclosure import (
    Cell,
    Decision,
    Memory,
    Policy,
    Table,
    Widths,
    decide,
    fixed_units,
    quarantines,
    reorganised,
)

POLICY = Policy(Widths(floors=(10.0,)))


def table(**units: str) -> Table:
    """`a="A 100, B 50"`: one measure."""
    cells = [(unit, *cell.split()) for unit, text in units.items() for cell in text.split(", ")]
    return Table(tuple(Cell(person, unit, (float(size),)) for unit, person, size in cells))


def test_who_withdrew_first_is_not_covered_by_what_left_with_the_second() -> None:
    """A alone in its unit hides among B and C; F, alone too, withdraws afterwards and takes only itself along: until
    then F was there to be read, and so was the total of its unit."""
    country = table(a="A 40", b="B 50, C 60", f="F 70, G 80")
    people, units = ["F", "G", "A", "B", "C"], ["f", "b", "a"]
    nothing = Decision(frozenset(), (frozenset(),))
    memory = Memory().after([country], nothing, frozenset())
    sets = {
        one.person: one for one in quarantines([country], nothing, frozenset("AF"), people, ["b", "f", "a"], POLICY)
    }
    assert sets["A"].people == frozenset("ABC")
    one_by_one = memory.withdrawn([country], [sets["A"], sets["F"]])
    assert decide([country], frozenset("AF"), people, units, memory, POLICY).hidden == frozenset("AFG")
    together = decide([country], frozenset("AF"), people, units, one_by_one, POLICY)
    assert {"B", "C"} <= together.hidden
    assert not together.exposed
    assert "b" in together.withheld[0]


def test_two_releases_that_add_the_same_people_up_otherwise_show_no_difference() -> None:
    before = table(a="A 50, B 60, C 70, D 80", b="E 50, F 60, G 70")
    after = table(a="A 50, B 60, C 70", b="D 80, E 50, F 60, G 70", c="H 50, I 60, J 70")
    assert reorganised(after, [before]) == {"a", "b"}
    assert reorganised(before, [before]) == frozenset()
    assert reorganised(after, []) == frozenset()


def test_a_total_is_fixed_in_every_release_or_in_none() -> None:
    small, large = table(a="A 50, B 60, C 10"), table(a="A 50, B 60, C 70")
    order = ["a"]
    assert fixed_units(large, order, POLICY) == {"a"}
    assert fixed_units(small, order, POLICY) == frozenset()
    assert fixed_units(large, order, POLICY, [small]) == frozenset()
    assert fixed_units(large, order, POLICY, [Table(large.cells, fixed=frozenset("a"))]) == {"a"}


def test_a_quarantine_set_does_not_depend_on_what_is_hidden_already() -> None:
    """In the old view b covers A without its set; in the new one b is back. What covers A is in its set in both."""
    country = table(a="A 40", b="B 50, C 60", c="D 70, E 80")
    people, units = ["D", "E", "A", "B", "C"], ["b", "c", "a"]
    old = Decision(frozenset("BC"), (frozenset("b"),))
    new = Decision(frozenset(), (frozenset(),))
    gone = []
    for view in (old, new):
        (found,) = quarantines([country], view, frozenset("A"), people, units, POLICY)
        gone.append((view.hidden | found.people, view.withheld[0] | found.units[0]))
    assert gone[0] == gone[1] == (frozenset("ABC"), frozenset("ab"))
