"""The ledger: nobody can edit it unnoticed, and the projection is what it adds up to."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st

from services.consent.__main__ import MIGRATIONS, main
from services.consent.ledger import Event, chained, genesis
from services.consent.models import METADATA
from services.consent.verify_ledger import Finding, _fault, verify
from shared.contracts.consent import Act, Purpose
from shared.kit.database import Database
from shared.kit.migrating import migrate
from tests.unit.test_consent_rig import CARDIAC, OWN, House, Rig, house, running

__all__ = ["house"]

ANNE, BEN = "9900001", "9900002"
FORGED = (
    "INSERT INTO ledger SELECT {}, subject, programme, purpose, act, basis_id, notice_version, actor, channel, "
    "evidence, valid_from, recorded_at, effect, prev_hash, hash FROM ledger WHERE revision = 4"
)
BROKEN = [  # what somebody with the file does, the first revision that no longer holds, and why
    ("UPDATE ledger SET act = 'given' WHERE revision = 3", 3, "content"),
    ("UPDATE ledger SET effect = NULL WHERE revision = 3", 3, "content"),
    ("UPDATE ledger SET recorded_at = '2020-01-01T00:00:00.000000Z' WHERE revision = 1", 1, "content"),
    ("UPDATE ledger SET evidence = 'form' WHERE revision = 4", 4, "content"),
    ("UPDATE ledger SET hash = prev_hash WHERE revision = 2", 2, "content"),
    ("UPDATE ledger SET prev_hash = hash WHERE revision = 2", 2, "follow"),
    ("DELETE FROM ledger WHERE revision = 2", 2, "missing"),
    ("DELETE FROM ledger WHERE revision = 4", 4, "head"),
    ("DELETE FROM ledger", 1, "head"),
    ("UPDATE ledger SET revision = 9 WHERE revision = 4", 4, "missing"),
    (FORGED.format(5), 5, "follow"),
    ("UPDATE head SET revision = 3", 5, "head"),
    ("UPDATE head SET store_id = 'another'", 1, "follow"),
    ("UPDATE standing SET word = 'given' WHERE gmc = '9900001'", 3, "present decisions"),
    ("DELETE FROM standing WHERE gmc = '9900002'", 4, "present decisions"),
]  # fmt: skip


@pytest.fixture
def written(house: House, tmp_path: Path) -> Rig:
    """A stopped service whose ledger has four entries: Anne asked, given, withdrawn; Ben refused."""
    with running(house, house.settings(tmp_path)) as rig:
        rig.register(ANNE, BEN)
        rig.decide(ANNE, "asked")
        rig.decide(ANNE, "given", if_match=1)
        rig.withdraw(ANNE)
        rig.decide(BEN, "refused")
    return rig


def file_of(rig: Rig) -> Path:
    return rig.settings.data_dir / "consent.sqlite"


def tamper(rig: Rig, statement: str, unguarded: bool = True) -> None:
    with closing(sqlite3.connect(file_of(rig))) as connection, connection:
        if unguarded:
            for trigger in ("ledger_no_update", "ledger_no_delete", "ledger_no_gap"):
                connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)


def test_an_untouched_ledger_holds(written: Rig) -> None:
    assert verify(f"sqlite:///{file_of(written)}") == Finding(4, None, "")


@pytest.mark.parametrize(("statement", "revision", "why"), BROKEN)
def test_every_tampering_is_found_at_its_revision(written: Rig, statement: str, revision: int, why: str) -> None:
    tamper(written, statement)
    finding = verify(f"sqlite:///{file_of(written)}")
    assert (finding.sound, finding.broken) == (False, revision)
    assert why in finding.why


def test_a_deletion_that_renumbers_what_follows_is_found(written: Rig) -> None:
    tamper(written, "DELETE FROM ledger WHERE revision = 2")
    with closing(sqlite3.connect(file_of(written))) as connection, connection:
        for number in (3, 4):
            connection.execute(f"UPDATE ledger SET revision = {number - 1} WHERE revision = {number}")
    assert verify(f"sqlite:///{file_of(written)}").broken == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET act = 'given'",
        "DELETE FROM ledger WHERE revision = 1",
        FORGED.format(6),
        "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE revision = 2",
        "UPDATE policy_file SET body = ''",
        "DELETE FROM policy_file",
    ],
)
def test_the_database_itself_refuses_to_edit_the_past(written: Rig, statement: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=r"append-only|no gaps"):
        tamper(written, statement, unguarded=False)


def test_the_command_says_where_it_broke(
    written: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("data_dir", "people_file", "secrets_dir"):
        monkeypatch.setenv(f"CANDOUR_CONSENT_{name.upper()}", str(getattr(written.settings, name)))
    assert main(["verify-ledger"]) == 0
    assert "4 entries" in capsys.readouterr().out
    tamper(written, "UPDATE ledger SET act = 'given' WHERE revision = 3")
    assert main(["verify-ledger"]) == 1
    assert "broken at revision 3" in capsys.readouterr().out
    monkeypatch.setenv("CANDOUR_CONSENT_DATA_DIR", str(written.settings.data_dir / "empty"))
    assert main(["verify-ledger"]) == 2


def test_a_gap_is_never_served_as_quiet_revisions(written: Rig) -> None:
    tamper(written, "DELETE FROM ledger WHERE revision = 3")
    with running(written.house, written.settings) as rig:
        assert rig.service("/v1/changes", after=0, upto=4).status_code == 500


def test_names_are_not_in_the_ledger(written: Rig) -> None:
    with closing(sqlite3.connect(file_of(written))) as connection:
        rows = connection.execute("SELECT * FROM ledger").fetchall()
    assert not [cell for row in rows for cell in row if "Dr " in str(cell)]


def test_the_policy_in_force_is_kept_with_the_store(written: Rig) -> None:
    with running(written.house, written.settings):
        pass
    with closing(sqlite3.connect(file_of(written))) as connection:
        ((name, body),) = connection.execute("SELECT name, body FROM policy_file").fetchall()
    assert (name, body) == ("demonstration.toml", (written.settings.policy_dir / name).read_text())


def test_the_migrations_make_the_tables_the_models_describe(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'fresh.sqlite'}"
    migrate(url, MIGRATIONS)
    migrate(url, MIGRATIONS)
    database = Database(url)
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    database.close()


def test_the_verifier_imports_nothing_of_the_ledger() -> None:
    source = (MIGRATIONS.parent / "verify_ledger.py").read_text()
    assert "services.consent" not in source


TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
EVENTS = st.builds(
    Event, st.just(ANNE), st.just(CARDIAC), st.just(Purpose(OWN)), st.sampled_from(list(Act)), st.none() | TEXT,
    st.none() | st.integers(1, 9), TEXT, TEXT, st.none() | TEXT, st.just("2026-05-01"),
    st.just("2026-05-01T00:00:00.000000Z"), st.sampled_from([None, "named", "withheld"]),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, max_size=5))
def test_both_encodings_are_one_whatever_the_text(events: list[Event]) -> None:
    previous = genesis("store")
    for entry in chained(events, 0, previous):
        row = json.loads(json.dumps(vars(entry)))
        assert _fault(row, entry.revision, previous) == ""
        previous = entry.hash
