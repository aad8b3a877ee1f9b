"""Consent does not answer: what depends on a person stops, everything else goes on."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.house import House


@pytest.fixture(scope="module")
def both(demo_house: House, ny: Path) -> str:
    """A release that holds New York's fixed results beside the demonstration's revocable ones."""
    demo_house.run("load", "ny-cardiac", str(ny / "hospital_2008_2015.csv"))
    return demo_house.publish("2026-10-31")


@pytest.fixture(params=["paused", "killed"])
def silent_consent(request: pytest.FixtureRequest, demo_house: House, both: str) -> Iterator[str]:
    """Consent paused, or killed over and over; afterwards everything must be back within two seconds."""
    assert both
    pid = demo_house.pid("consent")
    if request.param == "paused":
        demo_house.signal("consent", signal.SIGSTOP)
        yield both
        demo_house.signal("consent", signal.SIGCONT)
    else:
        demo_house.signal_supervisor(signal.SIGSTOP)
        demo_house.signal("consent", signal.SIGKILL)
        yield both
        demo_house.signal_supervisor(signal.SIGCONT)
        until = time.monotonic() + 30
        while demo_house.pid("consent") == pid:
            assert time.monotonic() < until
            time.sleep(0.02)
        demo_house.wait_ready("consent")
    returned = time.monotonic()
    with demo_house.reader() as reader:
        while reader.get(f"/v1/releases/{both}/results?level=consultant&limit=1").status_code != 200:
            assert time.monotonic() - returned < 2.0, "answers did not come back within two seconds"
            time.sleep(0.02)


def test_revocable_answers_stop_and_fixed_ones_go_on(demo_house: House, silent_consent: str) -> None:
    base = f"/v1/releases/{silent_consent}"
    with demo_house.reader() as reader:
        for path in (
            f"{base}/results",
            f"{base}/results?level=consultant",
            f"{base}/results.csv",
            f"{base}/consultants",
            f"{base}/consultants/9900001",
            f"{base}/consultants/{9999998}",
            f"{base}/indicators/adult-cardiac-surgery-mortality-30d/funnel",
            f"{base}/indicators/adult-cardiac-surgery-mortality-30d/results",
            "/consultants/9900001",
        ):
            refused = reader.get(path)
            assert refused.status_code == 503, path
            assert int(refused.headers["retry-after"]) >= 1, path
            if path.startswith("/v1"):
                assert refused.json()["code"] == "consent_unreachable"
        for path in (
            "/v1",
            "/v1/releases",
            base,
            f"{base}/indicators",
            f"{base}/indicators/adult-cardiac-surgery-mortality-30d",
            f"{base}/providers?q=hospital",
            f"{base}/providers/ZZ001",
            f"{base}/results?indicator=ny-cabg-mortality",
            f"{base}/results.csv?partition=fixed",
            f"{base}/indicators/ny-cabg-mortality/funnel?period=2011-01_2011-12",
            "/",
        ):
            assert reader.get(path).status_code == 200, path


def test_a_mixed_page_says_what_it_cannot_show(demo_house: House, silent_consent: str) -> None:
    assert silent_consent
    with demo_house.reader() as reader:
        page = reader.get("/providers/ZZ001")
    assert page.status_code == 200
    assert "cannot be shown just now" in page.text
