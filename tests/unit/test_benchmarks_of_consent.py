"""What the benchmarks of consent make of what they have seen, without a house: faults are found, shapes agreed."""

import json

import pytest

from benchmarks import fail_closed
from benchmarks.load.generator import whole_size
from benchmarks.load.job import percentile
from tests.system.outages import Answer, Outage


def answers(*statuses: int, depends: bool = True, began: float = 1.1, seconds: float = 0.01) -> list[Answer]:
    return [Answer(began, began + seconds, status, depends) for status in statuses]


def an_outage(*found: list[Answer], back: float = 3.1) -> Outage:
    calm = answers(*[200] * 30, depends=False, began=0.5) + answers(200, 404, began=0.5)
    return Outage("paused", [*calm, *(one for part in found for one in part)], 1.0, 3.0, 3.0, back)


def test_an_outage_is_held_to_what_is_promised() -> None:
    refused, fixed = answers(*[503] * 30), answers(*[200] * 30, depends=False)
    assert an_outage(refused, fixed).faults() == []
    told_after_the_return = answers(200, 404, began=2.9, seconds=0.2)
    assert an_outage(refused, fixed, told_after_the_return).faults() == []
    for wrong in (
        an_outage(refused, fixed, answers(500, began=2.9, seconds=0.2)),
        an_outage(refused, fixed, answers(200, began=1.7, seconds=1.4)),  # kept waiting until the return
        an_outage(refused, fixed, answers(404)),
        an_outage(refused, fixed, answers(200)),
        an_outage(refused, fixed, answers(0)),
        an_outage(refused, fixed, answers(503, seconds=1.3)),
        an_outage(refused, fixed, answers(503, depends=False)),
        an_outage(refused, fixed, back=5.1),
        an_outage(refused[:9], fixed),
    ):
        assert wrong.faults() != []


def test_the_outcome_of_outages_has_the_agreed_shape() -> None:
    found = an_outage(answers(*[503] * 40, seconds=0.6), answers(*[200] * 30, depends=False))
    told = json.loads(json.dumps(fail_closed.outcome([found]).as_json()))
    assert told["ratios"] == {
        "slowest refusal / 1.2 s": pytest.approx(0.5), "slowest recovery / 2 s": pytest.approx(0.05),
        "other answers than promised": 0.0,
    }  # fmt: skip
    assert told["figures"]["depending"] == {"503": 40}
    assert told["figures"]["fixed"] == {"200": 30}
    assert told["figures"]["by_kind"]["paused"]["fixed_p99_before_ms"] == pytest.approx(10)
    assert told["figures"]["by_kind"]["killed"]["outages"] == 0


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile(list(range(1, 101)), 0.99) == 99
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_the_generator_knows_where_an_answer_ends() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\n"
    assert whole_size(bytearray(head[:-1])) == 0
    assert whole_size(bytearray(head)) == len(head) + 5
    assert whole_size(bytearray(b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n")) == 38
    with pytest.raises(ValueError, match="without a length"):
        whole_size(bytearray(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"))
