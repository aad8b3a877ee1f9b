"""M10: a store that was put back without its journal has lost what was acknowledged since; the history tells, and ours
refuses to open until everything is there again."""

import random
import shutil
import time
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from cli.check.judging import Judgement, judge
from cli.check.lines import LINE
from cli.check.reading import history_of
from services.consent.__main__ import main
from services.consent.workflow.keeping import Keeper
from tests.unit.test_consent_rig import Rig, build_house, running

PEOPLE = [f"990000{number}" for number in range(1, 7)]
ACTS = {"given": "grant", "withdrawn": "withdraw"}
HISTORIES = 20
Lines = list[dict[str, Any]]


class WithoutItsJournal(Keeper):
    """M10: whatever ledger is there is the ledger, and its journal begins anew."""

    def agree(self) -> None:
        self.journal.close()
        self.journal.file.unlink(missing_ok=True)
        with self.store.reading_for_journal() as tx:
            end = tx.end()
            self.journal.begin(end.store_id, tx.entries(0, end.revision))


def toggles(rig: Rig, chance: random.Random, number: int) -> Lines:
    """So many acknowledged withdrawals and grants."""
    lines: Lines = []
    for _ in range(number):
        gmc, began = chance.choice(PEOPLE), time.monotonic()
        if chance.random() < 0.5:
            answer, line = rig.withdraw(gmc), dict[str, Any](f="withdraw")
        else:
            seen = int(rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"'))
            answer, line = rig.decide(gmc, "given", seen), {"f": "grant", "expects": seen}
        assert answer.status_code == 202, answer.text
        lines.append(line | {"proc": "officer", "c": gmc, "inv": began, "end": time.monotonic(), "outcome": "ok",
                             "revision": answer.json()["revision"]})  # fmt: skip
    return lines


def ledger(rig: Rig) -> Lines:
    found: dict[int, dict[str, Any]] = {one["revision"]: {"f": "entry", "revision": one["revision"]}
                                        for one in rig.changes()}  # fmt: skip
    for gmc in PEOPLE:
        for one in rig.officer("GET", f"/v1/consultants/{gmc}").json()["history"]:
            found[one["revision"]] |= {"c": gmc, "act": ACTS.get(one["act"], "other")}
    return list(found.values())


def restored(folder: Path, seed: int, *, ours: bool) -> Judgement:
    """Yesterday's copy of the database is put back. Ours is closed until its own command has replayed the journal."""
    chance = random.Random(seed)
    house = build_house(folder / "house")
    settings = house.settings(folder / "data", journal_dir=folder / "journal")
    lines: Lines = [{"f": "header", "format": 1, "asked": {"withdrawals": 1, "reads": 1}}]
    with running(house, settings) as rig:
        rig.register(*PEOPLE)
        lines += toggles(rig, chance, chance.randint(1, 6))
    shutil.copytree(settings.data_dir, folder / "yesterday")
    with running(house, settings) as rig:
        lines += toggles(rig, chance, chance.randint(1, 6))
    shutil.rmtree(settings.data_dir)
    shutil.copytree(folder / "yesterday", settings.data_dir)
    with patch("services.consent.app.Keeper", Keeper if ours else WithoutItsJournal):
        if ours:
            replay(house, settings)
        with running(house, settings) as rig:
            lines += toggles(rig, chance, chance.randint(0, 3)) + ledger(rig)
    return judge(history_of([LINE.validate_python(line) for line in lines]))


def replay(house: Any, settings: Any) -> None:
    with running(house, settings) as rig:
        closed = rig.officer("GET", f"/v1/consultants/{PEOPLE[0]}")
        if closed.status_code == 200:  # nothing was recorded since but repetitions
            return
        assert (closed.status_code, closed.json()["code"]) == (503, "consent_closed")
    names = {"DATA_DIR": settings.data_dir, "JOURNAL_DIR": settings.journal_dir, "SECRETS_DIR": settings.secrets_dir,
             "PEOPLE_FILE": settings.people_file, "DATABASE_URL": settings.database("consent"),
             "DEMONSTRATION": "true", "BALLAST_BYTES": "0"}  # fmt: skip
    with pytest.MonkeyPatch.context() as environment:
        for name, value in names.items():
            environment.setenv(f"CANDOUR_CONSENT_{name}", str(value))
        assert main(["replay-journal"]) == 0


def test_a_store_without_its_journal_is_caught_and_ours_loses_nothing(tmp_path: Path) -> None:
    needed = None
    for seed in range(HISTORIES):
        if restored(tmp_path / f"mutant-{seed}", seed, ours=False).breaches["G0"]:
            needed = seed + 1
            break
    assert needed is not None, f"M10 was not caught in {HISTORIES} histories"
    print(f"\nM10, a store put back without its journal: caught in {needed} histories")  # noqa: T201
    for seed in range(3):
        found = restored(tmp_path / f"ours-{seed}", seed, ours=True)
        assert found.breaches == {"G0": 0, "G1": 0, "G2": 0}, found.violations
