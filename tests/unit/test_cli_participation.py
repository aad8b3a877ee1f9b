"""`candour consent participation`, against a real consent service in this process."""

import json

import pytest

from cli import participation
from cli.calls import Service
from tests.unit.test_cli_consent import Inside, run
from tests.unit.test_consent_rig import CARDIAC, Rig, house, rig

__all__ = ["house", "rig"]


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: the command line sees HTTP only."""
    return "sqlite"


def test_what_had_been_decided_by_a_day(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def service(name: str, account: str) -> Service:
        made = Service(name, account, rig.house.passwords[account], "http://testserver")
        made.http.close()
        made.http = Inside(rig, account)  # type: ignore[assignment]
        return made

    monkeypatch.setattr(participation, "Service", service)
    rig.register("9900001", "9900002")
    rig.decide("9900001", "given", if_match=0)
    rig.decide("9900002", "refused", decided_on="2026-10-01")
    found = run("participation", "--programme", CARDIAC, "--json")
    counts = json.loads(found.output)["programmes"][0]["counts"]
    assert (counts["asked"], counts["given"], counts["refused"]) == (2, 1, 1)
    before = json.loads(run("participation", "--programme", CARDIAC, "--at", "2026-10-05", "--json").output)
    assert before["programmes"][0]["counts"]["asked"] == 1
    said = run("participation", "--at", "2026-10-05")
    assert "Decided by 2026-10-05" in said.output
    assert "Not for publication" in said.output
    assert run("participation", "--at", "yesterday").exit_code != 0
