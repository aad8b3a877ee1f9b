"""What a withdrawal hides is looked up, and nothing is worked out then: it costs what the person's own set costs,
however many people and rows the view has. Counted in steps of the database's machine, the same on every computer."""

from pathlib import Path
from typing import Final

import pytest

from services.gateway.view.compile import compile_view
from services.gateway.view.queries import ViewRows
from tests.histories.town import RELEASES, Town
from tests.unit.test_gateway_baked import key_of

FEW, MANY = 60, 3000
MOST_STEPS: Final = 60  # for each row of a set


def view_of(people: int, folder: Path) -> ViewRows:
    """Five rows each, and a total for each unit of six."""
    town, target = Town(people), folder / f"{people}.sqlite"
    compile_view(town.files(RELEASES[0], {gmc: key_of(gmc) for gmc in town.people}), target)
    return ViewRows(target)


def steps_to_hide(view: ViewRows, key: str) -> tuple[int, int]:
    """Steps that it takes, and rows that went."""
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    view.connection.set_progress_handler(step, 1)
    gone = view.hide([key])
    view.connection.set_progress_handler(None, 1)
    return steps, len(gone)


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> dict[int, ViewRows]:
    folder = tmp_path_factory.mktemp("views")
    return {people: view_of(people, folder) for people in (FEW, MANY)}


def test_hiding_costs_what_the_persons_own_set_costs(views: dict[int, ViewRows]) -> None:
    gmc = Town(FEW).people[FEW // 2]
    took = {people: steps_to_hide(view, key_of(gmc)) for people, view in views.items()}
    assert {gone for _, gone in took.values()} == {6}, "their rows, and the total of their unit"
    assert took[FEW][0] == took[MANY][0] <= 6 * MOST_STEPS, took


def test_nor_does_it_cost_more_after_many_others(views: dict[int, ViewRows]) -> None:
    view, (before, early, *others, late) = views[MANY], Town(MANY).people[::6]  # one of each unit: no set shares a row
    view.hide([key_of(before)])
    first = steps_to_hide(view, key_of(early))
    for gmc in others:
        view.hide([key_of(gmc)])
    assert steps_to_hide(view, key_of(late)) == first


def test_a_key_that_nobody_has_costs_next_to_nothing(views: dict[int, ViewRows]) -> None:
    steps, gone = steps_to_hide(views[MANY], key_of("9999999"))
    assert (gone, steps <= MOST_STEPS) == (0, True), steps
