"""Effective under `candour up`: at once where every gateway answers, as soon as one that is frozen has been ended, and
never waiting for a process of an earlier life. How many seconds that are, on a free machine, `make assure` measures;
here a stall of the disk must not look like ours."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from cli.calls import Service
from cli.consent import withdrawal
from cli.imports import import_file
from cli.up.supervising import SILENT_SECONDS
from services.gateway.consent import NEWS_SECONDS
from tests.system.house import House
from tests.system.quick_release import publish_quickly

PROGRAMME = "adult-cardiac-surgery-consultant-outcomes"
NUMBERS = ("9900001", "9900002", "9900003", "9900004", "9900005")
DATE = "2026-09-30"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two gateways with a release, registered with consent, and people on the register."""
    folder = tmp_path_factory.mktemp("house")
    made = House(folder, gateways=2)
    made.up()
    try:
        publish_quickly(made.urls, made.accounts, folder, DATE)
        made.wait_published(DATE)
        register = folder / "register.csv"
        register.write_text(
            "gmc,name,programme\n" + "".join(f"{one},Dr {one} (synthetic),{PROGRAMME}\n" for one in NUMBERS)
        )
        import_file(officer(made), "register", register)
        for name in made.gateway_names:
            show(made, name)
        yield made
    finally:
        began = time.monotonic()
        code = made.down()
    assert code == 0
    assert time.monotonic() - began < NEWS_SECONDS, "somebody who waited for news held the end up"


def officer(house: House) -> Service:
    return Service("consent", "officer", house.accounts["officer"], house.url("consent"))


def show(house: House, gateway: str) -> None:
    """Something that could depend on a decision, so that the gateway has asked consent."""
    until = time.monotonic() + 30
    with house.reader(gateway) as reader:
        while reader.get(f"/v1/releases/{DATE}/consultants").status_code != 200:
            assert time.monotonic() < until, f"{gateway} does not answer"
            time.sleep(0.1)


def listed(house: House) -> dict[str, Any]:
    found: dict[str, Any] = officer(house).json("GET", "/v1/gateways")
    return found


def seconds_until_effective(house: House, gmc: str) -> float:
    """From the acknowledgement that it is recorded."""
    consent = officer(house)
    decision = withdrawal(consent, gmc, PROGRAMME)
    began = time.monotonic()
    effective = decision["effective"]
    while effective["status"] == "waiting":
        assert time.monotonic() - began < 60, f"not effective: {listed(house)}"
        effective = consent.json("GET", f"/v1/decisions/{decision['decision']}", params={"wait": 20})["effective"]
    return time.monotonic() - began


def test_a_frozen_gateway_delays_effective_until_it_is_ended(house: House) -> None:
    assert {one["gateway"] for one in listed(house)["gateways"]} == {"gateway", "gateway-2"}
    quick = seconds_until_effective(house, NUMBERS[0])
    assert quick < SILENT_SECONDS, "somebody was waited for"

    frozen = house.pid("gateway-2")
    os.kill(frozen, signal.SIGSTOP)
    slow = seconds_until_effective(house, NUMBERS[1])
    sys.stdout.write(f"effective after {quick:.3f} s; with a frozen gateway after {slow:.1f} s\n")
    assert slow > SILENT_SECONDS - 1
    assert not os.path.exists(f"/proc/{frozen}")
    house.wait_ready("gateway-2")
    show(house, "gateway-2")
    assert [(one["gateway"], one["number"]) for one in listed(house)["gateways"]] == [("gateway", 1), ("gateway-2", 2)]
    assert seconds_until_effective(house, NUMBERS[2]) < SILENT_SECONDS

    told = house.run("consent", "withdraw", NUMBERS[3], "--programme", PROGRAMME).stdout
    assert told.index("New readers can no longer see these figures.") < told.index(
        "Nothing of ours is still sending them."
    )


def test_a_gateway_that_is_not_started_again_is_not_waited_for(house: House) -> None:
    """Its supervisor was killed, and then it: nobody was there to say so, but the next to start sees its lock free."""
    gone = house.pid("gateway-2")
    os.kill(gone, signal.SIGSTOP)
    house.signal_supervisor(signal.SIGKILL)
    assert house.process is not None
    house.process.wait(30)
    os.kill(gone, signal.SIGKILL)
    until = time.monotonic() + 30
    while any(os.path.exists(f"/proc/{house.pid(name)}") for name in house.urls):
        assert time.monotonic() < until, "services outlived their supervisor"
        time.sleep(0.1)
    house.gateways = 1
    house.up()
    show(house, "gateway")
    assert seconds_until_effective(house, NUMBERS[4]) < SILENT_SECONDS
    assert [one["gateway"] for one in listed(house)["gateways"]] == ["gateway"]
