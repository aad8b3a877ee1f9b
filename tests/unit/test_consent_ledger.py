"""The ledger: nobody can edit it unnoticed, and the projection is what it adds up to."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.consent.__main__ import MIGRATIONS, main
from services.consent.ledger import Event, chained, genesis
from services.consent.verify_ledger import Finding, _fault, verify
from shared.contracts.consent import Act, Purpose
from shared.kit.database import Database
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


UNGUARD = {  # what whoever owns the database can do
    "sqlite": [f"DROP TRIGGER ledger_no_{what}" for what in ("update", "delete", "gap")],
    "postgresql": ["ALTER TABLE ledger DISABLE TRIGGER USER"],
}


def url_of(rig: Rig) -> str:
    return rig.settings.database("consent")


def tamper(rig: Rig, *statements: str, unguarded: bool = True) -> None:
    database = Database(url_of(rig))
    try:
        with database.transaction() as session:
            for statement in (*(UNGUARD[database.engine.dialect.name] if unguarded else ()), *statements):
                session.execute(text(statement))
    finally:
        database.close()


def rows_of(rig: Rig, table: str) -> list[dict[str, Any]]:
    database = Database(url_of(rig))
    with database.reading() as session:
        found = [dict(row) for row in session.execute(text(f"SELECT * FROM {table}")).mappings()]
    database.close()
    return found


def test_an_untouched_ledger_holds(written: Rig) -> None:
    assert verify(url_of(written)) == Finding(4, None, "")


@pytest.mark.parametrize(("statement", "revision", "why"), BROKEN)
def test_every_tampering_is_found_at_its_revision(written: Rig, statement: str, revision: int, why: str) -> None:
    tamper(written, statement)
    finding = verify(url_of(written))
    assert (finding.sound, finding.broken) == (False, revision)
    assert why in finding.why


def test_a_deletion_that_renumbers_what_follows_is_found(written: Rig) -> None:
    moved = (f"UPDATE ledger SET revision = {number - 1} WHERE revision = {number}" for number in (3, 4))
    tamper(written, "DELETE FROM ledger WHERE revision = 2", *moved)
    assert verify(url_of(written)).broken == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET act = 'given'",
        "DELETE FROM ledger WHERE revision = 1",
        FORGED.format(6),
        "INSERT INTO ledger SELECT * FROM ledger WHERE revision = 2 ON CONFLICT (revision) DO UPDATE SET act = 'given'",
        "UPDATE policy_file SET body = ''",
        "DELETE FROM policy_file",
    ],
)
def test_the_database_itself_refuses_to_edit_the_past(written: Rig, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"append-only|no gaps"):
        tamper(written, statement, unguarded=False)


def test_what_only_one_engine_can_do_to_the_past_is_refused_too(written: Rig, engine: str) -> None:
    only = {
        "sqlite": "INSERT OR REPLACE INTO ledger SELECT * FROM ledger WHERE revision = 2",
        "postgresql": "TRUNCATE ledger",
    }
    with pytest.raises(DBAPIError, match=r"append-only|no gaps"):
        tamper(written, only[engine], unguarded=False)


def test_the_command_says_where_it_broke(
    written: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("data_dir", "people_file", "secrets_dir", "database_url"):
        monkeypatch.setenv(f"CANDOUR_CONSENT_{name.upper()}", str(getattr(written.settings, name)))
    assert main(["verify-ledger"]) == 0
    assert "4 entries" in capsys.readouterr().out
    tamper(written, "UPDATE ledger SET act = 'given' WHERE revision = 3")
    assert main(["verify-ledger"]) == 1
    assert "broken at revision 3" in capsys.readouterr().out
    monkeypatch.setenv("CANDOUR_CONSENT_DATA_DIR", str(written.settings.data_dir / "empty"))
    monkeypatch.setenv("CANDOUR_CONSENT_DATABASE_URL", written.house.stores.empty(written.settings.data_dir))
    assert main(["verify-ledger"]) == 2


def test_a_gap_is_never_served_as_quiet_revisions(written: Rig) -> None:
    tamper(written, "DELETE FROM ledger WHERE revision = 3")
    with running(written.house, written.settings) as rig:
        assert rig.service("/v1/changes", after=0, upto=4).status_code == 500


def test_names_are_not_in_the_ledger(written: Rig) -> None:
    cells = [cell for row in rows_of(written, "ledger") for cell in row.values()]
    assert len(cells) > 4
    assert not [cell for cell in cells if "Dr " in str(cell)]


def test_the_policy_in_force_is_kept_with_the_store(written: Rig) -> None:
    with running(written.house, written.settings):
        pass
    (kept,) = rows_of(written, "policy_file")
    name = "demonstration.toml"
    assert (kept["name"], kept["body"]) == (name, (written.settings.policy_dir / name).read_text())


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
