"""The roll of gateways beside the journal: a store that is put back knows who has registered and ended since."""

import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.consent.roll import NAME, Roll
from services.consent.store import Process
from tests.unit.test_consent_closed import Case, case, house
from tests.unit.test_consent_effective import begin, fence, leave, seen, waiting, withdrawn
from tests.unit.test_consent_gateways import confirm, head, listed, put
from tests.unit.test_consent_rig import Rig, rig

__all__ = ["case", "house", "rig"]

ANNE, BEN = "9900001", "9900002"
ELM = Process("elm", 1, "1-" + "a" * 32, "2026-10-14T09:12:40.000000Z")
OAK = Process("oak", 1, "1-" + "b" * 32, "2026-10-14T09:12:41.000000Z")
GONE = replace(ELM, ended_at="2026-10-14T09:13:00.000000Z", proof="lock")


def test_who_registered_since_the_backup_is_still_waited_for(case: Case) -> None:
    """It may be frozen, and never say a word: the store that is put back must know of it by itself."""
    with case.running() as rig:
        rig.register(ANNE, BEN)
        elm = put(rig)["incarnation"]
    case.keep()
    with case.running() as rig:
        frozen, ended = put(rig, "oak")["incarnation"], put(rig, "yew")["incarnation"]
        begin(rig, key="elm again", ended=elm)
        assert leave(rig, ended, "yew") == 204
        made = {(one["gateway"], one["number"]) for one in listed(rig)}
    case.put_back()
    with case.running() as rig:
        assert {(one["gateway"], one["number"]) for one in listed(rig)} == made == {("elm", 2), ("oak", 1)}
        decision = withdrawn(rig)
        assert head(rig, elm) == (409, "incarnation_superseded")
        assert head(rig, ended, "yew") == (409, "incarnation_ended")
        elm = begin(rig, key="elm again").json()["incarnation"]
        assert elm.startswith("2-")
        confirm(rig, elm, 1)
        assert seen(rig, decision) == waiting(1, 2)
        assert head(rig, frozen, "oak") == (200, "")
        confirm(rig, frozen, 1, "oak")
        assert seen(rig, decision)["status"] == "effective"
        assert put(rig, "yew")["incarnation"].startswith("2-")


def test_a_line_that_nobody_can_read_may_have_been_somebody_who_sends(case: Case) -> None:
    """Then nothing more becomes effective, until somebody has looked and taken the line away. Nothing else waits."""
    with case.running() as rig:
        rig.register(ANNE)
    case.keep()
    with case.running() as rig:
        put(rig)
    case.put_back()
    file = rig.settings.journal / NAME
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'"elm"', b'"\xff\xff\xff"'))
    with case.running() as rig:
        assert listed(rig) == []
        assert seen(rig, withdrawn(rig)) == waiting(0, 0)
        assert rig.named() == set()
    file.write_bytes(whole)
    with case.running() as rig:
        assert [one["gateway"] for one in listed(rig)] == ["elm"]


def test_a_roll_that_is_new_learns_from_the_store(case: Case) -> None:
    """As after an upgrade, or a crash between the two."""
    with case.running() as rig:
        elm = put(rig)["incarnation"]
        put(rig, "oak")
        fence(rig, 1, "oak")
    roll = case.journal.with_name(NAME)
    roll.unlink()
    case.keep()
    with case.running() as rig:
        assert head(rig, elm) == (200, "")
    rows = [json.loads(line) for line in roll.read_text().splitlines()]
    assert [(row["name"], row["number"], row["proof"]) for row in rows] == [
        ("elm", 1, None),
        ("oak", 1, "process_ended"),
    ]
    with case.running():
        assert len(roll.read_text().splitlines()) == 2


def test_nothing_is_acknowledged_before_it_is_on_the_roll(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    put(rig)
    written = Roll.add
    full: list[int] = [errno.EIO]

    def broken(self: Roll, told: Any) -> None:
        if full:
            raise OSError(full[0], "planted")
        written(self, told)

    monkeypatch.setattr(Roll, "add", broken)
    answer = begin(rig, "oak", key="mine")
    assert (answer.status_code, answer.json()["code"]) == (503, "journal_unavailable")
    assert fence(rig, 1) == 503
    full.clear()
    assert begin(rig, "oak", key="mine").json()["incarnation"].startswith("1-")
    assert fence(rig, 1) == 204


def test_it_says_what_it_was_told(tmp_path: Path) -> None:
    roll = Roll(tmp_path, "store")
    assert roll.read() == {}
    roll.add([])
    assert not roll.file.exists()
    roll.add([ELM, OAK])
    roll.add([GONE])
    roll.add([ELM])  # a registration that was repeated, and came late: an end is for good
    assert roll.read() == {("elm", 1): GONE, ("oak", 1): OAK}
    assert Roll(tmp_path, "another store").read() == {}
    assert oct(roll.file.stat().st_mode & 0o777) == "0o600"


def test_a_torn_line_was_never_acknowledged(tmp_path: Path) -> None:
    roll = Roll(tmp_path, "store")
    roll.add([ELM])
    with roll.file.open("ab") as file:
        file.write(b'{"name": "oak", "numb')
    assert roll.read() == {("elm", 1): ELM}
    roll.add([OAK])
    assert roll.read() == {("elm", 1): ELM, ("oak", 1): OAK}


def test_a_disk_that_takes_half_a_line_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roll = Roll(tmp_path, "store")
    roll.add([ELM])
    whole = os.write
    monkeypatch.setattr(os, "write", lambda handle, data: whole(handle, data[: len(data) // 2]))
    with pytest.raises(OSError, match="part of a line"):
        roll.add([OAK])
    monkeypatch.undo()
    assert roll.read() == {("elm", 1): ELM}
