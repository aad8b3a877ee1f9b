"""Tries of a password: used up before it is looked at, given back with time, and never somebody else's."""

import pytest

from shared.kit import tries
from shared.kit.tries import AT_ONCE, SECONDS_EACH, TooManyTries, Tries


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(one: Tries, name: str = "a", address: str = "x", most: int = 1000) -> int:
    for number in range(most):
        try:
            one.take(name, address)
        except TooManyTries:
            return number
    return most


def test_so_many_at_once_and_then_one_in_so_many_seconds() -> None:
    clock = Clock()
    one = Tries(clock)
    assert taken(one) == AT_ONCE
    for _ in range(5):
        clock.now += SECONDS_EACH
        assert taken(one) == 1
    clock.now += SECONDS_EACH / 2
    assert taken(one) == 0
    clock.now += SECONDS_EACH / 2  # what was refused used up nothing
    assert taken(one) == 1
    clock.now += 10_000 * SECONDS_EACH
    assert taken(one) == AT_ONCE


def test_who_must_wait_is_told_how_long() -> None:
    clock = Clock()
    one = Tries(clock)
    taken(one)
    with pytest.raises(TooManyTries) as told:
        one.take("a", "x")
    assert told.value.headers == {"Retry-After": "2"}
    clock.now += 1.5
    with pytest.raises(TooManyTries) as told:
        one.take("a", "x")
    assert told.value.headers == {"Retry-After": "1"}


def test_another_name_and_another_address_have_tries_of_their_own() -> None:
    one = Tries(Clock())
    taken(one)
    assert taken(one, name="b") == taken(one, address="y") == AT_ONCE


def test_a_right_password_gives_back_what_was_used_up() -> None:
    one = Tries(Clock())
    taken(one)
    one.right("a", "x")
    assert taken(one) == AT_ONCE


def test_names_without_end_take_no_memory_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tries, "MOST_KNOWN", 50)
    one = Tries(Clock())
    taken(one, most=5)
    for number in range(500):
        one.take(f"n{number}", "x")
    assert len(one.used) == 50
    assert taken(one) == AT_ONCE  # forgotten, as what was used longest ago
