"""Where commands look for the services: addresses told outright, a first port, the running installation, a default."""

import json
from pathlib import Path

import pytest

from cli.calls import Service
from cli.places import SERVICES, places
from cli.up.layout import Layout


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CANDOUR_PORT", *(f"CANDOUR_URL_{service.upper()}" for service in SERVICES)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CANDOUR_DATA", str(tmp_path))


def noted(folder: Path, base: int) -> None:
    """As `candour up` notes it."""
    layout = Layout(folder, base, 1)
    folder.joinpath("running.json").write_text(json.dumps({"urls": {name: layout.url(name) for name in SERVICES}}))


def test_without_a_word_they_are_at_the_default_ports() -> None:
    assert places().urls == {
        "gateway": "http://127.0.0.1:8000", "ingest": "http://127.0.0.1:8001", "ratings": "http://127.0.0.1:8002",
        "consent": "http://127.0.0.1:8003",
    }  # fmt: skip


@pytest.mark.parametrize("port", ["1", "9000", "65532"])
def test_the_first_port_says_all_four_as_it_does_to_candour_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, port: str
) -> None:
    noted(tmp_path, 8100)
    monkeypatch.setenv("CANDOUR_PORT", port)
    layout = Layout(tmp_path, int(port), 1)
    assert places().urls == {service: layout.url(service) for service in SERVICES}
    for service in SERVICES:
        assert str(Service(service, None).http.base_url).startswith(layout.url(service))


def test_the_installation_that_runs_is_found_by_its_data_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noted(tmp_path, 8100)
    assert places().of("consent") == "http://127.0.0.1:8103"
    monkeypatch.setenv("CANDOUR_PORT", "")
    assert places().of("consent") == "http://127.0.0.1:8103"


def test_an_address_of_one_service_is_stronger_than_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANDOUR_PORT", "9000")
    monkeypatch.setenv("CANDOUR_URL_RATINGS", "http://ratings.example")
    assert places().of("ratings") == "http://ratings.example"
    assert places().of("ingest") == "http://127.0.0.1:9001"


@pytest.mark.parametrize("port", ["nine", "0", "-1", "65533", "80.5", "²", " 9000 x"])
def test_what_is_no_port_ends_the_command_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], port: str
) -> None:
    monkeypatch.setenv("CANDOUR_PORT", port)
    with pytest.raises(SystemExit) as ended:
        places()
    assert ended.value.code == 2
    assert "CANDOUR_PORT" in capsys.readouterr().err
