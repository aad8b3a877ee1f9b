"""`candour consent law`, `naming` and the steps of a case, against a real consent service in this process."""

import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import consent, law, say, steps
from cli.calls import Service
from shared.kit.files import sha256_of
from tests.architecture.imports import ROOT
from tests.unit.test_cli_consent import Inside, run
from tests.unit.test_consent_law import DEMONSTRATION, policy_folder
from tests.unit.test_consent_rig import CARDIAC, Clock, House, Rig, house, running

__all__ = ["house"]

ANNE, BEN = "9900001", "9900002"
TERMS = f"""\
id = "task-2026"
regime = "public_task"
instrument = "A direction (invented)"
citation = "Made up, s. 1"
instrument_kind = "direction"
programmes = ["{CARDIAC}"]
purposes = ["own_figures"]
valid_from = 2026-11-01
notice_version = 2
notice_days = 10
dpia = "DPIA-7"
scope = {{ first = 2026-04-01 }}
"""
NAMING = f"""\
id = "naming-2026"
regime = "public_task"
instrument = "A direction (invented)"
instrument_kind = "direction"
programmes = ["{CARDIAC}"]
purposes = ["naming_refusers"]
valid_from = 2026-10-14
notice_version = 2
dpia = "DPIA-9"
"""


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: the command line sees HTTP only."""
    return "sqlite"


@pytest.fixture
def rig(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    settings = house.settings(tmp_path / "data", policy_dir=policy_folder(tmp_path / "policy"))
    with house.stores.swept(), running(house, settings, Clock()) as started:

        def service(name: str, account: str) -> Service:
            made = Service(name, account, house.passwords[account], "http://testserver")
            made.http.close()
            made.http = Inside(started, account)  # type: ignore[assignment]  # the same call, without a socket
            return made

        for module in (consent, law, steps):
            monkeypatch.setattr(module, "Service", service)
        monkeypatch.setattr(say.out, "width", 200)  # what a terminal has would be taken at the import
        started.register(ANNE, BEN)
        yield started


def said(*words: object, code: int = 0) -> str:
    done = run(*words)
    assert done.exit_code == code, done.output
    return done.output


def terms(folder: Path, text: str = TERMS) -> Path:
    file = folder / "terms.toml"
    file.write_text(text)
    return file


def number(told: str) -> str:
    found = re.search(r"q-[0-9a-f]{12}", told)
    assert found, told
    return found[0]


def decide(rig: Rig, *words: object, code: int = 0) -> str:
    return said(*words, "--programme", CARDIAC, code=code)


def test_a_ground_ends_and_another_begins_by_two_people(rig: Rig, tmp_path: Path) -> None:
    waits = number(said("law", "end", DEMONSTRATION, "--last", "2026-10-31", "--reason", "A public task follows"))
    assert waits in said("law", "proposals")
    done = said("law", "approve", waits, "--yes")
    assert f"{waits}: approved, as revision 1 of the ledger; 0 are hidden by it at once" in done
    made = number(said("law", "propose", terms(tmp_path)))
    digest = rig.client.get("/v1/proposals", auth=rig.house.person("auditor")).json()["proposals"][0]["digest"]
    shown = said("law", "approve", made, "--yes")
    assert digest in shown
    assert '"dpia": "DPIA-7"' in shown
    assert shown.index(digest) < shown.index("approved, as revision 2")
    table = said("law", "bases", "--at", "2026-11-01")
    assert re.search(r"task-2026 .*public_task .*2026-11-01 .*yes .*steward, steward-2", table)
    assert re.search(rf"{DEMONSTRATION} .*2026-10-31 .*no .*policy file", table)
    assert "Nothing waits." in said("law", "proposals")


def test_the_example_for_stewards_can_be_proposed(rig: Rig, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "law.md").read_text()
    example = next(body for body in page.split("```") if body.strip().startswith("id = "))
    said(
        "law", "approve", number(said("law", "end", DEMONSTRATION, "--last", "2027-03-31", "--reason", "Why")), "--yes"
    )
    assert '"valid_to": "2030-03-31"' in said("law", "propose", terms(tmp_path, textwrap.dedent(example)))


def test_nothing_is_signed_that_was_not_confirmed_and_nobody_signs_twice(rig: Rig) -> None:
    waits = number(said("law", "end", DEMONSTRATION, "--last", "2026-10-31", "--reason", "Why"))
    assert "Aborted." in said("law", "approve", waits, code=1)  # nobody answers the question
    assert "somebody else must approve it" in said("law", "approve", waits, "--yes", "--account", "steward", code=1)
    assert rig.revision() == 0
    assert f"{waits}: rejected" in said("law", "reject", waits, "--yes", "--account", "steward")
    assert "There is no proposal q-000000000000" in said("law", "approve", "q-000000000000", "--yes", code=1)


def test_terms_that_are_none_are_refused_with_a_sentence(rig: Rig, tmp_path: Path) -> None:
    assert "is not TOML" in said("law", "propose", terms(tmp_path, "id = "), code=1)
    contract = terms(tmp_path, TERMS.replace("public_task", "legal_obligation").replace('"direction"', '"contract"'))
    assert "a contract is no legal obligation" in said("law", "propose", contract, code=1)


def test_naming_needs_its_own_ground_and_the_warning_and_one_person_ends_it(rig: Rig, tmp_path: Path) -> None:
    assert f"{CARDIAC}: off" in said("naming", "states")
    early = said("naming", "on", CARDIAC, "--dpia", "DPIA-9", "--yes", code=1)
    assert "no legal basis for naming who refused" in early
    said("law", "approve", number(said("law", "propose", terms(tmp_path, NAMING))), "--yes")
    assert "Aborted." in said("naming", "on", CARDIAC, "--dpia", "DPIA-9", code=1)
    wanted = said("naming", "on", CARDIAC, "--dpia", "DPIA-9", "--yes")
    assert "is a detriment" in wanted
    said("law", "approve", number(wanted), "--yes")
    assert f"{CARDIAC}: on, by DPIA-9" in said("naming", "states")
    assert said("naming", "off", CARDIAC, "--account", "officer") == f"{CARDIAC}: off\n"


def test_a_decision_has_its_day_its_care_and_its_proof(rig: Rig) -> None:
    decide(rig, "ask", ANNE, "--on", "2026-10-01")
    told = decide(
        rig, "give", ANNE, "--on", "2026-10-02", "--from", "2026-04-01", "--to", "2027-03-31", "--evidence", "Box 7"
    )
    standing = rig.state(ANNE)
    assert (standing["decision"], standing["scope"]) == ("given", {"first": "2026-04-01", "last": "2027-03-31"})
    history = rig.officer("GET", f"/v1/consultants/{ANNE}").json()["history"]
    assert [one["decided_on"] for one in history] == ["2026-10-01", "2026-10-02"]
    assert history[1]["evidence"] == f"sha256:{sha256_of(b'Box 7')}"
    receipt = json.loads(said("receipt", told.split("decision ")[1].strip()))
    assert receipt["entry"]["revision"] == 2
    decide(rig, "refuse", BEN, "--reason", "no-such-reason", code=1)
    assert decide(rig, "give", BEN, "--on", "tomorrow", code=2)


def test_a_case_from_its_objection_to_its_end(rig: Rig) -> None:
    decide(rig, "give", ANNE)
    assert rig.named() == {ANNE}
    raised = decide(rig, "object", ANNE, "--evidence", "A letter")
    assert raised.index("objection_raised: recorded at") < raised.index("New readers") < raised.index("Nothing of ours")
    assert rig.named() == set()
    assert "objection_rejected: recorded at" in decide(rig, "reject-objection", ANNE)
    assert rig.named() == {ANNE}
    assert "the objection is rejected" in decide(rig, "uphold", ANNE, code=1)
    decide(rig, "restrict", ANNE)
    assert rig.named() == set()
    decide(rig, "release", ANNE)
    assert rig.named() == {ANNE}
    assert "Only a withdrawal is signed off" in decide(rig, "sign-off", ANNE, code=1)
    assert "rectified: recorded at" in decide(rig, "rectify", ANNE)


def test_a_purpose_is_decided_for_itself(rig: Rig) -> None:
    decide(rig, "give", ANNE)
    decide(rig, "restrict", ANNE, "--purpose", "naming_refusers")
    assert rig.named() == {ANNE}
