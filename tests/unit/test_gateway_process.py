"""The gateway as a process of its own: settings from the environment, a clean end on SIGTERM."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import uvicorn

from services.gateway.__main__ import main
from services.gateway.guard import GuardedProtocol
from shared.kit.secretfiles import make_secret
from tests.ports import free_port
from tests.unit.test_gateway_baked import ADAMS, first_view
from tests.unit.test_gateway_world import A_LONG_TIME, World, world


def environment(made: World, port: int) -> dict[str, str]:
    named = {"DATA_DIR": made.folder / "gateway", "PEOPLE_FILE": made.folder / "people.json",
             "SECRETS_DIR": made.folder / "secrets", "PORT": port, "RATINGS_URL": made.ratings_at.url,
             "CONSENT_URL": made.consent_at.url, "POLL_SECONDS": 0.1}  # fmt: skip
    return {**os.environ, **{f"CANDOUR_GATEWAY_{name}": str(value) for name, value in named.items()}}


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    late = time.monotonic() + A_LONG_TIME
    while time.monotonic() < late:
        assert process.poll() is None, process.communicate()[1]
        try:
            if client.get("/health/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("not ready after a long time")


def whole_file(client: httpx.Client, path: str) -> None:
    """A file by GET, HEAD and in two parts, on one connection: what is said of lengths is what comes."""
    plain = {"Accept-Encoding": "identity"}
    whole, headed = client.get(path, headers=plain), client.head(path, headers=plain)
    assert (headed.status_code, headed.headers["content-length"]) == (200, str(len(whole.content)))
    parts = [client.get(path, headers={**plain, "Range": text}) for text in ("bytes=0-99", "bytes=100-")]
    assert [part.status_code for part in parts] == [206, 206]
    assert b"".join(part.content for part in parts) == whole.content
    assert client.get(path, headers={**plain, "If-None-Match": whole.headers["etag"]}).status_code == 304


def test_it_serves_and_ends_cleanly(tmp_path: Path) -> None:
    with world(tmp_path, first_view()) as made:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "services.gateway", "serve"], env=environment(made, port), stderr=subprocess.PIPE
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=A_LONG_TIME) as client:
                wait_until_ready(client, process)
                assert client.get(f"/v1/releases/latest/consultants/{ADAMS}").status_code == 200
                made.consent.withdraw(ADAMS)
                assert client.get(f"/v1/releases/latest/consultants/{ADAMS}").status_code == 404
                assert "server" not in client.get("/v1").headers
                whole_file(client, "/v1/releases/latest/files/results-fixed.ndjson")
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=A_LONG_TIME)
        finally:
            process.kill()
    assert process.returncode in (0, -signal.SIGTERM), said
    assert b"Traceback" not in said
    assert ADAMS.encode() not in said


def test_it_serves_under_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[uvicorn.Server] = []

    def run(self: uvicorn.Server) -> None:
        begun.append(self)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr("shared.kit.serving.gc.freeze", lambda: None)  # of the tests' own modules
    kept = signal.getsignal(signal.SIGTERM)
    (tmp_path / "secrets").mkdir()
    for name in ("gateway-ratings", "gateway-consent", "gateway-cursor"):
        make_secret(tmp_path / "secrets", name)
    monkeypatch.setenv("CANDOUR_GATEWAY_DATA_DIR", str(tmp_path / "gateway"))
    monkeypatch.setenv("CANDOUR_GATEWAY_SECRETS_DIR", str(tmp_path / "secrets"))
    try:
        main(["serve"])
    finally:
        signal.signal(signal.SIGTERM, kept)
    (server,) = begun
    assert server.config.http is GuardedProtocol


@pytest.mark.parametrize("arguments", [[], ["start"], ["serve", "now"]])
def test_it_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "usage" in capsys.readouterr().err


def test_without_a_data_directory_nothing_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CANDOUR_GATEWAY_DATA_DIR", raising=False)
    assert main(["migrate"]) == 2
    assert "CANDOUR_GATEWAY_DATA_DIR is not set\n" in capsys.readouterr().err
