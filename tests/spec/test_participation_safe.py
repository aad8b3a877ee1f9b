"""What the published share of those who agreed gives away: every small world, against whoever knows everything else.

A world says of each person who was asked whether they may be named. An attacker knows it of some of them and sees what
is published; what is true in every world that fits is what the attacker learns.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, product

import pytest

from services.consent.domain.facts import Word
from services.consent.domain.participation import FEWEST, LEVELS, Gathering, Tally, share, tally
from services.consent.domain.standing import Standing

World = tuple[bool, ...]
SMALL_LEVELS = (25, 50, 75)
NUMBERS = [(asked, fewest) for asked in range(1, 9) for fewest in (1, 2, 3)]


def worlds(asked: int) -> Iterator[World]:
    return product((False, True), repeat=asked)


def published(world: World, fewest: int) -> object:
    return share(len(world), sum(world), fewest, SMALL_LEVELS)


def learnt(asked: int, rule: Callable[[World], object]) -> Iterator[tuple[int, set[int]]]:
    """For everything that can be known and seen: of how many it was known that they may not be named, and of whom else
    that follows."""
    for size in range(asked):
        for known in combinations(range(asked), size):
            fitting: dict[tuple[object, World], list[World]] = defaultdict(list)
            for world in worlds(asked):
                fitting[rule(world), tuple(world[one] for one in known)].append(world)
            for (_, told), possible in fitting.items():
                others = set(range(asked)) - set(known)
                hidden = {one for one in others if not any(world[one] for world in possible)}
                yield sum(not one for one in told), hidden


def is_small(asked: int, fewest: int) -> bool:
    return all(asked * (100 - level) // 100 < fewest for level in SMALL_LEVELS)


@pytest.mark.parametrize(("asked", "fewest"), NUMBERS)
def test_nobody_learns_of_few_that_they_may_not_be_named(asked: int, fewest: int) -> None:
    """Who concludes it of anybody has it, with those of whom it was known, of more than `fewest`."""
    for known_not_named, hidden in learnt(asked, partial(published, fewest=fewest)):
        assert not hidden or known_not_named + len(hidden) > fewest


@pytest.mark.parametrize(("asked", "fewest"), [pair for pair in NUMBERS if is_small(*pair)])
def test_of_a_small_programme_nothing_depends_on_a_choice(asked: int, fewest: int) -> None:
    assert {published(world, fewest) for world in worlds(asked)} == {None}
    assert not any(hidden for _, hidden in learnt(asked, partial(published, fewest=fewest)))


def test_the_small_worlds_hold_small_and_large_programmes() -> None:
    assert {is_small(*pair) for pair in NUMBERS} == {True, False}


def test_a_rule_that_tells_the_number_is_seen() -> None:
    """The same attack on the exact number finds one person at a time."""
    found = [known + len(hidden) for known, hidden in learnt(6, sum) if hidden]
    assert min(found) == 1


@pytest.mark.parametrize("fewest", [1, 2])
def test_two_releases_together_tell_no_more_than_each(fewest: int) -> None:
    """Between them anybody may have decided anew, and one more was asked: what follows from both follows from one."""
    for before in range(1, 5):
        pairs = defaultdict(list)
        for first, second in product(worlds(before), worlds(before + 1)):
            pairs[published(first, fewest), published(second, fewest)].append((first, second))
        for (first_seen, second_seen), possible in pairs.items():
            alone = [world for world in worlds(before + 1) if published(world, fewest) == second_seen]
            assert {second for _, second in possible} == set(alone)
            assert {first for first, _ in possible} == {
                world for world in worlds(before) if published(world, fewest) == first_seen
            }


def test_two_programmes_together_tell_no_more_than_each() -> None:
    """Each is a function of its own choices; there is no total from which one could be subtracted."""
    both = defaultdict(set)
    for a, b in product(worlds(3), worlds(4)):
        both[published(a, 1), published(b, 1)].add((a, b))
    for (seen_a, seen_b), possible in both.items():
        fits_a = [world for world in worlds(3) if published(world, 1) == seen_a]
        fits_b = [world for world in worlds(4) if published(world, 1) == seen_b]
        assert len(possible) == len(fits_a) * len(fits_b)


def test_the_levels_of_the_real_rule() -> None:
    assert share(19, 19) is None
    assert (share(20, 20), share(20, 9)) == (
        share(20, 10),
        share(20, 0),
    )
    for asked, level in ((20, 50), (40, 75), (100, 90), (200, 95), (1000, 99)):
        full, before = share(asked, asked), share(asked - 1, asked - 1)
        assert full is not None
        assert (full.at_least, full.less_than) == (level, None)
        assert before is None or before.at_least < level
    among = share(350, 340)
    assert among is not None
    assert (among.asked, among.at_least, among.less_than) == (350, 95, None)
    few = share(200, 40)
    assert few is not None
    assert (few.at_least, few.less_than) == (0, 50)
    assert FEWEST == 10
    assert list(LEVELS) == sorted(LEVELS)


def test_refused_withdrawn_and_silent_are_one_number() -> None:
    told = [Gathering({f"p-{number}": number % 20 != 0 for number in range(400)}) for _ in range(3)]
    told[0].note("p-0", None)  # refused, or asked again: nothing of either is in what was announced
    told[1].note("p-20", "withheld")
    assert {gathered.share() for gathered in told} == {share(400, 380)}


def test_everybody_who_was_asked_is_counted_once() -> None:
    words = [Word.NOT_SOUGHT, *[Word.ASKED] * 2, *[Word.GIVEN] * 5, Word.REFUSED, Word.WITHDRAWN, Word.ERASED]
    people = [
        (Standing(word=word, objection="open" if word is Word.GIVEN else None), word is Word.GIVEN) for word in words
    ]
    found = tally(people)
    assert found == Tally(asked=10, pending=2, given=5, refused=1, withdrawn=1, erased=1, objected=5, named=5)
    assert found.asked == found.pending + found.given + found.refused + found.withdrawn + found.erased
