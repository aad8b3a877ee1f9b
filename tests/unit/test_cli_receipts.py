"""`candour receipt` against a real ingest service in this process, and without one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import receipts
from cli.calls import Service
from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256

CONTENT = ny_file(ny_row("1001"), ny_row("1002"))
Candour = Callable[..., Result]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"))) as house:
        house.send(CONTENT)
        yield house


@pytest.fixture
def candour(house: Ingest, monkeypatch: pytest.MonkeyPatch) -> Candour:
    """The command, whose calls come to the service of this process."""

    def service(name: str, account: str | None) -> Service:
        made = Service(name, account, house.passwords[account] if account else None, "http://testserver")
        house.client.auth = made.http.auth
        made.http = house.client
        return made

    monkeypatch.setattr(receipts, "Service", service)
    return lambda *arguments: CliRunner().invoke(receipts.app, [str(one) for one in arguments])


@pytest.fixture
def sent(candour: Candour, tmp_path: Path) -> tuple[Path, Path, Path]:
    """A file that was sent, its receipt and the keys, as the command prints both."""
    file, receipt, keys = tmp_path / "ny.csv", tmp_path / "receipt.json", tmp_path / "keys.json"
    file.write_bytes(CONTENT)
    receipt.write_text(candour("show", sha256(CONTENT), "--source", NY).output)
    keys.write_text(candour("keys").output)
    return file, receipt, keys


def test_a_receipt_is_shown_and_holds(house: Ingest, candour: Candour, sent: tuple[Path, Path, Path]) -> None:
    file, receipt, _ = sent
    assert json.loads(receipt.read_text()) == house.put(CONTENT).json()
    told = candour("verify", receipt, "--of", file)
    assert told.exit_code == 0, told.output
    assert told.output.startswith(f"Signed: {len(CONTENT)} bytes, 3 lines, {sha256(CONTENT)}, came for {NY} at 20")


def test_it_holds_without_the_service(
    candour: Candour, sent: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, receipt, keys = sent

    def nobody(*_: object) -> Service:
        raise AssertionError("the service was asked")

    monkeypatch.setattr(receipts, "Service", nobody)
    assert candour("verify", receipt, "--keys", keys, "--of", file).exit_code == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines": 4}, "lines is not what was signed"), ({"bytes": 1}, "bytes is not what was signed"),
        ({"sha256": "0" * 64}, "sha256 is not what was signed"), ({"feed": "shmi"}, "feed is not what was signed"),
        ({"received": "2001-01-01T00:00:00Z"}, "received is not what was signed"),
        ({"lines": None, "no_lines": "zip"}, "no_lines, lines is not what was signed"),
        ({"key": "0" * 16}, "none of the keys is 0000000000000000"), ({"jws": "a.b.c"}, "not that of these words"),
        ({"receipt": "candour upload receipt 2"}, "not the fields"), ({"more": 1}, "not the fields"),
        ({"lines": None}, "not the fields"),
    ],
)  # fmt: skip
def test_what_was_changed_in_it_is_said(
    candour: Candour, sent: tuple[Path, Path, Path], change: dict[str, Any], said: str
) -> None:
    _, receipt, keys = sent
    changed = json.loads(receipt.read_text()) | change
    receipt.write_text(json.dumps({name: value for name, value in changed.items() if value is not None}))
    told = candour("verify", receipt, "--keys", keys)
    assert told.exit_code == 1
    assert said in told.output.replace("\n", " ")


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "[" * 100_000, '{"keys": 1}'])
def test_what_is_no_receipt_is_none(candour: Candour, sent: tuple[Path, Path, Path], tmp_path: Path, text: str) -> None:
    _, receipt, keys = sent
    other = tmp_path / "other.json"
    other.write_text(text)
    assert candour("verify", other, "--keys", keys).exit_code == 1
    assert candour("verify", receipt, "--keys", other).exit_code == 1


def test_of_another_file_it_is_no_receipt(candour: Candour, sent: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, receipt, keys = sent
    other = tmp_path / "other.csv"
    other.write_bytes(CONTENT.replace(b"1001", b"1003"))
    told = candour("verify", receipt, "--keys", keys, "--of", other)
    assert (told.exit_code, "another file than other.csv" in told.output.replace("\n", " ")) == (1, True)


def test_of_two_sources_one_is_asked_for(house: Ingest, candour: Candour, sent: tuple[Path, Path, Path]) -> None:
    house.send(CONTENT, "candour-demo")
    assert "--source" in candour("show", sha256(CONTENT)).output
    shown = candour("show", sha256(CONTENT), "--source", NY)
    assert json.loads(shown.output) == json.loads(sent[1].read_text())
    assert "No such submission" in candour("show", "0" * 64).output
