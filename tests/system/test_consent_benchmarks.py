"""The commands that measure the consent check and withdrawals, at their smallest: they run, and tell what they must.
No figure of time is asserted here."""

from pathlib import Path

from benchmarks import consent_check, withdrawal_latency
from cli.demonstration.sizes import Sizes
from tests.system.history import people_of
from tests.system.house import House


def test_the_check_is_measured_against_no_check(demo_house: House, tmp_path: Path) -> None:
    plan = consent_check.Plan(Sizes.small(), 1, 1, block_seconds=0.3, beside=(consent_check.WITHOUT,))
    told = consent_check.measure(demo_house, tmp_path, plan).as_json()
    routes = ("a consultant", "a consultant's results", "a funnel of providers")
    assert set(told["ratios"]) == {f"{route}: ours, {what}" for route in routes for what in consent_check.LIMITS}
    assert told["figures"]["generator_ceiling"] > 0
    assert set(told["figures"]["by_pair"]) == set(routes)
    for route in routes:
        for way in (consent_check.OURS, consent_check.WITHOUT):
            figures = told["figures"]["routes"][route][way]
            assert figures["answers"] > 10
            assert figures["not_200"] == 0
            assert figures["gateway_microseconds"] > 0
            assert 0 < figures["p50"] <= figures["p99"] <= figures["most"]


def test_withdrawals_are_measured_until_they_are_effective(demo_house: House) -> None:
    with demo_house.reader() as reader:
        people = people_of(reader, demo_house.demo_release)[-5:]
    plan = withdrawal_latency.Plan(Sizes.small(), withdrawals=5, freezes=0, gateways=2)
    told = withdrawal_latency.measure(demo_house, people, plan).as_json()
    assert set(told["ratios"]) == set(withdrawal_latency.LIMITS)
    figures = told["figures"]
    assert (figures["withdrawals"], figures["freezes"]) == (5, 0)
    assert 0 < figures["recorded_ms"]["p50"] <= figures["effective_ms"]["p50"]
    with demo_house.reader() as reader:
        left = {person.gmc for person in people_of(reader, demo_house.demo_release)}
    assert left.isdisjoint(person.gmc for person in people)
