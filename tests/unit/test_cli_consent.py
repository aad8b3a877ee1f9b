"""`candour consent` with files and campaigns, against a real consent service in this process."""

from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli import campaigns, consent, imports
from cli.calls import Service
from cli.main import app
from cli.say import SOME_LINES_SET_ASIDE
from tests.unit.test_consent_imports import ANNE, BEN, CARA, REGISTER, RETURNS, line
from tests.unit.test_consent_large_returns import desk as strict
from tests.unit.test_consent_rig import CARDIAC, Rig, house, rig
from tests.unit.test_kit_workbooks import workbook

__all__ = ["house", "rig", "strict"]


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: the command line sees HTTP only."""
    return "sqlite"


class Inside:
    """Sends to the service in this process."""

    def __init__(self, rig: Rig, account: str) -> None:
        self.rig, self.account = rig, account

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        found: httpx.Response = self.rig.client.request(
            method, path, auth=self.rig.house.person(self.account), **options
        )
        return found


@pytest.fixture
def inside(strict: Rig, monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Where two people are many, and everybody is on the register."""

    def service(name: str, account: str) -> Service:
        made = Service(name, account, strict.house.passwords[account], "http://testserver")
        made.http.close()
        made.http = Inside(strict, account)  # type: ignore[assignment]
        return made

    for module in (imports, campaigns, consent):
        monkeypatch.setattr(module, "Service", service)
    return strict


def run(*words: object) -> Result:
    return CliRunner().invoke(app, ["consent", *map(str, words)])


def written(folder: Path, *lines: str, name: str = "returns.csv") -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_return_says_what_became_of_it(inside: Rig, tmp_path: Path) -> None:
    file = written(tmp_path, RETURNS, line(ANNE, "given"), line(BEN, "given", "tomorrow"), line("9999999", "given"))
    dry = run("returns", file, "--dry-run")
    assert f"{CARDIAC}: 1 would be newly named, 0 newly withheld" in dry.output
    done = run("returns", file)
    assert done.exit_code == SOME_LINES_SET_ASIDE
    for said in (
        "4 lines: 1 applied, 0 duplicate, 2 quarantined",
        f"{CARDIAC}: 1 are newly named, 0 newly withheld",
        "line 3: bad-date in decided_on, found 'tomorrow', expected a day as YYYY-MM-DD, not after today",
        "line 4: unknown-consultant in gmc, found '9999999', expected a number of the register",
    ):
        assert said in done.output
    again = run("returns", file)
    assert "0 applied, 1 duplicate, 2 quarantined" in again.output


def test_a_large_return_goes_through_two_hands(inside: Rig, tmp_path: Path) -> None:
    file = written(tmp_path, RETURNS, *(line(gmc, "given") for gmc in (ANNE, BEN, CARA)))
    assert "3 lines would wait for another officer" in run("returns", file, "--dry-run").output
    first = run("returns", file)
    assert first.exit_code == 0
    (waiting,) = inside.officer("GET", "/v1/imports").json()
    assert f"candour consent approve {waiting['id']} --as OFFICER" in first.output
    assert waiting["id"] in run("waiting").output
    own = run("approve", waiting["id"], "--as", "officer")
    assert (own.exit_code, "another consent officer must approve" in own.output) == (1, True)
    assert inside.named() == set()
    assert "3 applied" in run("approve", waiting["id"]).output
    assert inside.named() == {ANNE, BEN, CARA}
    late = run("reject", waiting["id"])
    assert (late.exit_code, "Nothing waits any more" in late.output) == (1, True)


def test_what_is_let_go(inside: Rig, tmp_path: Path) -> None:
    run("returns", written(tmp_path, RETURNS, *(line(gmc, "given") for gmc in (ANNE, BEN, CARA))))
    (waiting,) = inside.officer("GET", "/v1/imports").json()
    assert "let go" in run("reject", waiting["id"]).output
    assert inside.named() == set()
    assert "No lines wait" in run("waiting").output


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("returns.xlsx", b"gmc,act\n", "no readable ZIP archive"),
        ("returns.csv", b"gmc,act\n", "no column programme, purpose, notice_version, decided_on, evidence"),
        ("returns.csv", "gmc".encode("utf-16"), "UTF-16; expected CSV in UTF-8"),
        ("returns.csv", bytes(33 * 2**20), "33 MB; a file may have 32"),
    ],
)
def test_a_file_that_is_none_is_refused_with_a_sentence(
    inside: Rig, tmp_path: Path, name: str, body: bytes, said: str
) -> None:
    file = tmp_path / name
    file.write_bytes(body)
    found = run("returns", file)
    assert (found.exit_code, said in found.output) == (1, True), found.output


def test_a_workbook_is_known_by_its_name(inside: Rig, tmp_path: Path) -> None:
    file = tmp_path / "register.XLSX"
    file.write_bytes(workbook(REGISTER.split(","), ["9900009", "Dr Workbook", CARDIAC]))
    assert "1 applied" in run("register", file).output


def test_a_campaign_from_its_opening_to_its_end(inside: Rig, tmp_path: Path) -> None:
    assert "version 1, in use since 2013-06-28" in run("notices").output
    made = run("campaign", "open", "--programme", CARDIAC, "--closes-on", "2026-12-31")
    assert "5 people" in made.output
    campaign = made.output.split(":")[0]
    target = tmp_path / "requests.csv"
    first = run("campaign", "requests", campaign, "--out", target)
    assert "5 people" in first.output
    kept, key = target.read_bytes(), first.output.split("key ")[1].split(":")[0]
    run("campaign", "requests", campaign, "--out", target, "--key", key)
    assert target.read_bytes() == kept
    inside.withdraw(ANNE)
    assert "4 people" in run("campaign", "reminders", campaign, "--out", tmp_path / "reminders.csv").output
    silent = run("campaign", "non-responders", campaign).output
    assert (BEN in silent, ANNE in silent) == (True, False)
    inside.register("9900009")
    assert "6 people" in run("campaign", "members", campaign).output
    assert f"{campaign} (open): {CARDIAC}, own_figures: 6 people, 0 given" in run("campaign", "status").output
    assert '"pending": 5' in run("campaign", "status", campaign).output
    assert "is closed; 5 have not answered" in run("campaign", "close", campaign).output
    late = run("campaign", "requests", campaign, "--out", target)
    assert (late.exit_code, "asks nobody any more" in late.output) == (1, True)
    assert run("campaign", "status", "c-none").exit_code == 1
