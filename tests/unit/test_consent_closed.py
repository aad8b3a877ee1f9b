"""A store that is not the one of its journal answers nothing, says what to do, and opens by itself once it is."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.consent.__main__ import main
from services.consent.journal import NAME
from services.consent.verify_ledger import verify
from shared.kit.postgresql import plain_url
from tests.unit.test_consent_rig import CARDIAC, THYROID, House, Rig, eventually, house, running

__all__ = ["house"]

STANDINGS = "SELECT * FROM standing ORDER BY subject, programme, purpose"
ANNE, BEN, CARA, DORA = "9900001", "9900002", "9900003", "9900004"


@dataclass
class Case:
    """A service's data of either engine, that can be set back to how it was."""

    house: House
    data_dir: Path

    def __post_init__(self) -> None:
        self.settings = self.house.settings(self.data_dir)
        self.kept = b""

    @contextmanager
    def running(self) -> Iterator[Rig]:
        with running(self.house, self.settings) as rig:
            yield rig

    def keep(self) -> None:
        """Remember the stopped store as it is now."""
        server = self.house.stores.server
        if server is None:
            self.kept = (self.data_dir / "consent.sqlite").read_bytes()
        else:
            self.copy = server.new_database(self._name)
            self.house.stores.made.append(self.copy)

    def put_back(self) -> None:
        """The store as it was kept; the journal stays."""
        server = self.house.stores.server
        if server is None:
            for ending in ("-wal", "-shm"):
                (self.data_dir / f"consent.sqlite{ending}").unlink(missing_ok=True)
            (self.data_dir / "consent.sqlite").write_bytes(self.kept)
        else:
            server.drop_database(self._name)
            server.execute(f"CREATE DATABASE {self._name} TEMPLATE {self.copy}")

    def execute(self, statement: str) -> list[Any]:
        if self.house.stores.server is None:
            with closing(sqlite3.connect(self.data_dir / "consent.sqlite")) as connection, connection:
                return connection.execute(statement).fetchall()
        with psycopg.connect(plain_url(self.settings.database_url), autocommit=True) as server:
            found = server.execute(statement.encode())
            return found.fetchall() if found.description else []

    @property
    def _name(self) -> str:
        return self.settings.database_url.rpartition("/")[2]

    @property
    def journal(self) -> Path:
        return self.settings.journal / NAME

    def replay(self, monkeypatch: pytest.MonkeyPatch) -> int:
        for name in ("data_dir", "people_file", "secrets_dir"):
            monkeypatch.setenv(f"CANDOUR_CONSENT_{name.upper()}", str(getattr(self.settings, name)))
        if self.settings.database_url:
            monkeypatch.setenv("CANDOUR_CONSENT_DATABASE_URL", self.settings.database_url)
        return main(["replay-journal"])


@pytest.fixture
def case(house: House, tmp_path: Path) -> Iterator[Case]:
    with house.stores.swept():
        yield Case(house, tmp_path / "data")


def seen(rig: Rig) -> dict[str, Any]:
    """All that neighbours and officers are told."""
    numbers = (ANNE, BEN, CARA)
    return {
        "head": rig.service("/v1/head").json(),
        "changes": rig.service("/v1/changes", after=0, upto=rig.revision()).json(),
        "named": sorted(rig.named()),
        "records": {gmc: rig.officer("GET", f"/v1/consultants/{gmc}").json() for gmc in numbers},
        "tags": {gmc: rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"] for gmc in numbers},
    }


def first_day(rig: Rig) -> None:
    rig.register(ANNE, BEN, CARA)
    rig.decide(ANNE, "given", if_match=0)
    rig.decide(BEN, "given", if_match=0)


def second_day(rig: Rig) -> None:
    rig.decide(CARA, "asked")
    rig.withdraw(ANNE, key="of-anne")
    rig.decide(CARA, "given", if_match=3)
    rig.decide(BEN, "refused")
    rig.decide(BEN, "given", if_match=6)


def assert_closed(rig: Rig, *words: str) -> None:
    """Everything but health is 503, and ready says why."""
    officer, gateway = rig.house.person("officer"), rig.house.service("gateway")
    known = {"params": {"gateway": "elm", "incarnation": "1-" + "0" * 32}}
    answers = [
        rig.service("/v1/head"), rig.service("/v1/changes", after=0, upto=0), rig.service("/v1/permissions"),
        rig.service("/v1/programmes"), rig.withdraw(ANNE), rig.decide(ANNE, "asked"),
        rig.officer("GET", "/v1/consultants"), rig.officer("GET", f"/v1/consultants/{ANNE}"),
        rig.officer("GET", "/v1/imports/i-none"), rig.officer("GET", "/v1/gateways"),
        rig.client.post("/v1/imports?kind=register", auth=officer, content=b"gmc,name,programme\n",
                        headers={"Content-Type": "text/csv"}),
        rig.client.get("/v1/head", auth=gateway, **known),
        rig.client.put("/v1/gateways/elm", auth=gateway),
        rig.client.post("/v1/gateways/elm/confirmations", auth=gateway,
                        json={"incarnation": "1-" + "0" * 32, "applied": 0}),
    ]  # fmt: skip
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "consent_closed")}
    assert rig.client.get("/health/live").status_code == 200
    ready = rig.client.get("/health/ready")
    assert ready.status_code == 503
    for word in words:
        assert word in ready.json()["reason"]
        assert word in answers[0].json()["detail"]
    assert str(rig.settings.journal) not in ready.text  # health is public


def test_an_older_store_stays_closed_until_its_journal_is_replayed(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with case.running() as rig:
        first_day(rig)
    case.keep()
    with case.running() as rig:
        second_day(rig)
        before = seen(rig)
        receipt = rig.withdraw(ANNE, key="of-anne").json()
        standings, named = case.execute(STANDINGS), rig.named()
    case.put_back()
    with case.running() as rig:
        assert_closed(rig, "revision 2", "at 7", "replay-journal")
        assert case.replay(monkeypatch) == 0
        assert "was at revision 2 and is at 7" in capfd.readouterr().out
        eventually(lambda: rig.client.get("/health/ready").status_code, lambda status: status == 200)
        assert seen(rig) == before
        assert case.execute(STANDINGS) == standings  # also what was last announced, which decides about later effects
        again = rig.withdraw(ANNE, key="of-anne").json()  # the backup has no such key: recorded once more
        assert (again["revision"], again["decision"] == receipt["decision"], rig.named()) == (8, False, named)
        assert rig.decide(CARA, "refused", if_match=5).json()["revision"] == 9
    assert verify(case.settings.database("consent")).sound
    assert case.replay(monkeypatch) == 0
    assert "Nothing is missing at 9" in capfd.readouterr().out


def test_people_registered_after_the_backup_are_hidden_and_get_their_revision_back(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    with case.running() as rig:
        first_day(rig)
    case.keep()
    with case.running() as rig:
        rig.register(DORA)
        rig.decide(DORA, "given", if_match=0)
        rig.withdraw(DORA)
        changes = rig.changes()
    case.put_back()
    assert case.replay(monkeypatch) == 0
    assert verify(case.settings.database("consent")).sound
    with case.running() as rig:
        assert rig.changes() == changes
        assert DORA not in rig.named()
        assert rig.officer("GET", f"/v1/consultants/{DORA}").status_code == 404
        assert rig.withdraw(DORA).json()["revision"] == 5  # the ledger knows them; a withdrawal is not refused
        assert rig.withdraw("9999999").status_code == 404
        rig.register(DORA)
        assert rig.officer("GET", f"/v1/consultants/{DORA}").headers["ETag"] == '"5"'
        assert rig.decide(DORA, "given", if_match=4).status_code == 412  # a grant from before cannot land
        assert rig.decide(DORA, "given", if_match=5).status_code == 202
        rig.register(DORA, programme=THYROID)


def test_another_history_is_refused_by_service_and_verb(
    case: Case, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The store was restored, its journal put aside, and both went on."""
    with case.running() as rig:
        first_day(rig)
    case.keep()
    with case.running() as rig:
        second_day(rig)
    journal = case.journal.read_bytes()
    case.put_back()
    case.journal.unlink()
    case.execute("DELETE FROM journal")
    with case.running() as rig:
        rig.withdraw(CARA)
    case.journal.write_bytes(journal)
    with case.running() as rig:
        assert_closed(rig, "two histories")
    before = case.execute("SELECT revision, ledger_head FROM head")
    assert case.replay(monkeypatch) == 2
    assert "two histories" in capfd.readouterr().err
    assert case.execute("SELECT revision, ledger_head FROM head") == before
    for number in range(5):  # also once it is longer than the journal
        case.journal.unlink(missing_ok=True)
        case.execute("DELETE FROM journal")
        with case.running() as rig:
            rig.decide(BEN, "asked" if number % 2 else "refused")
    case.journal.write_bytes(journal)
    with case.running() as rig:
        assert_closed(rig, "two histories")
    assert case.replay(monkeypatch) == 2


def test_a_journal_that_is_lost_closes_and_one_that_is_put_back_opens(case: Case) -> None:
    with case.running() as rig:
        first_day(rig)
    aside = case.journal.rename(case.journal.with_name("aside"))
    with case.running() as rig:
        assert_closed(rig, "volume mounted")
        assert not case.journal.exists()  # nothing is begun beside the one that is missing
        aside.rename(case.journal)
        eventually(lambda: rig.client.get("/health/ready").status_code, lambda status: status == 200)
        assert rig.withdraw(ANNE).status_code == 202
        case.journal.unlink()  # while it runs
        assert rig.withdraw(BEN).json()["code"] == "consent_closed"
        assert case.execute("SELECT revision FROM head") == [(3,)]  # refused before it was committed
        assert_closed(rig)
        eventually(lambda: rig.client.get("/health/ready").json()["reason"], lambda why: "volume mounted" in why)


def test_a_journal_of_another_store_closes(case: Case, tmp_path: Path) -> None:
    other = Case(case.house, tmp_path / "other")
    other.settings = case.house.settings(other.data_dir, database_url=case.house.stores.empty(tmp_path))
    with other.running() as rig:
        rig.register(ANNE)
    with case.running() as rig:
        rig.register(ANNE)
    case.journal.write_bytes(other.journal.read_bytes())
    with case.running() as rig:
        assert_closed(rig, "two histories")


def test_a_store_set_back_under_a_running_service_closes_it(case: Case) -> None:
    """Nothing may be written on top of the older ledger: that would make two histories of one."""
    with case.running() as rig:
        first_day(rig)
    case.keep()
    with case.running() as rig:
        second_day(rig)
        store = rig.client.app.state.office.store  # type: ignore[attr-defined]  # a FastAPI application
        store.database.close()
        store.heads.database.close()
        case.put_back()
        answers: list[Callable[[], Any]] = [lambda: rig.withdraw(BEN), lambda: rig.service("/v1/head")]
        for ask in answers:
            assert eventually(ask, lambda answer: answer.status_code == 503).status_code == 503
        eventually(lambda: rig.service("/v1/head").json().get("code"), lambda code: code == "consent_closed")
    assert case.execute("SELECT revision FROM head")[0][0] == 2


def test_a_ledger_ahead_of_its_journal_is_written_down_before_anything_is_answered(case: Case) -> None:
    """As after a crash between commit and journal, or with a journal from an older backup."""
    with case.running() as rig:
        first_day(rig)
        journal = case.journal.read_bytes()
        second_day(rig)
    whole = case.journal.read_bytes()
    case.journal.write_bytes(journal)
    with case.running() as rig:
        assert rig.revision() == 7
        assert case.journal.read_bytes() == whole


def test_a_store_from_before_this_version_begins_a_journal_by_itself(case: Case) -> None:
    with case.running() as rig:
        first_day(rig)
    whole = case.journal.read_bytes()
    case.journal.unlink()
    case.execute("DELETE FROM journal")  # as migration 0002 leaves it
    with case.running() as rig:
        assert rig.client.get("/health/ready").status_code == 200
        assert case.journal.read_bytes() == whole
    case.journal.unlink()
    with case.running() as rig:
        assert_closed(rig, "volume mounted")
        assert CARDIAC not in rig.client.get("/health/ready").text
