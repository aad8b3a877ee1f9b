"""Patients' keys are kept as pseudonyms or not at all: without the key of pseudonyms their file stays outside."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.operations.credentials import Credentials
from cli.up.layout import Layout
from services.ingest.pseudonyms import FILE, load_key, pseudonym
from services.ingest.settings import Settings
from tests.spec.ingest_service import prepared, running, sha256, some
from tests.stores import Stores

FEED = "records"
CONTENT = b"record,patient\n1,P1\n2,P2\n"
PATH = f"/v1/feeds/{FEED}/submissions/{sha256(CONTENT)}"
SOURCE = """
id = "records"
label = "Records (synthetic)"
kind = "episodes"
schema_version = 1
synthetic = true
content = "patients"
ground = { kind = "synthetic", instrument = "Made by a test: nobody in it exists" }
encodings = ["utf-8"]
null_tokens = [""]
key = ["record"]

[[columns]]
from = "record"
type = "int"

[[columns]]
from = "patient"
type = "pseudonym"
"""


@pytest.fixture
def house(stores: Stores, tmp_path: Path) -> tuple[Settings, Mapping[str, str]]:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "records.toml").write_text(SOURCE, encoding="utf-8")
    return prepared(tmp_path, stores, sources_dir=folder)


def test_without_the_key_not_a_byte_is_kept(house: tuple[Settings, dict[str, str]]) -> None:
    settings, passwords = house
    with running(settings, passwords) as ingest:
        answer = ingest.put(CONTENT, FEED)
        assert (answer.status_code, answer.json()["code"]) == (409, "pseudonym_key_missing")
        assert FILE in answer.json()["detail"]
        assert "candour secrets make" in answer.json()["detail"]
        assert list((settings.data_dir / "ingest" / "uploads").iterdir()) == []
        assert ingest.ask("GET", "/v1/submissions").json() == {"submissions": []}
        assert int(ingest.ask("HEAD", PATH).headers["Upload-Offset"]) == 0
    Layout(settings.data_dir.parent, 8000, 1).prepare()
    with running(settings, passwords) as ingest:
        assert some(ingest.send(CONTENT, FEED)["fates"]) == {"header": 1, "accepted": 2}
        assert pseudonym("P1", load_key(settings.secrets_dir)).encode() in ingest.rows(ingest.freeze(FEED))
    (settings.secrets_dir / FILE).unlink()
    with running(settings, passwords) as ingest:
        answer = ingest.ask("POST", f"/v1/submissions/{sha256(CONTENT)}/reruns", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "pseudonym_key_missing")
        assert ingest.submission(CONTENT, FEED)["state"] == "checked"


def test_everybody_calls_the_key_by_one_name(tmp_path: Path) -> None:
    """What `candour up` and `candour secrets` make, and what the containers are given, is what ingest reads."""
    root = Path(__file__).parents[2]
    assert FILE == "ingest-pseudonyms.key"
    Layout(tmp_path / "up", 8000, 1).prepare()
    made, _ = Credentials(tmp_path / "made").make()
    assert FILE in made
    assert load_key(tmp_path / "up" / "secrets") != load_key(tmp_path / "made")
    ingest = (root / "docker-compose.yml").read_text().split("\n  ingest:")[1].split("\n\n")[0]
    assert FILE in ingest
    told = "".join(file.read_text() for file in (root / "docs").glob("*.md"))
    assert "ingest-pseudonyms" in told
    assert "pseudonym.key" not in told
