"""The same intervals by linear and by integer programming (HiGHS), and by going through every world that fits."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from tests.disclosure.attacking import Interval, Puzzle
from tests.disclosure.worlds import Figure

WHOLE: Final = (1, 1, 0)
"""Cases and deaths are whole numbers; expected deaths are not, but quarters, so that every sum is met exactly: given a
hair's breadth on either side, HiGHS has cut off worlds that fit."""


def solved(puzzle: Puzzle, target: frozenset[Figure], measure: int, *, whole: bool) -> Interval:
    """One measure alone: every figure at least nothing, every known sum met."""
    figures = sorted(puzzle.unknown)
    if not figures:
        raise AssertionError("nothing is unknown: there is no interval to ask for")
    matrix, totals = _rows(puzzle, figures, measure)
    integrality = np.full(len(figures), WHOLE[measure] if whole else 0)
    rule = LinearConstraint(matrix, totals, totals)
    return _ends(_indicator(figures, target), rule, integrality, Bounds(0, np.inf))


def solved_together(puzzle: Puzzle, target: frozenset[Figure], measure: int) -> Interval:
    """All three measures at once, knowing also that nobody has more deaths than cases."""
    figures = sorted(puzzle.unknown)
    size = len(figures)
    blocks, totals = zip(*(_rows(puzzle, figures, one) for one in range(3)), strict=True)
    empty = np.zeros_like(blocks[0])
    sums = np.vstack([np.hstack([blocks[r] if r == c else empty for c in range(3)]) for r in range(3)])
    fewer = np.hstack([np.eye(size), -np.eye(size), np.zeros((size, size))])
    known = np.concatenate(totals)
    low = np.concatenate([known, np.zeros(size)])
    high = np.concatenate([known, np.full(size, np.inf)])
    rule = LinearConstraint(csr_array(np.vstack([sums, fewer])), low, high)
    asked = np.zeros(3 * size)
    asked[measure * size : (measure + 1) * size] = _indicator(figures, target)
    return _ends(asked, rule, np.repeat(WHOLE, size), Bounds(0, np.inf))


def enumerated(puzzle: Puzzle, target: frozenset[Figure], measure: int, most: int = 200_000) -> Interval | None:
    """Every whole-numbered world with these sums (cases or observed), or None if there are more than `most` steps."""
    figures = sorted(puzzle.unknown)
    sums = [(frozenset(figures.index(f) for f in one), int(puzzle.total(one, measure))) for one in puzzle.sums]
    asked = [number for number, figure in enumerate(figures) if figure in target]
    found: list[int] = []
    for steps, values in enumerate(_worlds(len(figures), sums)):
        if steps == most:
            return None
        found.append(sum(values[number] for number in asked))
    return Interval(min(found), max(found))


def _worlds(size: int, sums: Sequence[tuple[frozenset[int], int]]) -> Iterator[tuple[int, ...]]:
    def fill(values: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        place = len(values)
        if place == size:
            yield values
            return
        rooms = []
        for members, total in sums:
            if place in members:
                left = total - sum(values[one] for one in members if one < place)
                last = place == max(members)
                rooms.append((left, left) if last else (0, left))
        low, high = max(room[0] for room in rooms), min(room[1] for room in rooms)
        for value in range(max(low, 0), high + 1):
            yield from fill((*values, value))

    return fill(())


def _rows(puzzle: Puzzle, figures: Sequence[Figure], measure: int) -> tuple[np.ndarray, np.ndarray]:
    sums = sorted(puzzle.sums, key=sorted)
    matrix = np.array([_indicator(figures, one) for one in sums])
    return matrix, np.array([float(puzzle.total(one, measure)) for one in sums])


def _indicator(figures: Sequence[Figure], chosen: frozenset[Figure]) -> np.ndarray:
    return np.array([1.0 if one in chosen else 0.0 for one in figures])


def _ends(asked: np.ndarray, rule: LinearConstraint, integrality: np.ndarray, bounds: Bounds) -> Interval:
    ends = []
    for sign in (1, -1):
        answer = milp(sign * asked, constraints=[rule], integrality=integrality, bounds=bounds)
        if not answer.success:
            raise AssertionError(f"HiGHS found no world with the sums that were served: {answer.message}")
        ends.append(sign * float(answer.fun))
    return Interval(*ends)
