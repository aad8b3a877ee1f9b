"""`candour ledger verify`, as a stranger runs it."""

import sqlite3
import subprocess
import sys
from pathlib import Path

from cli.operations.verbs import house_of, run_verb
from cli.up.layout import Layout


def verify(data: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli", "ledger", "verify", "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sound_ledger_a_broken_one_and_none(tmp_path: Path) -> None:
    refused = verify(tmp_path / "nothing")
    assert refused.returncode != 0
    assert "is not the directory of a `candour up`" in refused.stdout + refused.stderr
    data = tmp_path / "data"
    Layout(data, 8000, 1).prepare()
    assert verify(data).returncode == 2
    assert run_verb(house_of(data), "consent", "migrate") == 0
    sound = verify(data)
    assert (sound.returncode, sound.stdout.strip()) == (0, "The ledger holds: 0 entries.")
    with sqlite3.connect(data / "consent" / "consent.sqlite") as database:
        database.execute("UPDATE head SET revision = 3")
    broken = verify(data)
    assert broken.returncode == 1
    assert "broken at revision 1" in broken.stdout
