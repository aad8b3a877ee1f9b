"""Withdrawals and grants under reads of every route and form, from three gateways, while everything that can go wrong
does: the history is written down, and judged by `candour check`.

CI takes one history of 300 withdrawals and 50,000 reads; `make assure GOAL=histories` takes twenty larger ones, and
goes on where it was interrupted.
"""

import os
import sys
from pathlib import Path

from tests.histories.campaign import GIVEN_UP, Size
from tests.histories.rounds import many_histories, summed
from tests.system.house import ROOT

HISTORIES = int(os.environ.get("CANDOUR_HISTORY_ROUNDS", "1"))
SIZE = Size(
    withdrawals=int(os.environ.get("CANDOUR_HISTORY_WITHDRAWALS", "300")),
    reads=int(os.environ.get("CANDOUR_HISTORY_READS", "50000")),
    rounds=int(os.environ.get("CANDOUR_HISTORY_FAULTS", "1")),
    longest=float(os.environ.get("CANDOUR_HISTORY_PAUSE", "3")),
    given_up=float(os.environ.get("CANDOUR_HISTORY_SECONDS", GIVEN_UP)),
)
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))


def say(text: str) -> None:
    sys.stdout.write(f"\n{text}")
    sys.stdout.flush()


def test_no_withdrawal_is_outrun(tmp_path: Path) -> None:
    folder = ROOT / ".candour" / "histories" if HISTORIES > 1 else tmp_path
    found = many_histories(folder, SIZE, range(SEED, SEED + HISTORIES), say)
    say(summed(found))
    for one in found:
        assert one.code == 0, (one.report["unknown"], one.report["violations"][:3])
