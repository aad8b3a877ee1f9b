"""`candour cases` against the real service: what is late, what a case says, and the next step of it."""

from collections.abc import Iterator
from datetime import date

import pytest
from typer.testing import CliRunner

from cli.calls import Service
from cli.main import app
from tests.stores import Stores
from tests.unit.case_rig import HOSPITAL, Desk, be, desk_in
from tests.unit.test_ratings_rig import AsRatings, Rig


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_in(tmp_path_factory.mktemp("cli-cases"), Stores(None), date(2025, 1, 6)) as made:
        be(made.rig, "lead", HOSPITAL)
        made.deliver(25)
        made.submit(made.build("2025-05-15"))
        yield made


@pytest.fixture(autouse=True)
def in_process(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.cases.Service", lambda _name, account: service(desk.rig, account))


def service(rig: Rig, account: str) -> Service:
    made = Service("ratings", account, rig.passwords[account], "http://testserver")
    client = AsRatings(rig.ratings.app)
    client.portal, client.auth = rig.ratings.portal, rig.person(account)
    made.http = client
    return made


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["cases", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    return str(done.output)


def test_a_case_from_the_list_to_the_lead_s_answer(desk: Desk) -> None:
    case = desk.alarm()
    assert f"{case} alarm above signal (audit until 2025-01-20): provider {HOSPITAL}" in run("list", "--kind", "alarm")
    assert run("list", "--release", "2025-05-16") == "0 cases on 2025-01-06\n"
    assert case not in run("overdue")
    desk.clock.to(date(2025, 1, 21))
    assert f"{case} alarm above signal (audit until 2025-01-20) OVERDUE" in run("overdue")
    for step in ("take_up", "case_to_answer"):
        run("step", case, step, "--note", f"Looked at: {step}")
    told = run("step", case, "tell", "--note", "By telephone, then in writing.")
    assert "awaiting_response (lead_clinician until 2025-02-25)" in told
    assert "To tell lead_clinician, chief_executive, medical_director:" in told
    assert "by 2025-02-25" in told
    assert "Say in override why" in run("step", case, "respond", "--note", "They wrote.", code=1)
    assert "now: respond" in run("show", case, "--as", "lead")
    run("step", case, "respond", "--note", "Nine were coded twice.", "--as", "lead")
    shown = run("show", case)
    assert "2025-01-21 respond by lead_clinician -> in_review, audit until 2025-03-04: Nine were coded twice." in shown
    assert "now: confirm, explain" in shown


def test_what_is_refused_is_said_in_a_sentence(desk: Desk) -> None:
    assert "There is no case of this name." in run("show", "k-000000000000", code=1)
    assert "not possible now" in run("step", desk.alarm("consultant", "9900034"), "confirm", "--note", "x", code=1)
    assert "one of the roles" in run("list", "--as", "publisher", code=1)
