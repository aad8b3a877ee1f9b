"""One release in the console: its gate is read, answered and signed, and every step is a form."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import httpx
import pytest

from services.ratings.domain.checks import TITLES
from tests.browsers import Browser
from tests.people import change_person
from tests.stores import Stores
from tests.unit.console_rig import browser_of, text_of, token
from tests.unit.console_rig import sent as through
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

INDICATOR: Final = ["adult-cardiac-surgery-mortality-30d"]
MORNING: Final = datetime(2026, 9, 30, 8, 30, tzinfo=UTC)
DAYS = (date(2026, 8, 1) + timedelta(days=number) for number in range(60))  # a day of its own for each test
WHY: Final = "The denominators of one hospital are odd."


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("gate"), Stores(None), lambda: MORNING) as running:
        load_world(running, small_world())
        yield running


@pytest.fixture
def draft(rig: Rig) -> str:
    return str(rig.build(str(next(DAYS)), INDICATOR)["release"])


def at(release: str, rest: str = "") -> str:
    return f"/console/releases/{release}{rest}"


def sent(browser: Browser, release: str, rest: str, **fields: str) -> httpx.Response:
    """The form that the page of the release has, sent; and the page that it leads to."""
    return through(browser, at(release), at(release, rest), **fields)


def test_a_release_goes_its_whole_way_by_forms(rig: Rig, draft: str) -> None:
    rig.announce(draft)
    analyst, reviewer, publisher = (browser_of(rig, one) for one in ("analyst", "reviewer", "publisher"))
    assert "Submitted" in sent(analyst, draft, "/submission").text
    page = reviewer.get(at(draft))
    for title in TITLES.values():
        assert title in text_of(page)
    assert "Sign as the reviewer" not in page.text  # not every check has passed
    for one in rig.gate(draft)["checks"]:
        if one["answerable"] and one["state"] != "passed":
            page = sent(reviewer, draft, f"/checks/{one['check']}", passed="yes", note="Read & found in order.")
            assert "Read &amp; found in order." in page.text
    assert "Sign as the publisher" not in page.text
    assert "Signed by reviewer" in sent(reviewer, draft, "/signature").text
    assert "Approved" in sent(reviewer, draft, "/approval").text
    assert "Signed by publisher" in sent(publisher, draft, "/signature").text
    assert "Published" in sent(publisher, draft, "/publication").text
    page = sent(publisher, draft, "/takedown", reason=WHY)
    assert "Taken down" in page.text
    assert WHY in page.text
    assert rig.ask("analyst", "GET", f"/v1/releases/{draft}").json()["status"] == "taken_down"


def test_a_release_is_returned_with_a_reason_that_its_author_reads(rig: Rig, draft: str) -> None:
    rig.step("analyst", draft, "submission")
    reviewer = browser_of(rig, "reviewer")
    wrong = reviewer.send(reviewer.get(at(draft)), at(draft, "/return"), reason=" ")
    assert wrong.status_code == 422
    assert 'href="#reason-return"' in wrong.text
    assert rig.ask("analyst", "GET", f"/v1/releases/{draft}").json()["status"] == "submitted"
    assert WHY in sent(reviewer, draft, "/return", reason=WHY).text
    assert WHY in browser_of(rig, "analyst").get(at(draft)).text


def test_an_answer_says_yes_or_no_and_why(rig: Rig, draft: str) -> None:
    rig.step("analyst", draft, "submission")
    reviewer = browser_of(rig, "reviewer")
    page, path = reviewer.get(at(draft)), at(draft, "/checks/dpia")
    for fields, field in (({"note": "x"}, "passed-dpia"), ({"passed": "yes", "note": ""}, "note-dpia"),
                          ({"passed": "no", "note": "y" * 2001}, "note-dpia")):  # fmt: skip
        wrong = reviewer.send(page, path, **fields)
        assert (wrong.status_code, f'href="#{field}"' in wrong.text) == (422, True), fields
        assert f'id="{field}"' in wrong.text
    assert sent(reviewer, draft, "/checks/dpia", passed="no", note="None covers it.").status_code == 200
    (dpia,) = (one for one in rig.gate(draft)["checks"] if one["check"] == "dpia")
    assert (dpia["state"], dpia["answer"]["note"]) == ("failed", "None covers it.")


def test_no_form_does_what_the_gate_forbids(rig: Rig, draft: str) -> None:
    """The page does not offer it, and who sends it all the same is told why not, on the page."""
    rig.step("analyst", draft, "submission")
    reviewer, publisher = browser_of(rig, "reviewer"), browser_of(rig, "publisher")
    theirs = token(reviewer)
    early = reviewer.post(at(draft, "/approval"), theirs)
    assert (early.status_code, "Not every check" in early.text) == (409, True)
    assert "dpia: A data protection impact assessment covers this release." in early.text  # which they are
    computed = reviewer.post(at(draft, "/checks/numbers"), theirs | {"passed": "yes", "note": "Trust me"})
    assert (computed.status_code, "mend what it found" in computed.text) == (409, True)
    stale = reviewer.post(at(draft, "/signature"), theirs | {"role": "reviewer", "gate": f"sha256:{'0' * 64}"})
    assert stale.status_code == 409
    as_another = reviewer.post(at(draft, "/signature"), theirs | {"role": "publisher", "gate": f"sha256:{'0' * 64}"})
    assert as_another.status_code == 403
    assert publisher.post(at(draft, "/publication"), token(publisher)).status_code == 409


def test_the_author_is_told_that_somebody_else_must_go_on(rig: Rig, draft: str) -> None:
    folder = rig.secrets / "people.json"
    rig.step("analyst", draft, "submission")
    change_person(folder, "analyst", roles=["analyst", "reviewer"])
    try:
        page = browser_of(rig, "analyst").get(at(draft))
        assert "somebody else must take its next step" in page.text
        assert 'name="note"' not in page.text
    finally:
        change_person(folder, "analyst", roles=["analyst"])


def test_what_is_held_back_is_told_in_counts_and_nobody_is_named(rig: Rig, draft: str) -> None:
    page = browser_of(rig, "reviewer").get(at(draft, "/withheld"))
    assert page.status_code == 200
    now = next(one for one in rig.gate(draft)["checks"] if one["check"] == "disclosure")["now"]
    counts = [int(one) for one in cells(page.text)]
    assert counts[1] == now["people_hidden"] > 0
    assert counts[2] < counts[1]
    assert counts[5:7] == [now["totals_withheld"], now["totals_suppressed"]]
    world = small_world()
    for gmc, name in world.consultants.select("gmc", "name").iter_rows():
        assert gmc not in page.text
        assert name not in page.text


def cells(html: str) -> list[str]:
    """The numbers of the first row of the table."""
    row = html.split("<tbody>")[1].split("</tr>", maxsplit=1)[0]
    return [one.split("<")[0].split(" (")[0].strip() for one in row.split("<td>")[1:]]


def test_what_is_other_than_before_is_told_with_its_cause(rig: Rig) -> None:
    first, second = (str(rig.build(str(next(DAYS)), INDICATOR)["release"]) for _ in range(2))
    rig.publish(first)
    reviewer = browser_of(rig, "reviewer")
    page = reviewer.get(at(second, "/differences"))
    assert page.status_code == 200
    assert f"Release {second} beside {first}" in page.text
    assert "Nothing has changed" in page.text
    assert reviewer.get(at("2031-01-01", "/differences")).status_code == 404


def test_nobody_else_finds_a_release(rig: Rig, draft: str) -> None:
    auditor = browser_of(rig, "auditor")
    page = auditor.get(at(draft))
    assert (page.status_code, "The gate" in page.text, "Draft begun" in page.text) == (200, False, True)
    assert auditor.get(at(draft, "/withheld")).status_code == 403
    assert browser_of(rig, "steward").get(at(draft)).status_code == 403
    assert browser_of(rig, "analyst").get(at("2031-01-01")).status_code == 404
    assert browser_of(rig, "analyst").get(at("no-release")).status_code in {404, 422}


def test_a_build_that_is_not_done_says_how_far_it_is(rig: Rig, draft: str) -> None:
    for build, failure, says in (
        ("running", None, "The build is under way."),
        ("failed", "No data came.", "The build has failed: No data came."),
    ):  # fmt: skip
        with rig.office.store.transaction() as tx:
            row = tx.release(draft)
            row.build, row.failure = build, failure
            row.stages = [{"name": "fit_models", "seconds": 2.25}]
            tx.add(row)
        page = browser_of(rig, "analyst").get(at(draft))
        assert (page.status_code, says in page.text, "Fit models" in page.text) == (200, True, True)
        assert "The gate" not in page.text
        assert "There is no step for you to take now." in page.text
        assert browser_of(rig, "analyst").get(at(draft, "/withheld")).status_code == 409
    with rig.office.store.transaction() as tx:
        row = tx.release(draft)
        row.build, row.failure = "done", None
        tx.add(row)
