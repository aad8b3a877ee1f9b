"""`candour secrets`: makes what is missing, replaces without a gap, and never touches what people are known by."""

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.operations.credentials import FILES, KEYS, PASSWORDS, TWICE, USER
from services.gateway.api.cursors import Cursors
from services.gateway.api.problems import CursorNotValid
from shared.kit.auth import Identity
from shared.kit.problems import NotSignedIn
from shared.kit.secretfiles import accepted_secrets, read_secret
from shared.kit.tokens import ServiceToken


def candour(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["secrets", *map(str, arguments)], env={"COLUMNS": "1000"})
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, for it takes seconds: the passwords are hashed as in production."""
    folder = tmp_path_factory.mktemp("made")
    candour("make", folder / "secrets", "--accounts", folder / "accounts.json")
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Each test has its own copy."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return tmp_path / "secrets"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_everything_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    told = candour("make", folder, "--accounts", tmp_path / "accounts.json")
    accounts = json.loads((tmp_path / "accounts.json").read_text())
    assert all(password in told for password in accounts.values())
    made = content(folder)
    empty = {f"{name}.previous.{'key' if name in KEYS else 'password'}" for name in TWICE}
    assert {name for name, text in made.items() if not text} == empty
    assert made.keys() == {*FILES.values(), *empty, "people.json"}
    values = [made[FILES[name]] for name in (*KEYS, *PASSWORDS)]
    assert len(set(values)) == len(values)
    assert "nothing was made" in candour("make", folder)
    assert content(folder) == made


def test_only_what_is_missing_is_made(folder: Path) -> None:
    before = content(folder)
    (folder / "gateway-consent.key").unlink()
    assert "made 1 files" in candour("make", folder)
    after = content(folder)
    assert after.pop("gateway-consent.key") != before.pop("gateway-consent.key")
    assert after == before


def test_only_the_containers_user_may_read(made: Path) -> None:
    for path in (made / "secrets").iterdir():
        status = path.stat()
        assert oct(status.st_mode & 0o777) == "0o400", path.name
        assert status.st_uid == (USER if os.geteuid() == 0 else os.geteuid())


def test_a_pair_is_replaced_without_a_gap(folder: Path) -> None:
    def consent() -> Identity:
        return Identity.from_files("consent", ("gateway",), folder, folder / "people.json")

    def signed(secret: bytes) -> str:
        return ServiceToken("gateway", "consent", secret).header().removeprefix("Bearer ")

    old = read_secret(folder, "gateway-consent")
    running = consent()
    told = candour("rotate", "gateway-consent", "--dir", folder)
    new = read_secret(folder, "gateway-consent")
    assert new != old
    assert told.index("force-recreate consent") < told.index("force-recreate gateway-1") < told.index("secrets retire")
    assert running.service_of(signed(old)).name == "gateway"
    restarted = consent()
    assert restarted.service_of(signed(old)).name == restarted.service_of(signed(new)).name == "gateway"
    candour("retire", "gateway-consent", "--dir", folder)
    assert consent().service_of(signed(new)).name == "gateway"
    with pytest.raises(NotSignedIn):
        consent().service_of(signed(old))


def test_cursors_outlive_their_secret_for_a_while(folder: Path) -> None:
    cursor = Cursors(*accepted_secrets(folder, "gateway-cursor")).write("2026-09-30", "q", ("a", "1"))
    candour("rotate", "gateway-cursor", "--dir", folder)
    both = Cursors(*accepted_secrets(folder, "gateway-cursor"))
    assert both.read(cursor, "2026-09-30", "q") == ("a", "1")
    newer = both.write("2026-09-30", "q", ("a", "1"))
    assert newer != cursor
    candour("retire", "gateway-cursor", "--dir", folder)
    after = Cursors(*accepted_secrets(folder, "gateway-cursor"))
    assert after.read(newer, "2026-09-30", "q") == ("a", "1")
    with pytest.raises(CursorNotValid):
        after.read(cursor, "2026-09-30", "q")


def test_two_rotations_at_once_would_cut_somebody_off(folder: Path) -> None:
    candour("rotate", "ratings-ingest", "--dir", folder)
    before = content(folder)
    assert "Retire it first" in candour("rotate", "ratings-ingest", "--dir", folder, code=1)
    assert content(folder) == before


def test_a_rotation_that_ended_half_way_goes_on(folder: Path) -> None:
    old = read_secret(folder, "ratings-ingest")
    (folder / "ratings-ingest.previous.key").unlink()
    (folder / "ratings-ingest.previous.key").write_bytes(old)
    candour("rotate", "ratings-ingest", "--dir", folder)
    assert accepted_secrets(folder, "ratings-ingest")[1] == old != read_secret(folder, "ratings-ingest")


@pytest.mark.parametrize(
    ("verb", "name", "why"),
    [
        ("rotate", "consent-subjects", "would no longer find"),
        ("rotate", "gateway-ingest", "is not a secret"),
        ("retire", "consent-subjects", "nothing to retire"),
        ("retire", "consent", "nothing to retire"),
        ("retire", "ratings-consent", "is not being replaced"),
    ],
)
def test_what_is_refused_changes_nothing(folder: Path, verb: str, name: str, why: str) -> None:
    before = content(folder)
    assert why in candour(verb, name, "--dir", folder, code=1)
    assert content(folder) == before


def test_people_get_new_passwords(folder: Path, tmp_path: Path) -> None:
    old = json.loads((tmp_path / "accounts.json").read_text())
    candour("rotate", "people", "--dir", folder, "--accounts", tmp_path / "accounts.json")
    new = json.loads((tmp_path / "accounts.json").read_text())
    assert new.keys() == old.keys()
    assert not set(new.values()) & set(old.values())
