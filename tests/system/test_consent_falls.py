"""`kill -9` between commit and journal: nothing was acknowledged, nothing is lost, and nothing is answered before the
journal has it."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from services.consent.journal import NAME
from services.consent.verify_ledger import verify
from tests.system.consent_process import Consent
from tests.unit.test_consent_rig import build_house

ANNE, BEN, CARA = "9900001", "9900002", "9900003"


@pytest.fixture
def consent(tmp_path: Path, store_url: str) -> Iterator[Consent]:
    made = Consent(tmp_path / "consent", build_house(tmp_path / "house"), store_url)
    made.environment["CANDOUR_TEST_FALL"] = str(tmp_path / "fall")
    yield made
    made.close()


@pytest.mark.parametrize("how", ["before", "half"])
def test_a_crash_between_commit_and_journal_loses_nothing(consent: Consent, tmp_path: Path, how: str) -> None:
    file, fall = consent.folder / "journal" / NAME, tmp_path / "fall"
    consent.module = "tests.system.falling_consent"
    consent.start().wait_ready()
    consent.register_people([ANNE, BEN, CARA])
    assert consent.withdraw(BEN).status_code == 202
    whole = file.read_bytes()
    fall.write_text(how)
    with pytest.raises(httpx.TransportError):
        consent.withdraw(ANNE)
    assert consent.process is not None
    assert consent.process.wait(20) == -signal.SIGKILL
    assert file.read_bytes().startswith(whole)
    assert file.read_bytes().count(b"\n") == 2  # header, and what was acknowledged
    fall.unlink()
    consent.module = "services.consent"
    consent.start().wait_ready()
    kept = [json.loads(line) for line in file.read_text().splitlines()[1:]]
    assert [(one["revision"], one["subject"], one["act"]) for one in kept] == [
        (1, consent.alias(BEN), "withdrawn"), (2, consent.alias(ANNE), "withdrawn"),
    ]  # fmt: skip
    receipt = consent.withdraw(ANNE)
    assert (receipt.status_code, receipt.json()["revision"]) == (202, 2)
    consent.register_gateway()
    assert consent.head().json()["revision"] == 2
    assert consent.withdraw(CARA).json()["revision"] == 3
    assert consent.stop() == 0
    assert verify(consent.environment["CANDOUR_CONSENT_DATABASE_URL"]).sound
