"""`candour release`: a release taken from its announcement to the public by three people at the command line."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import demo, release, releasing
from cli.calls import Service
from cli.main import app
from tests.stores import Stores
from tests.unit.test_ratings_rig import AsRatings, Rig, load_world, rig_in, small_world

INDICATOR = "adult-cardiac-surgery-mortality-30d"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("cli-release"), Stores(None)) as running:
        load_world(running, small_world())
        yield running


@pytest.fixture(autouse=True)
def in_process(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cli.release", "cli.gate"):
        monkeypatch.setattr(f"{module}.Service", lambda _name, account: service(rig, account))


def service(rig: Rig, account: str) -> Service:
    made = Service("ratings", account, rig.passwords[account], "http://testserver")
    client = AsRatings(rig.ratings.app)
    client.portal, client.auth = rig.ratings.portal, rig.person(account)
    made.http = client
    return made


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["release", *arguments], env={"COLUMNS": "200"})
    assert done.exit_code == code, done.output
    return str(done.output)


def built(*options: str) -> str:
    (name,) = re.findall(r"^(\S+) draft, now with the analyst$", run("build", "--indicator", INDICATOR, *options), re.M)
    return str(name)


def test_a_release_from_its_announcement_to_a_correction() -> None:
    assert "2026-09-30 announced" in run("announce", "2026-09-30", "--title", "Deaths after heart surgery")
    name = built("--date", "2026-09-30")
    assert "submitted" in run("submit", name)
    said = run("checks", name, code=1)
    assert "waiting dpia: A data protection impact assessment covers this release, waits for a person" in said
    assert f"candour release answer {name} dpia --note WHY" in said
    assert f"candour verify {name}, or candour release answer {name} replay --note WHY" in said
    assert "dpia: A data protection impact assessment" in run("approve", name, code=1)
    assert "the computer's alone" in run("answer", name, "numbers", "--note", "Trust me", code=1)
    assert "failed  dpia" in run("answer", name, "dpia", "--note", "Not yet", "--failed")
    for check in ("dpia", "replay"):
        run("answer", name, check, "--note", f"Looked at: {check}")
    run("sign", name, "--as", "publisher", code=1)  # not as a reviewer
    assert "signed  reviewer reviewer" in run("sign", name)
    assert "approved" in run("approve", name)
    assert "lacks the signature" in run("publish", name, code=1)
    assert "signed  publisher publisher" in run("sign", name, "--role", "publisher")
    assert "published" in run("publish", name)
    assert "published" in run("publish", name), "a repeat after a lost answer is content"
    assert run("checks", name).count("passed") == 16
    assert "2026-09-30 Deaths after heart surgery, came: 2026-09-30" in run("calendar")

    run("announce", "2026-10-07", "--title", "A correction", "--correction-of", name)
    right = built("--date", "2026-10-07", "--corrects", name, "--correction", "One hospital was counted twice.")
    assert "0 positions moved" in run("differences", right)
    assert "(a correction of 2026-09-30)" in run("calendar")


def test_a_day_is_moved_with_its_reason() -> None:
    run("announce", "2026-11-03", "--title", "Later")
    assert "belongs to a move" in run("announce", "2026-11-04", "--title", "L", "--reason", "No day", code=1)
    run("announce", "2026-11-10", "--title", "Later", "--instead-of", "2026-11-03", "--reason", "Data came late")
    assert "2026-11-10 Later, instead of 2026-11-03: Data came late" in run("calendar")


def test_words_that_belong_together_are_asked_for_together() -> None:
    assert "--corrects and --correction belong together" in run("build", "--correction", "What was wrong", code=2)


def test_taking_a_release_through_goes_on_where_it_stopped(rig: Rig) -> None:
    name = built("--date", "2026-10-14")

    def account(who: str) -> Service:
        return service(rig, who)

    found: list[dict[str, Any]] = [
        releasing.take_through(account, name, "A day", "Looked at", until)
        for until in ("submission", "submission", "approval", "approval", "publication", "publication", "submission")
    ]
    assert [one["status"] for one in found] == [
        "submitted", "submitted", "approved", "approved", "published", "published", "published",
    ]  # fmt: skip


def test_a_demonstration_that_was_broken_off_before_midnight_is_begun_anew_after_it(rig: Rig) -> None:
    analyst = service(rig, "analyst")
    days = ("2026-11-01", "2026-11-01", "2026-11-02")
    drafts = [release.new_draft(analyst, demo.key_of(7, day), day, [INDICATOR]) for day in days]
    assert [one["release"] for one in drafts] == list(days)
