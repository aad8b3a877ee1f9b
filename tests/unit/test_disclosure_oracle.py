"""Disclosure control against an oracle written from the rule: who keeps what was served can bound no secret closely.

`make assure GOAL=disclosure` runs ten times as much. A failing world is played again by its seed and number.
"""

import os
import sys

import pytest

from tests.disclosure import rounded
from tests.disclosure.mutants import EXTRA, MUTANTS
from tests.disclosure.packaged import Package
from tests.disclosure.trial import (
    Tally,
    exposed_needlessly,
    fixed_withheld,
    fresh_decision,
    needless,
    out_of_quarantine,
    played,
    renamed,
    size_of,
    three_ways,
    until,
)
from tests.disclosure.worlds import world

TABLES = int(os.environ.get("CANDOUR_DISCLOSURE_TABLES", "10000"))
SAMPLE = int(os.environ.get("CANDOUR_DISCLOSURE_SAMPLE", "300"))
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))
MOST = 100
MOST_OF_EXTRA = 1000


def test_nobody_who_keeps_everything_served_can_bound_a_secret_closely() -> None:
    """Over all bakes, releases, quarantines and moments in between; and no total that is fixed is ever withheld."""
    tally, number = Tally(), 0
    while tally.tables < TABLES:
        play, publisher = played(world(SEED, number))
        tally.add(play)
        tally.violations += [f"world {SEED}:{number}: fixed: {one}" for one in fixed_withheld(publisher)]
        number += 1
    sys.stdout.write(
        f"\n{tally.tables} tables in {tally.worlds} worlds, {tally.bakes} bakes, {tally.refused} worlds not published; "
        f"{tally.intervals} intervals, the narrowest {tally.narrowest:.3f} of its need; "
        f"{len(tally.violations)} violations\n"
    )
    assert not tally.violations, tally.violations[:3]
    assert tally.intervals > tally.tables
    assert tally.refused < tally.worlds / 2, "most worlds are too tiny to tell anything"


def test_closed_form_linear_and_integer_programs_and_every_world_agree() -> None:
    compared: dict[str, int] = {}
    tables = number = 0
    while tables < SAMPLE:
        play, _ = played(world(SEED, number, tiny=True))
        for method, found, closed in three_ways(play):
            compared[method] = compared.get(method, 0) + 1
            assert found == pytest.approx(closed, abs=1e-5), f"world {SEED}:{number}:tiny, {method}"
        tables += len(play.fixed)
        number += 1
    sys.stdout.write(f"\n{tables} tables in {number} worlds: {compared}\n")
    assert compared.keys() == {"LP", "MILP", "MILP of all measures", "every world"}


def test_a_decision_is_the_first_of_the_smallest_that_are_safe() -> None:
    tables = number = 0
    while tables < SAMPLE:
        play, publisher = played(world(SEED, number, most=6))
        found = [*needless(publisher), *exposed_needlessly(publisher)]
        assert not found, f"world {SEED}:{number}, at most 6 people: {found[:2]}"
        tables += len(play.fixed)
        number += 1


def test_a_quarantine_set_is_safe_for_one_two_and_three_and_the_next_bake_keeps_within_it() -> None:
    tables = number = 0
    while tables < SAMPLE:
        play, publisher = played(world(SEED, number))
        found = list(out_of_quarantine(publisher))
        assert not found, f"world {SEED}:{number}: {found[:2]}"
        tables += len(play.fixed)
        number += 1


def test_another_refuser_never_reveals_more() -> None:
    compared = number = 0
    while compared < SAMPLE:
        drawn = world(SEED, number)
        _, publisher = played(drawn)
        number += 1
        if drawn.max_hidden < 1:  # a share of partners: whoever refuses is none any more
            continue
        secrets = publisher.history[0].secrets
        fewer = fresh_decision(publisher, secrets)
        for other in sorted(drawn.people - secrets)[:3]:
            more = fresh_decision(publisher, secrets | {other})
            if more.exposed or fewer.exposed:
                continue
            assert size_of(fewer) <= size_of(more), f"world {SEED}:{drawn.name}, {other}"
            compared += 1


def test_names_change_nothing() -> None:
    tables = number = 0
    while tables < SAMPLE:
        play, publisher = played(world(SEED, number))
        found, wanted = renamed(publisher, publisher.history[0].secrets, number)
        assert found == wanted, f"world {SEED}:{number}"
        tables += len(play.fixed)
        number += 1


@pytest.mark.parametrize("kind", MUTANTS, ids=lambda kind: kind.mistake)
def test_a_planted_mistake_is_caught(kind: type[Package]) -> None:
    taken = until(kind, SEED, MOST)
    sys.stdout.write(f"\n{kind.mistake}: caught in world {taken}\n")
    assert taken is not None, f"{kind.mistake} was not caught in {MOST} worlds: they cannot tell"


@pytest.mark.parametrize("kind", EXTRA, ids=lambda kind: kind.mistake)
def test_a_mistake_that_needs_a_rare_turn_of_events_is_caught(kind: type[Package]) -> None:
    """Those whom the rule's first page would have let make it: two withdrawals between bakes, a merger,
    a release that is taken down."""
    taken = until(kind, SEED, MOST_OF_EXTRA)
    sys.stdout.write(f"\n{kind.mistake}: caught in world {taken}\n")
    assert taken is not None, f"{kind.mistake} was not caught in {MOST_OF_EXTRA} worlds: they cannot tell"


def test_whoever_bounds_rounded_counts_in_fractions_flatters_the_publisher() -> None:
    """A publisher who looks with LP is caught with MILP; the package, which looks at the exact counts, is not."""
    caught = None
    for number in range(MOST):
        one = rounded.unit(SEED, number)
        hidden, ours = rounded.by_fractions(one), rounded.by_the_package(one)
        if caught is None and hidden is not None and not rounded.is_acceptable(one, hidden, whole=True):
            caught = number + 1
        assert ours is None or rounded.is_acceptable(one, ours, whole=True), f"unit {SEED}:{number}"
    sys.stdout.write(f"\nLP in place of MILP: caught in table {caught}\n")
    assert caught is not None
