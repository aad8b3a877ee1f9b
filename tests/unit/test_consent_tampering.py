"""A thousand ways to change what was recorded, and none goes unnoticed: in the ledger, in what it adds up to, in its
head, and in the journal; also where whoever does it makes the whole chain anew."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, text

from services.consent.__main__ import main
from services.consent.journal import NAME
from services.consent.verify_ledger import NOTHING, _after, _hashed, _verify, verify
from shared.kit.database import Database
from tests.unit.test_consent_rig import CARDIAC, House, Rig, house, running

__all__ = ["house"]

TAMPERINGS: Final = int(os.environ.get("CANDOUR_TAMPERINGS", "1000"))
SEED: Final = 20131
PEOPLE: Final = [f"99000{number:02}" for number in range(1, 9)]
STORY: Final = [  # act, and whether it may show: then it needs what was seen
    ("asked", False), ("given", True), ("objection_raised", False), ("objection_rejected", True), ("withdrawn", False),
    ("signed_off", True), ("restricted", False), ("released", True), ("rectified", False), ("refused", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> str:
    """What is tampered with is a file, and the service's guards are taken away first."""
    return "sqlite"


@dataclass(frozen=True)
class Written:
    """A stopped service: the database's file, and the folder with its journal."""

    file: Path
    journal: Path

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"


@pytest.fixture(scope="module")
def written(house: House, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Eight people with all that can be decided about them, one of them erased."""
    settings = house.settings(tmp_path_factory.mktemp("written"))
    with running(house, settings) as rig:
        rig.register(*PEOPLE)
        for number, (act, shows) in enumerate(STORY * 5):
            _do(rig, PEOPLE[number * 3 % len(PEOPLE)], act, shows)
        assert (
            rig.officer("POST", f"/v1/consultants/{PEOPLE[0]}/erasure", json={"channel": "letter"}).status_code == 200
        )
        assert rig.revision() > 30
    return Written(settings.data_dir / "consent.sqlite", settings.journal)


def _do(rig: Rig, gmc: str, act: str, shows: bool) -> None:
    """What cannot be done as the case stands is not done: others can."""
    seen = int(rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"')) if shows else None
    if act == "withdrawn":
        rig.withdraw(gmc)
    elif act in {"asked", "given", "refused"}:
        more: dict[str, Any] = {"evidence": f"letter {gmc}", "reason": "privacy" if act == "refused" else None}
        scope = {"scope": {"first": "2013-04-01"}} if act == "given" and gmc > PEOPLE[4] else {}
        notice = {"notice": {"version": 1}} if act == "asked" else {}
        rig.decide(gmc, act, seen, **{k: v for k, v in more.items() if v}, **scope, **notice)
    else:
        body = {"programme": CARDIAC, "purpose": "own_figures", "act": act, "channel": "letter", "evidence": "words"}
        headers = {"If-Match": f'"{seen}"'} if shows else {}
        rig.officer("POST", f"/v1/consultants/{gmc}/rights", json=body, headers=headers)


# What somebody with the files can do

Row = dict[str, Any]


@dataclass
class Hand:
    """Somebody with the files and a seed. Each way of tampering says what it did."""

    connection: Connection
    journal: Path
    dice: random.Random

    def rows(self) -> list[Row]:
        found = self.connection.execute(text("SELECT * FROM ledger ORDER BY revision")).mappings()
        return [dict(row) for row in found]

    def run(self, statement: str, **values: Any) -> None:
        self.connection.execute(text(statement), values)

    def write(self, rows: list[Row]) -> None:
        """These entries and no others."""
        self.run("DELETE FROM ledger")
        for row in rows:
            names = ", ".join(row)
            self.run(f"INSERT INTO ledger ({names}) VALUES ({', '.join(':' + name for name in row)})", **row)

    def rechain(self, rows: list[Row]) -> list[Row]:
        """With hashes that fit, as whoever knows the law can make them."""
        previous = hashlib.sha256(f"candour consent ledger {self.store_id()}".encode()).hexdigest()
        made = []
        for number, row in enumerate(rows, 1):
            entry = row | {"revision": number, "prev_hash": previous}
            previous = entry["hash"] = _hashed(entry)
            made.append(entry)
        return made

    def store_id(self) -> str:
        return str(self.connection.execute(text("SELECT store_id FROM head")).scalar_one())

    def consistent(self, rows: list[Row]) -> None:
        """Ledger, head and standings as if it had always been so."""
        made = self.rechain(rows)
        self.write(made)
        self.run("UPDATE head SET revision = :number, ledger_head = :hash", number=len(made), hash=made[-1]["hash"])
        stands: dict[tuple[Any, ...], Row] = {}
        for row in made:
            person = (row["subject"], row["programme"], row["purpose"])
            stands[person] = _after(stands.get(person, NOTHING), row)
        self.run("DELETE FROM standing")
        for person, row in stands.items():
            whole = dict(zip(("subject", "programme", "purpose"), person, strict=True)) | row
            names = ", ".join(whole)
            marks = ", ".join(f":{name}" for name in whole)
            self.run(f"INSERT INTO standing ({names}) VALUES ({marks})", **whole)


def flipped(dice: random.Random, value: Any) -> Any:
    """The value with one bit of it another one."""
    if value is None:
        return "x"
    if isinstance(value, int):
        return value ^ (1 << dice.randrange(16))
    if not value:
        return "x"
    place, bit = dice.randrange(len(value)), dice.randrange(7)
    mark = chr(ord(value[place]) ^ (1 << bit)) or "x"
    return value[:place] + ("x" if mark == "\0" else mark) + value[place + 1 :]


def flip(hand: Hand) -> str:
    row = hand.dice.choice(hand.rows())
    name = hand.dice.choice([one for one in row if one != "revision"])
    value = flipped(hand.dice, row[name])
    hand.run(f"UPDATE ledger SET {name} = :value WHERE revision = :at", value=value, at=row["revision"])
    return f"flip {name} of {row['revision']}"


def renumber(hand: Hand) -> str:
    at = hand.dice.randint(1, len(hand.rows()))
    to = hand.dice.choice([-1, 0, len(hand.rows()) + hand.dice.randint(1, 9)])
    hand.run("UPDATE ledger SET revision = :to WHERE revision = :at", to=to, at=at)
    return f"renumber {at} to {to}"


def delete(hand: Hand) -> str:
    at = hand.dice.randint(1, len(hand.rows()))
    hand.run("DELETE FROM ledger WHERE revision = :at", at=at)
    return f"delete {at}"


def truncate(hand: Hand) -> str:
    at = hand.dice.randint(0, len(hand.rows()) - 1)
    hand.run("DELETE FROM ledger WHERE revision > :at", at=at)
    if hand.dice.random() < 0.5 and at:  # and moves the head back with it
        hand.run("UPDATE head SET revision = :at, ledger_head = (SELECT hash FROM ledger WHERE revision = :at)", at=at)
    return f"truncate after {at}"


def swap(hand: Hand) -> str:
    rows = hand.rows()
    a, b = hand.dice.sample(range(len(rows)), 2)
    rows[a], rows[b] = rows[b] | {"revision": a + 1}, rows[a] | {"revision": b + 1}
    hand.write(rows)
    return f"swap {a + 1} and {b + 1}"


def insert(hand: Hand) -> str:
    """A further entry that fits the chain, or a copy; the head as it was."""
    rows = hand.rows()
    copied = dict(hand.dice.choice(rows)) | {"revision": len(rows) + 1}
    if hand.dice.random() < 0.5:
        copied |= {"prev_hash": rows[-1]["hash"], "act": "given"}
        copied["hash"] = _hashed(copied)
    hand.write([*rows, copied])
    return "insert at the end"


def head(hand: Hand) -> str:
    row = dict(hand.connection.execute(text("SELECT store_id, revision, ledger_head FROM head")).mappings().one())
    name = hand.dice.choice(list(row))
    hand.run(f"UPDATE head SET {name} = :value", value=flipped(hand.dice, row[name]))
    return f"head {name}"


def standing(hand: Hand) -> str:
    """What gateways and ratings are told from: alone."""
    rows = [dict(row) for row in hand.connection.execute(text("SELECT * FROM standing")).mappings()]
    row, way = hand.dice.choice(rows), hand.dice.random()
    where = "subject = :subject AND programme = :programme AND purpose = :purpose"
    key = {name: row[name] for name in ("subject", "programme", "purpose")}
    if way < 0.1:
        hand.run(f"DELETE FROM standing WHERE {where}", **key)
        return "delete a standing"
    if way < 0.2:
        names = ", ".join(row)
        marks = ", ".join(f":{name}" for name in row)
        hand.run(f"INSERT INTO standing ({names}) VALUES ({marks})", **row | {"subject": "p-" + "0" * 32})
        return "add a standing"
    name = hand.dice.choice(["word", "objection", "restricted", "signed_off", *row])
    hand.run(f"UPDATE standing SET {name} = :value WHERE {where}", value=flipped(hand.dice, row[name]), **key)
    return f"standing {name}"


def history(hand: Hand) -> str:
    """Another past, whole in itself: only the journal knows better."""
    rows, way = hand.rows(), hand.dice.random()
    at = hand.dice.randrange(len(rows))
    if way < 0.3:
        rows = rows[: max(1, at)]
    elif way < 0.5:
        del rows[at]
    elif way < 0.7:
        rows[at] = rows[at] | {"act": "given" if rows[at]["act"] != "given" else "refused"}
    elif way < 0.9:
        rows[at] = rows[at] | {"actor": "somebody-else"}
    else:
        rows.append(rows[at])
    hand.consistent(rows)
    return "another history"


def journal(hand: Hand) -> str:
    file, dice = hand.journal / NAME, hand.dice
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    way = dice.random()
    if way < 0.6:
        at, bit = dice.randrange(len(whole)), dice.randrange(8)
        file.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << bit)]) + whole[at + 1 :])
        return f"journal bit {bit} of byte {at}"
    if way < 0.7:
        del lines[dice.randrange(len(lines))]
    elif way < 0.8:
        a, b = dice.sample(range(len(lines)), 2)
        lines[a], lines[b] = lines[b], lines[a]
    elif way < 0.9:
        lines = lines[: dice.randrange(1, len(lines))]
    elif way < 0.95:
        lines.append(dice.choice(lines))
    else:
        file.unlink()
        return "journal gone"
    file.write_bytes(b"".join(lines))
    return "journal lines"


WAYS: Final[list[tuple[Callable[[Hand], str], int]]] = [
    (flip, 350), (renumber, 30), (delete, 60), (truncate, 60), (swap, 60), (insert, 40), (head, 60), (standing, 120),
    (history, 60), (journal, 160),
]  # fmt: skip


@pytest.fixture
def laid_open(written: Written, tmp_path: Path) -> Iterator[tuple[Connection, Written]]:
    """A copy whose guards are gone; what is done to the database is undone after each."""
    copy = Written(tmp_path / "consent.sqlite", tmp_path / "journal")
    shutil.copy(written.file, copy.file)
    shutil.copytree(written.journal, copy.journal)
    database = Database(copy.url)
    with database.engine.connect() as connection:
        for trigger in ("ledger_no_update", "ledger_no_delete", "ledger_no_gap"):
            connection.execute(text(f"DROP TRIGGER {trigger}"))
        connection.commit()
        yield connection, copy
    database.close()


def test_what_nobody_touched_holds(written: Written) -> None:
    finding = verify(written.url, written.journal)
    assert (finding.broken, finding.why, finding.behind) == (None, "", False)
    assert finding.entries > 30


def test_every_tampering_is_found(laid_open: tuple[Connection, Written]) -> None:
    connection, copy = laid_open
    kept = (copy.journal / NAME).read_bytes()
    dice = random.Random(SEED)
    missed, ways = [], {way.__name__: 0 for way, _ in WAYS}
    for number in range(TAMPERINGS):
        (way,) = dice.choices([way for way, _ in WAYS], [weight for _, weight in WAYS])
        done = way(Hand(connection, copy.journal, dice))
        ways[way.__name__] += 1
        if _verify(connection, copy.journal).sound:
            missed.append((number, done))
        connection.rollback()
        (copy.journal / NAME).write_bytes(kept)
    assert missed == []
    assert all(ways.values()), ways
    assert _verify(connection, copy.journal).sound  # each was undone: none was found because of another


def test_the_command_finds_it_in_files(written: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On copies, as an operator runs it."""
    shutil.copy(written.file, tmp_path / "consent.sqlite")
    shutil.copytree(written.journal, tmp_path / "journal")
    monkeypatch.setenv("CANDOUR_CONSENT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CANDOUR_CONSENT_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CANDOUR_CONSENT_PEOPLE_FILE", str(tmp_path / "people.json"))
    monkeypatch.setattr("services.consent.__main__.BETWEEN_SECONDS", 0.0)
    assert main(["verify-ledger"]) == 0
    lines = (tmp_path / "journal" / NAME).read_bytes().splitlines(keepends=True)
    (tmp_path / "journal" / NAME).write_bytes(b"".join(lines[:-1]))
    assert main(["verify-ledger"]) == 1
    (tmp_path / "journal" / NAME).write_bytes(b"".join(lines))
    assert main(["verify-ledger"]) == 0
    database = Database(f"sqlite:///{tmp_path / 'consent.sqlite'}")
    with database.transaction() as session:
        session.execute(text("UPDATE standing SET restricted = 1 - restricted"))
    database.close()
    assert main(["verify-ledger"]) == 1


def test_a_journal_that_is_still_being_written_is_only_behind(written: Written, tmp_path: Path) -> None:
    shutil.copytree(written.journal, tmp_path / "journal")
    file = tmp_path / "journal" / NAME
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]) + lines[-1][:20])  # torn: never acknowledged
    finding = verify(written.url, tmp_path / "journal")
    assert (finding.broken, finding.behind) == (len(lines) - 1, True)
    assert json.loads(lines[0])["journal"]
