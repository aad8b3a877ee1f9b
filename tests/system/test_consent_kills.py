"""`kill -9` of the consent service while people decide: no acknowledged decision is lost, none is invented, none is
recorded twice, and no key is answered in two ways. On SQLite and on PostgreSQL.

CI takes a few kills of each; CANDOUR_CONSENT_KILLS is how many there are at full size.
"""

import dataclasses
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.consent.keys import SubjectKeys
from services.consent.verify_ledger import verify
from shared.kit.secretfiles import read_secret
from tests.system.consent_process import Consent, eventually
from tests.system.consent_record import Record, Row, counts_of, event_of, faults, lines_of, receipt_of, rows_of
from tests.system.consent_writers import WRITERS, Gate, Writer
from tests.unit.test_consent_rig import build_house

KILLS = int(os.environ.get("CANDOUR_CONSENT_KILLS", "5"))
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))
EVENTS = (3, 24)
MOMENT_SECONDS = 0.05
PATIENCE_SECONDS = 60.0
STARTING_SECONDS = (0.2, 1.5)
IN_A_START = 0.2
KEYS_AT_ONCE = 3


class Campaign:
    """Kills, and after each of them a look at everything while nobody writes."""

    def __init__(self, consent: Consent, url: str) -> None:
        self.consent, self.url, self.chance = consent, url, random.Random(SEED)
        self.gate = Gate()
        self.record = Record(SubjectKeys(read_secret(consent.house.folder, "consent-subjects")))
        self.writers: list[Writer] = []
        self.kills: Counter[str] = Counter()
        self.cut, self.lost_answers, self.repeats = 0, 0, 0

    def run(self, kills: int) -> None:
        self.consent.start().wait_ready()
        self.writers = [make(self.consent, self.gate, self.record, number) for number, make in enumerate(WRITERS)]
        for writer in self.writers:
            writer.thread.start()
        try:
            while self.kills.total() < kills:
                self._fall()
                self._rise()
                self.check()
        finally:
            self.gate.end()
            for writer in self.writers:
                writer.join()

    def _fall(self) -> None:
        """After some events have been acknowledged, on however slow a machine, and then at any moment."""
        enough = self.record.acknowledged.total() + self.chance.randint(*EVENTS)
        self.gate.open()
        until = time.monotonic() + PATIENCE_SECONDS
        while self.record.acknowledged.total() < enough and not self._failed():
            assert time.monotonic() < until, "nobody gets an answer"
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0.0, MOMENT_SECONDS))
        self.cut += self.gate.inside
        self._kill("at work")
        self.gate.shut()
        assert not self._failed()

    def _failed(self) -> list[str]:
        return [type(writer).__name__ for writer in self.writers if writer.failed]

    def _rise(self) -> None:
        while self.chance.random() < IN_A_START:
            self.consent.launch("serve")
            time.sleep(self.chance.uniform(*STARTING_SECONDS))
            self._kill("starting")
        self.consent.start("serve").wait_ready()

    def _kill(self, when: str) -> None:
        assert self.consent.stop(signal.SIGKILL) == -signal.SIGKILL
        self.kills[when] += 1

    def check(self) -> None:
        """PostgreSQL may still be at the last commit of a process that was killed: then the journal has it at the
        service's next look."""
        assert eventually(self.faults, lambda found: not found, 5.0) == []
        finding = verify(self.url)
        assert finding.sound, finding
        self.lost_answers += sum(event_of(row) not in self.record.told for row in rows_of(self.url))
        self._keys()
        self._reports()

    def faults(self) -> list[str]:
        return faults(self.record, rows_of(self.url), lines_of(self.consent.folder / "journal"))

    def _keys(self) -> None:
        """Some of those who have withdrawn send the same again."""
        known = sorted(self.record.keys)
        for address, key in self.chance.sample(known, min(KEYS_AT_ONCE, len(known))):
            body, receipt = self.record.keys[address, key]
            if self._was_followed(receipt):
                continue
            again = self.consent.officer("POST", address, json=body, headers={"Idempotency-Key": key})
            assert (again.status_code, receipt_of(again.json())) == (202, receipt)
            self.repeats += 1

    def _reports(self) -> None:
        """Some of what was said of whole files is asked for again."""
        known = sorted(self.record.reports)
        for number in self.chance.sample(known, min(KEYS_AT_ONCE, len(known))):
            again = self.consent.officer("GET", f"/v1/imports/{number}")
            assert (again.status_code, counts_of(again.json())) == (200, self.record.reports[number])

    def _was_followed(self, receipt: Row) -> bool:
        """A withdrawal under an old key after a new grant withdraws anew: that is no repeat. The ledger is asked:
        a grant that a kill left without an answer counts as well."""
        (mine,) = [event for event, told in self.record.told.items() if told == receipt]
        return mine.act == "withdrawn" and any(
            (row["subject"], row["act"]) == (mine.alias, "given") and row["revision"] > receipt["revision"]
            for row in rows_of(self.url)
        )

    def figures(self, engine: str) -> str:
        record, told = self.record, self.record.acknowledged
        kinds = ", ".join(f"{number} {act}" for act, number in sorted(told.items()))
        return (
            f"{engine}: {self.kills.total()} kills ({self.kills['starting']} of them in a start), {self.cut} requests "
            f"under way; {told.total()} events acknowledged ({kinds}), {self.lost_answers} of them recorded first and "
            f"answered later, {record.interrupted} calls without an answer, {self.repeats} keys sent again; 0 lost, "
            "0 invented, 0 twice"
        )

    def too_little(self) -> list[str]:
        """Why this proves nothing; empty where enough has happened."""
        kills, told = self.kills.total(), self.record.acknowledged
        wanted = {
            "events acknowledged": (told.total(), 5 * kills),
            "requests under way at a kill": (self.cut, kills),
            "keys sent again": (self.repeats, kills // 2),
        }
        acts = ("asked", "given", "refused", "withdrawn", "restricted", "objection_raised", "given by return")
        few = [f"{what}: {found}, expected {least}" for what, (found, least) in wanted.items() if found < least]
        return few + [f"{act} was never acknowledged" for act in acts if not told[act]]


@pytest.fixture
def campaign(tmp_path: Path, store_url: str) -> Iterator[Campaign]:
    consent = Consent(tmp_path / "consent", build_house(tmp_path / "house"), store_url)
    yield Campaign(consent, store_url)
    consent.close()


def test_kills_lose_nothing_and_invent_nothing(campaign: Campaign) -> None:
    campaign.run(KILLS)
    every_fault_is_noticed(campaign)
    assert campaign.consent.stop() == 0
    assert "The ledger holds" in campaign.consent.run("verify-ledger").stdout
    engine = "PostgreSQL" if campaign.url.startswith("postgres") else "SQLite"
    sys.stdout.write(f"\n{campaign.figures(engine)}\n")
    assert not campaign.too_little(), f"UNKNOWN: {campaign.too_little()}"


def every_fault_is_noticed(campaign: Campaign) -> None:
    """What the record is held to can be broken: each of these is found in what has just been found without fault."""
    record, ledger = campaign.record, rows_of(campaign.url)
    journal = lines_of(campaign.consent.folder / "journal")
    assert faults(record, ledger, journal) == []
    acknowledged = next(number for number, row in enumerate(ledger) if row["act"] == "withdrawn")
    without = ledger[:acknowledged] + ledger[acknowledged + 1 :]
    shifted = [dict(row) | {"revision": number} for number, row in enumerate(without, 1)]
    invented = dict(ledger[-1]) | {"revision": len(ledger) + 1, "channel": "nobody"}
    double = dict(ledger[-1]) | {"revision": len(ledger) + 1}
    event, receipt = next((event, told) for event, told in record.told.items() if told is not None)
    other = dataclasses.replace(record, told=record.told | {event: dict(receipt) | {"decision": "d-aaaaaaaaaaaa"}})
    for planted in (
        faults(record, ledger, journal[:-1]),
        faults(record, without, journal),
        faults(record, shifted, shifted),
        faults(record, [*ledger, invented], [*journal, invented]),
        faults(record, [*ledger, double], [*journal, double]),
        faults(other, ledger, journal),
    ):
        assert planted, "a planted fault was not noticed"
