"""The ledger: nobody can edit it unnoticed, and the projection is what it adds up to."""

import hashlib
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
    "evidence, valid_from, recorded_at, effect, prev_hash, hash, scope_from, scope_to, reason, notice_sha256, "
    "assurance, body FROM ledger WHERE revision = 4"
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
    ("UPDATE ledger SET reason = 'other' WHERE revision = 4", 4, "content"),
    ("UPDATE ledger SET notice_sha256 = NULL WHERE revision = 2", 2, "content"),
    ("UPDATE standing SET word = 'given' WHERE revision = 3", 3, "present decisions"),
    ("DELETE FROM standing WHERE revision = 4", 4, "present decisions"),
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


def test_neither_names_nor_numbers_are_in_the_ledger_and_names_are_sealed(written: Rig) -> None:
    cells = [cell for row in rows_of(written, "ledger") for cell in row.values()]
    assert len(cells) > 4
    assert not [cell for cell in cells if "Dr " in str(cell) or ANNE in str(cell) or BEN in str(cell)]
    people = rows_of(written, "consultant")
    assert {one["gmc"] for one in people} == {ANNE, BEN}
    assert not [one for one in people if "Dr " in one["name"]]
    with running(written.house, written.settings) as rig:
        assert rig.officer("GET", f"/v1/consultants/{ANNE}").json()["name"] == f"Dr {ANNE}"


def test_an_auditor_can_check_the_chain_elsewhere(written: Rig) -> None:
    """From what the service gives away, by the law as it is written down and nothing else."""
    with running(written.house, written.settings) as rig:
        auditor = rig.house.person("auditor")
        page = rig.client.get("/v1/audit", auth=auditor).json()
        rest = rig.client.get("/v1/audit", params={"after": 3}, auth=auditor).json()
    previous = hashlib.sha256(f"candour consent ledger {page['store_id']}".encode()).hexdigest()
    always = {"basis_id": None, "notice_version": None, "evidence": None, "effect": None}
    for entry in page["entries"]:
        told = entry.pop("hash")
        assert entry["prev_hash"] == previous
        encoded = json.dumps(always | entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(encoded.encode()).hexdigest()
        assert previous == told
    assert page["ledger_head"] == f"sha256:{previous}"
    assert [one["revision"] for one in rest["entries"]] == [4]


def test_names_from_before_are_sealed_before_the_first_answer(written: Rig) -> None:
    tamper(written, f"UPDATE consultant SET name = 'Dr Clear', key = NULL WHERE gmc = '{ANNE}'")
    with running(written.house, written.settings) as rig:
        assert rig.officer("GET", f"/v1/consultants/{ANNE}").json()["name"] == "Dr Clear"
    assert not [one for one in rows_of(written, "consultant") if "Dr " in one["name"] or not one["key"]]


def test_evidence_is_a_digest_in_the_ledger_and_its_words_are_sealed(house: House, tmp_path: Path) -> None:
    words = "letter 17, cupboard 4"
    with running(house, house.settings(tmp_path)) as rig:
        rig.register(ANNE)
        rig.decide(ANNE, "refused", evidence=words)
    (entry,) = rows_of(rig, "ledger")
    assert entry["evidence"] == "sha256:" + hashlib.sha256(words.encode()).hexdigest()
    (kept,) = rows_of(rig, "evidence")
    assert words not in str(kept)


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
    Event, subject=st.just(ANNE), programme=st.just(CARDIAC), purpose=st.sampled_from([Purpose(OWN), "*"]),
    act=st.sampled_from(list(Act)), basis_id=st.none() | TEXT, notice_version=st.none() | st.integers(1, 9), actor=TEXT,
    channel=TEXT, evidence=st.none() | TEXT, valid_from=st.just("2026-05-01"),
    recorded_at=st.just("2026-05-01T00:00:00.000000Z"), effect=st.sampled_from([None, "named", "withheld"]),
    scope_from=st.none() | st.just("2012-01-01"), scope_to=st.none() | st.just("2012-12-31"), reason=st.none() | TEXT,
    notice_sha256=st.none() | TEXT, assurance=st.none() | TEXT, body=st.none() | TEXT,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENTS, max_size=5))
def test_both_encodings_are_one_whatever_the_text(events: list[Event]) -> None:
    previous = genesis("store")
    for entry in chained(events, 0, previous):
        row = json.loads(json.dumps(vars(entry)))
        assert _fault(row, entry.revision, previous) == ""
        previous = entry.hash
