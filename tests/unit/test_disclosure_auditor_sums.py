"""The short way of the disclosure audit, sums within sums, against HiGHS over whole numbers and against trying all."""

import itertools
import math
import random

import pytest

from cli.disclosure.exact import Program, agree, identified
from cli.disclosure.inputs import External, Roster
from cli.disclosure.judging import Asked
from cli.disclosure.limits import LARGEST, fitting
from cli.disclosure.numbers import ANY, Span, decimals_of, exactly, most_decimals, rounded_to
from cli.disclosure.policy import Policy
from cli.disclosure.systems import system
from cli.disclosure.tables import Knowledge, Table, Told
from cli.disclosure.tree import Cell, Tree


def random_tree(chance: random.Random, *, whole: bool, most: int = 9) -> Tree:
    """Three levels; some totals known, some rounded, some not known at all; some cells printed."""
    parents, cells = [0], list[Cell]()
    for _ in range(chance.randint(0, 2)):
        parents.append(0)
    for _ in range(chance.randint(1, 3)):
        parents.append(chance.randrange(len(parents)))
    for number in range(chance.randint(2, 6)):
        size = chance.randint(0, most) if whole else round(chance.random() * most, 2)
        box = ANY if chance.random() < 0.7 else Span(max(0.0, size - chance.randint(0, 1)), size + chance.randint(0, 1))
        cells.append(Cell(f"p{number % 4}", "u", chance.randrange(len(parents)), box, float(size)))
    below = [sum(cell.truth for cell in cells if node in _chain(parents, cell.node)) for node in range(len(parents))]
    return Tree([_known(chance, one) for one in below], parents, cells)


def _known(chance: random.Random, truth: float) -> Span:
    """A total as it is printed: exactly, rounded, or not at all."""
    return chance.choice([exactly(truth), exactly(truth), Span(truth - 1, truth + chance.randint(0, 2)), ANY])


def _chain(parents: list[int], node: int) -> list[int]:
    found = [node]
    while found[-1]:
        found.append(parents[found[-1]])
    return found


@pytest.mark.parametrize("measure", ["cases", "expected"])
def test_bounds_are_those_of_highs(measure: str) -> None:
    chance, several = random.Random(5), 0
    for _ in range(200):
        tree = random_tree(chance, whole=measure == "cases")
        person = chance.choice(tree.cells).person
        own = tree.of_person[person]
        targets = chance.sample(own, chance.randint(1, len(own)))
        people = sorted({cell.person for cell in tree.cells} - {person})
        insiders = tuple(chance.sample(people, min(chance.randint(0, 2), len(people))))
        found = tree.bounds(targets, insiders)
        assert found.has(sum(tree.cells[one].truth for one in targets))
        assert agree(Program({measure: tree}).bounds(measure, targets, insiders), found), (tree.spans, tree.cells)
        several += len(targets) > 1
    assert several > 20


def test_bounds_are_those_of_trying_every_table() -> None:
    chance = random.Random(6)
    tried = 0
    while tried < 60:
        tree = random_tree(chance, whole=True, most=3)
        if math.isinf(tree.whole.high) or tree.whole.high > 7 or len(tree.cells) > 5:
            continue
        tried += 1
        top = int(tree.whole.high)
        tables = [one for one in itertools.product(range(top + 1), repeat=len(tree.cells)) if _fits(tree, one)]
        for person, own in tree.of_person.items():
            values = [sum(one[target] for target in own) for one in tables]
            assert tree.bounds(own) == Span(min(values), max(values)), person


def _fits(tree: Tree, values: tuple[int, ...]) -> bool:
    below = [0] * len(tree.spans)
    for cell, value in zip(tree.cells, values, strict=True):
        if not cell.box.has(value):
            return False
        for node in tree.chain(cell.node):
            below[node] += value
    return all(span.has(one) for span, one in zip(tree.spans, below, strict=True))


def test_what_is_said_to_tell_all_does() -> None:
    chance = random.Random(8)
    shorter = 0
    for _ in range(100):
        tree = random_tree(chance, whole=True)
        target = [chance.randrange(len(tree.cells))]
        nodes, whole = tree.telling(target, ()), tree.chain(tree.cells[target[0]].node)
        assert nodes == whole[: len(nodes)]
        assert tree.bounds(target, (), nodes[-1]) == tree.bounds(target)
        shorter += len(nodes) < len(whole)
    assert shorter > 20


def test_the_identity_of_a_fitted_model_is_that_of_highs() -> None:
    chance = random.Random(7)
    for _ in range(60):
        observed = random_tree(chance, whole=True)
        total = sum(cell.truth for cell in observed.cells)
        shares = [chance.random() + 0.01 for _ in range(4)]
        cells = [Cell(f"p{n}", "u", 0, ANY, total * one / sum(shares)) for n, one in enumerate(shares)]
        trees = {"observed": observed, "expected": Tree([ANY], [0], cells)}
        plain = Program({"observed": Tree(observed.spans, observed.parents, observed.cells),
                         "expected": Tree([ANY], [0], cells)}, fitted=True, slack=0.01)  # fmt: skip
        identified(trees, 0.01)
        for target in range(4):
            assert agree(plain.bounds("expected", [target]), trees["expected"].bounds([target]))


def test_a_ratio_ties_two_measures_together() -> None:
    """Nobody knows the deaths or the expected deaths, but their ratio, and that both units have 10."""
    trees = {
        name: Tree([exactly(10.0)], [0], [Cell("a", "u", 0, ANY, 4.0), Cell("b", "u", 0, ANY, 6.0)])
        for name in ("observed", "expected")
    }
    free = Program(trees).bounds("expected", [0])
    tied = Program(trees, ratios={"a": Span(1.99, 2.01)}).bounds("expected", [0])
    assert agree(free, Span(0, 10))
    assert tied.high == pytest.approx(10 / 1.99)


def test_what_contradicts_itself_is_no_answer() -> None:
    tree = Tree([exactly(3.0)], [0], [Cell("a", "u", 0, exactly(4.0), 4.0)])
    with pytest.raises(ArithmeticError, match="contradicts"):
        Program({"cases": tree}).bounds("cases", [0])


def test_exact_limits_at_two_decimals_give_every_count_up_to_eleven() -> None:
    """Assurance section 5: of a count's own limits, and at one decimal from 1 to 3."""
    from scipy.stats import chi2  # noqa: PLC0415  # a second reckoning of the limits

    for count in range(1, 12):
        ends = {"lower": chi2.ppf(0.025, 2 * count) / 2, "upper": chi2.ppf(0.975, 2 * count + 2) / 2}
        told = {name: rounded_to(round(one, 2), 2) for name, one in ends.items()}
        assert fitting("exact_poisson", told) == [count]


def test_a_lower_limit_of_nothing_is_no_event() -> None:
    assert fitting("exact_poisson", {"lower": exactly(0.0), "upper": rounded_to(1.5, 2)}, None) == [0]
    assert 0 not in fitting("byar", {"lower": rounded_to(0.5, 2), "upper": rounded_to(2.5, 2)})
    assert len(fitting("a method of tomorrow", {"lower": exactly(1.0)})) == LARGEST + 1


def test_what_a_printed_number_says() -> None:
    assert [decimals_of(text) for text in ("2", "2.0", "2.10", "0.05", "1e-05", "12.5e1")] == [0, 0, 2, 2, 5, 0]
    assert most_decimals(["2.1", "3.25", "4"]) == 2
    assert rounded_to(2.1, 2) == Span(2.1 - 0.005, 2.1 + 0.005)
    assert Span(2.2, 4.9).whole() == Span(3, 4)


@pytest.mark.parametrize(
    ("size", "low", "high", "fraction"),
    [
        (120, 0, 144, 1.0),
        (120, 0, 132, 0.5),
        (120, 96, 200, 1.0),
        (120, 108, 200, 0.5),
        (0, 0, 10, 1.0),
        (5, 0, 15, 1.0),
    ],
)
def test_width_over_need(size: float, low: float, high: float, fraction: float) -> None:
    assert Policy().fraction("cases", size, low, high) == pytest.approx(fraction)


def crowded_table(chance: random.Random, people: int) -> Table:
    """A whole set in which two units' totals are known and the others' are not; some work in two units."""
    units = [f"U{number}" for number in range(6)]
    roster = Roster()
    for number in range(people):
        for unit in chance.sample(units, chance.choice([1, 1, 1, 2])):
            roster.cells[f"P{number:03d}", unit] = (float(chance.randint(0, 90)), 0.0, 0.0)
    known = Knowledge()
    for unit in units[:2]:
        total = sum(sizes[0] for (_, where), sizes in roster.cells.items() if where == unit)
        known.units["cases"][unit] = Told(exactly(total), "there")
    for person in sorted(roster.people)[: people // 2]:
        whole = sum(sizes[0] for (who, _), sizes in roster.cells.items() if who == person)
        known.people["cases"][person] = Told(exactly(whole), "there")
    whole = sum(sizes[0] for sizes in roster.cells.values())
    external = External("*", "i", "p", "cases", Span(whole - 5, whole + 5), "a report")
    return Table("i", "p", ("r",), roster, [known], {}, [external])


@pytest.mark.parametrize("people", [12, 300])
def test_the_insiders_that_are_tried_include_the_one_who_knows_most(people: int) -> None:
    """Where there are many not everybody is tried: the narrowest interval is the same as if everybody were."""
    chance = random.Random(people)
    for _ in range(4):
        table = crowded_table(chance, people)
        asked = Asked(table, system(table, table.now), "cases")
        for target in chance.sample(list(asked.targets(set(asked.hidden))), 6):
            everybody = [(), *((one,) for one in asked.hidden - {target.person})]
            spans = [asked.tree.bounds(target.cells, who) for who in everybody]
            least = min(Policy().fraction("cases", target.truth, one.low, one.high) for one in spans)
            assert asked.worst(target, Policy()).fraction == pytest.approx(least)
