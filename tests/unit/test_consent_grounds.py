"""Under another ground there are other rights: what is refused then, and what is still possible."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.consent.settings import POLICY_DIR
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, house, running

__all__ = ["house"]

ANNE, BEN = "9900001", "9900003"
Under = Callable[[str], Rig]


@pytest.fixture
def under(house: House, tmp_path: Path) -> Iterator[Under]:
    """A service whose one ground for naming people is of this regime; Anne and Ben were told of it."""
    with house.stores.swept(), ExitStack() as stack:

        def start(regime: str) -> Rig:
            folder = tmp_path / regime
            shutil.copytree(POLICY_DIR, folder / "policy")
            file = folder / "policy" / "demonstration.toml"
            text = file.read_text().replace('regime = "consent"', f'regime = "{regime}"', 1)
            file.write_text(text.replace('instrument_kind = "advice"', 'instrument_kind = "legislation"', 1))
            settings = house.settings(folder / "data", policy_dir=folder / "policy")
            rig = stack.enter_context(running(house, settings))
            rig.register(ANNE, BEN)
            for gmc in (ANNE, BEN):
                assert rig.decide(gmc, "asked", notice={"version": 1}).status_code == 202
            assert rig.named() == {ANNE, BEN}
            return rig

        yield start


def take(rig: Rig, act: str, seen: int | None = None) -> httpx.Response:
    body: dict[str, Any] = {"programme": CARDIAC, "purpose": OWN, "act": act, "channel": "letter"}
    headers = {} if seen is None else {"If-Match": f'"{seen}"'}
    return rig.officer("POST", f"/v1/consultants/{ANNE}/rights", json=body, headers=headers)


def seen(rig: Rig) -> int:
    return int(rig.officer("GET", f"/v1/consultants/{ANNE}").headers["ETag"].strip('"'))


def erase(rig: Rig) -> httpx.Response:
    return rig.officer("POST", f"/v1/consultants/{ANNE}/erasure", json={"channel": "letter"})


def test_a_legal_obligation_gives_no_erasure_and_hiding_is_possible_still(under: Under) -> None:
    rig = under("legal_obligation")
    before = rig.revision()
    refused = erase(rig)
    assert (refused.status_code, refused.json()["code"]) == (409, "erasure_refused")
    assert "demonstration-consent-2013" in refused.json()["detail"]
    assert "Restrict" in refused.json()["detail"]
    assert (rig.revision(), rig.named()) == (before, {ANNE, BEN})
    for act in ("objection_raised", "objection_upheld", "restricted"):
        assert take(rig, act).status_code == 202
        assert rig.named() == {BEN}
    assert erase(rig).status_code == 409


def test_a_public_task_gives_erasure_once_an_objection_was_upheld(under: Under) -> None:
    rig = under("public_task")
    assert "objection that was upheld" in erase(rig).json()["detail"]
    take(rig, "objection_raised")
    assert erase(rig).status_code == 409
    take(rig, "objection_upheld")
    done = erase(rig)
    assert (done.status_code, done.json()["events"]) == (200, 1)  # nothing was shown any more
    assert rig.named() == {BEN}


def test_who_withdrew_is_named_on_another_ground_only_when_lawyers_have_agreed(under: Under) -> None:
    rig = under("public_task")
    rig.withdraw(ANNE)
    assert (rig.named(), rig.state(ANNE)["reason"]) == ({BEN}, "sign_off_missing")
    assert take(rig, "signed_off", seen(rig)).status_code == 202
    assert rig.named() == {ANNE, BEN}
    again = rig.withdraw(ANNE).json()
    assert (rig.named(), again["revision"]) == (
        {BEN},
        rig.revision(),
    )  # acknowledged, so hidden, until it is signed off
