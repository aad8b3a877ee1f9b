"""Each planted mistake is caught in a few small histories, and the same histories pass with our own gateway."""

import os
import sys
from pathlib import Path

import pytest

from tests.histories.mutants import MUTANTS, OURS, Gateway
from tests.histories.small import histories_until_caught

MOST = 20
OURS_TAKE = int(os.environ.get("CANDOUR_MUTANT_HISTORIES", "4"))
SEED = int(os.environ.get("CANDOUR_SEED", "2013"))


@pytest.mark.parametrize("kind", MUTANTS, ids=lambda kind: kind.number)
def test_a_planted_mistake_is_caught(tmp_path: Path, kind: Gateway) -> None:
    found = histories_until_caught(tmp_path, kind, MOST, SEED)
    sys.stdout.write(f"\n{kind.number}, {kind.mistake}: {found}\n")
    assert found.laws, f"{kind.number} was not caught in {MOST} histories: they cannot tell"


def test_the_same_histories_pass_with_our_own(tmp_path: Path) -> None:
    found = histories_until_caught(tmp_path, OURS, OURS_TAKE, SEED)
    sys.stdout.write(f"\nours: {found}\n")
    assert not found.laws
