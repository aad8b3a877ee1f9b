"""What is made ahead is the same, in the same order, and stops with whoever asks for it."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from shared.kit.ahead import ahead, mapped_ahead


def until_it_breaks(number: int) -> Iterator[int]:
    yield from range(number)
    raise ValueError("broken")


@pytest.mark.parametrize("number", [0, 1, 5])
def test_pieces_come_in_their_order_and_to_their_end(number: int) -> None:
    assert list(ahead(iter(range(number)))) == list(range(number))
    assert list(mapped_ahead(str, range(number))) == [str(one) for one in range(number)]


def test_what_making_a_piece_raises_is_raised_behind_the_pieces_before_it() -> None:
    pieces = ahead(until_it_breaks(3))
    seen: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        seen.extend(pieces)
    assert seen == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        list(mapped_ahead(lambda one: 1 // one, [1, 0]))


def test_nothing_is_made_any_more_once_it_is_closed() -> None:
    made: list[int] = []

    def noting() -> Iterator[int]:
        for one in range(100):
            made.append(one)
            yield one

    pieces = noting()
    with closing(ahead(pieces)) as some:
        assert next(some) == 0
    after = len(made)
    assert after <= 2
    assert next(pieces) == after
