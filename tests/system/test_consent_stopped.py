"""Consent does not answer: what depends on a person stops within 1.2 seconds, everything else goes on, and two seconds
after its return all is as before. `python -m benchmarks fail_closed` measures the same over more cycles."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.beside import gateway_beside
from tests.system.house import House
from tests.system.outages import KINDS, Outage, Public, outage
from tests.system.slow_link import SlowLink

CARDIAC = "adult-cardiac-surgery-mortality-30d"


@pytest.fixture(scope="module")
def both(demo_house: House, ny: Path) -> str:
    """A release that holds New York's fixed results beside the demonstration's revocable ones."""
    demo_house.run("load", "ny-cardiac", str(ny / "hospital_2008_2015.csv"))
    return demo_house.publish("2026-10-31")


def depending(release: str) -> list[str]:
    base = f"/v1/releases/{release}"
    return [
        f"{base}/results",
        f"{base}/results?level=consultant",
        f"{base}/results.csv",
        f"{base}/consultants",
        f"{base}/consultants/9900001",
        f"{base}/consultants/{9999998}",
        f"{base}/indicators/{CARDIAC}/funnel",
        f"{base}/indicators/{CARDIAC}/results",
        "/consultants/9900001",
    ]


def fixed(release: str) -> list[str]:
    base = f"/v1/releases/{release}"
    return [
        "/v1",
        "/v1/releases",
        base,
        f"{base}/indicators",
        f"{base}/indicators/{CARDIAC}",
        f"{base}/providers?q=hospital",
        f"{base}/providers/ZZ001",
        f"{base}/results?indicator=ny-cabg-mortality",
        f"{base}/results.csv?partition=fixed",
        f"{base}/indicators/ny-cabg-mortality/funnel?period=2011-01_2011-12",
        "/",
    ]


@pytest.fixture(scope="module")
def link(demo_house: House) -> Iterator[SlowLink]:
    with SlowLink(int(demo_house.url("consent").rsplit(":", 1)[1])) as between:
        yield between


@pytest.fixture(scope="module")
def gateway(demo_house: House, both: str, link: SlowLink, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway of the house that reaches consent by the link."""
    data = tmp_path_factory.mktemp("beside") / "data"
    with gateway_beside(demo_house, both, data, consent_url=link.url) as beside:
        yield beside.url


@pytest.fixture(scope="module", params=KINDS)
def away(
    request: pytest.FixtureRequest, demo_house: House, both: str, link: SlowLink, gateway: str
) -> Iterator[Outage]:
    """Consent killed, paused, or silent while readers ask; afterwards, what they were told is as promised."""
    calm = [f"/v1/releases/{both}/consultants/9900001", f"/v1/releases/{both}/results?level=consultant&limit=1"]
    with Public(gateway, calm, fixed(both)) as public:
        with outage(demo_house, link, public, request.param) as found:
            yield found
    assert found.faults() == []


def test_revocable_answers_stop_and_fixed_ones_go_on(gateway: str, both: str, away: Outage) -> None:
    with httpx.Client(base_url=gateway, timeout=30, trust_env=False) as reader:
        for path in depending(both):
            refused = reader.get(path)
            assert refused.status_code == 503, path
            assert int(refused.headers["retry-after"]) >= 1, path
            if path.startswith("/v1"):
                assert refused.json()["code"] == "consent_unreachable"
        for path in fixed(both):
            assert reader.get(path).status_code == 200, path


def test_a_mixed_page_says_what_it_cannot_show(gateway: str, away: Outage) -> None:
    with httpx.Client(base_url=gateway, timeout=30, trust_env=False) as reader:
        page = reader.get("/providers/ZZ001")
    assert page.status_code == 200
    assert "cannot be shown just now" in page.text
