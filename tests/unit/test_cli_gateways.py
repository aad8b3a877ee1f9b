"""What an officer reads of gateways and of a withdrawal: first that it is recorded, later that it is effective, and
never the one in the words of the other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli import consent, gateways, say
from cli.calls import Refused
from cli.main import app
from tests.unit.test_consent_effective import begin, fence
from tests.unit.test_consent_gateways import confirm, put
from tests.unit.test_consent_rig import CARDIAC, Rig, eventually, house, rig

__all__ = ["house", "rig"]

ANNE = "9900001"
RECORDED = "New readers can no longer see these figures."
EFFECTIVE = "Nothing of ours is still sending them."


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: what is said does not depend on it."""
    return "sqlite"


@pytest.fixture(autouse=True)
def desk(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts of whoever asks, on the application of this test instead of an address."""

    class Http:
        auth: httpx.Auth | None = None

    class Desk:
        def __init__(self, _name: str, account: str | None) -> None:
            self.http = Http()
            self.http.auth = rig.house.person(account) if account else None

        def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
            answer: httpx.Response = rig.client.request(method, path, auth=self.http.auth, **options)
            if answer.status_code >= 400:
                raise Refused(answer)
            return answer

        def json(self, method: str, path: str, **options: Any) -> Any:
            return self.ask(method, path, **options).json()

    for module in (consent, gateways):
        monkeypatch.setattr(module, "Service", Desk)
    monkeypatch.setattr(say.out, "width", 200)  # what a terminal has would be taken at the import
    rig.register(ANNE)


def candour(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["consent", *map(str, arguments)])
    assert done.exit_code == code, done.output
    return done.output


def withdraw(*options: object) -> str:
    return candour("withdraw", ANNE, "--programme", CARDIAC, *options)


@contextmanager
def confirming(rig: Rig, incarnation: str, name: str) -> Iterator[None]:
    """A gateway that confirms the next revision as soon as the ledger has it."""
    following = rig.revision() + 1

    def run() -> None:
        eventually(rig.revision, lambda revision: revision >= following)
        confirm(rig, incarnation, following, name)

    gateway = threading.Thread(target=run)
    gateway.start()
    yield
    gateway.join()


def test_every_process_that_may_be_sending_is_in_the_table(rig: Rig) -> None:
    assert "revision 0, and all of it is effective" in candour("gateways")
    confirm(rig, put(rig)["incarnation"], 0)
    put(rig, "oak")
    rig.withdraw(ANNE)
    put(rig)
    told = candour("gateways")
    for word in (
        "revision 1; up to 0 it is effective",
        "elm",
        "1 (replaced)",
        "0 (1 behind)",
        "oak",
        "not confirmed yet",
    ):
        assert word in told


def test_recorded_then_effective(rig: Rig) -> None:
    elm = put(rig)["incarnation"]
    with confirming(rig, elm, "elm"):
        told = withdraw()
    assert told.index("withdrawn: recorded at") < told.index(RECORDED) < told.index(EFFECTIVE)


def test_where_nobody_may_be_sending_both_are_said_at_once(rig: Rig) -> None:
    assert rig.revision() == 0
    told = withdraw("--wait", 0)
    assert told.index(RECORDED) < told.index(EFFECTIVE)


def test_what_is_not_effective_is_never_called_so(rig: Rig) -> None:
    confirm(rig, put(rig)["incarnation"], 0)
    oak = put(rig, "oak")["incarnation"]
    told = withdraw("--wait", 0.2)
    assert RECORDED in told
    assert EFFECTIVE not in told
    assert "0 of 2 gateways have confirmed" in told
    assert "candour consent gateways" in told
    with confirming(rig, oak, "oak"):
        assert "1 of 2 gateways" in withdraw("--wait", 1)


def test_nobody_has_to_wait(rig: Rig) -> None:
    put(rig)
    told = withdraw("--no-wait")
    assert RECORDED in told
    assert "gateways" not in told
    assert EFFECTIVE not in told


def test_an_operator_says_what_they_have_seen(rig: Rig) -> None:
    begin(rig)
    secrets = rig.house.folder
    rig.withdraw(ANNE)
    told = candour("fence", "elm", 1, "--proof", "connections_closed", "--dir", secrets)
    assert told == "elm 1 counts as ended: connections_closed\n"
    assert "all of it is effective" in candour("gateways")
    assert fence(rig, 1) == 204
    assert "No process of this number" in candour(
        "fence", "elm", 2, "--proof", "process_ended", "--dir", secrets, code=1
    )
    candour("fence", "elm", 1, "--dir", secrets, code=2)
    candour("fence", "elm", 1, "--proof", "hope", "--dir", secrets, code=2)


def test_without_the_secret_nobody_can(rig: Rig, tmp_path: Path) -> None:
    begin(rig)
    told = candour("fence", "elm", 1, "--proof", "process_ended", "--dir", tmp_path, code=1)
    assert "supervisor-consent.key cannot be read" in told
    (tmp_path / "supervisor-consent.key").write_text("0" * 64)
    candour("fence", "elm", 1, "--proof", "process_ended", "--dir", tmp_path, code=1)
    assert len(rig.officer("GET", "/v1/gateways").json()["gateways"]) == 1
