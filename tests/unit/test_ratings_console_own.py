"""Their own pages: what whoever is measured sees before the public, and every form by which they answer."""

import re
from collections.abc import Iterator

import polars as pl
import pytest

from services.gateway.site import wording
from services.ratings.console.own import told as cells_of
from services.ratings.console.words import UNITS
from tests.browsers import Browser
from tests.stores import Stores
from tests.unit.console_rig import browser_of, sent, text_of, token
from tests.unit.told_rig import AFTER, RELEASE, SUBMITTED, Json, Told, told_in

TEXT = "These were the patients\nwhom nobody else took & <b>they knew it</b>."
LONG = "word " * 301


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), Stores(None)) as running:
        running.submitted()
        yield running


@pytest.fixture(scope="module")
def people(told: Told) -> list[str]:
    return sorted(told.results().filter(pl.col("level") == "consultant")["subject"].unique())


@pytest.fixture
def mine(told: Told, people: list[str]) -> list[Json]:
    """The rows of whoever the account `consultant` is now, as the API has them."""
    return told.own("consultant", people[0])


@pytest.fixture
def me(told: Told, mine: list[Json]) -> Browser:
    assert mine
    return browser_of(told.rig, "consultant")


def test_my_results_say_what_the_public_will_read_word_for_word(told: Told, me: Browser, mine: list[Json]) -> None:
    page = text_of(me.get("/me"))
    assert "Not yet published" in page
    assert "until the end of 29 June 2026" in page
    for own in mine:
        row, found = own["result"], cells_of(own["result"])
        assert row["indicator"]["label"] in page
        assert f'id="{row["id"]}"' in page
        assert own["public"] == "shown" or own["says"] in page
        for cell in (
            found[name] for name in ("words", "figure", "range", "warning", "observed", "expected") if found[name]
        ):
            assert cell in page, cell


@pytest.mark.parametrize("level", ["consultant", "provider"])
def test_words_and_figures_are_those_of_the_public_site(told: Told, level: str) -> None:
    """Of every subject: the page, and the site that shows the same row afterwards, say the same."""
    assert UNITS == wording.UNITS
    subjects = sorted(told.results().filter(pl.col("level") == level)["subject"].unique())
    shown = 0
    for subject in subjects[:: max(1, len(subjects) // 8)]:
        for own in told.own(level, subject):
            row, found = own["result"], cells_of(own["result"])
            if row["status"] != "published":
                assert found["words"] == wording.sentence(row)
                assert not any(found[name] for name in ("figure", "range", "observed", "expected"))
                continue
            shown += 1
            assert found["words"] == wording.summary(row) or not wording.summary(row)
            assert wording.with_range(row).startswith(found["figure"])
            assert found["range"] in wording.with_range(row)
            assert found["benchmark"] == wording.benchmark(row)
            assert (found["observed"], found["expected"]) == (
                f"{row['value']['observed']:,}", f"{row['value']['expected']:,}",
            )  # fmt: skip
    assert shown > 0


def test_a_reply_is_looked_at_before_it_is_sent(told: Told, me: Browser, mine: list[Json]) -> None:
    result = mine[0]["result"]["id"]
    form, look = f"/me/reply/{result}", f"/me/reply/{result}/look"
    page = me.get(form)
    for given, says in (({"text": " "}, "Write something."), ({"text": LONG}, "Yours has 301 words.")):
        wrong = me.send(page, look, **given)
        assert (wrong.status_code, 'href="#text"' in wrong.text, says in wrong.text) == (422, True, True)
    seen = me.send(page, look, text=TEXT)
    assert seen.status_code == 200
    assert TEXT in text_of(seen)
    assert "<b>they" not in seen.text
    assert "By the consultant, 1 June 2026" in seen.text
    assert told.own("consultant", told_subject(told))[0].get("reply") is None  # nothing is sent yet
    again = me.send(seen, form, again="yes")
    assert f">{TEXT}</textarea>" in text_of(again)
    assert me.send(seen, form).status_code == 303
    assert "waits to be read by the audit" in text_of(me.get("/me"))
    (found,) = (
        one for one in told.look("consultant").json()["releases"][0]["results"] if one["result"]["id"] == result
    )
    assert (found["reply"]["text"], found["reply"]["state"]) == (TEXT, "waiting")
    assert me.send(seen, form).status_code == 303  # the button pressed twice is one reply
    stale = me.send(page, look, text="Another")
    assert me.send(stale, form).status_code == 412
    told.moderate(found["reply"]["number"], "refused", ground="law", reason="It is libel.")
    assert "for law: It is libel." in text_of(me.get("/me"))


def told_subject(told: Told) -> str:
    return str(told.look("consultant").json()["subject"])


def test_a_commentary_and_a_comment_are_sent(told: Told, me: Browser) -> None:
    page = me.get("/me/commentary")
    wrong = me.send(page, "/me/commentary/look", text="word " * 501)
    assert (wrong.status_code, 'href="#commentary-1"' in wrong.text) == (422, True)
    wrong = me.send(page, "/me/comments", text="")
    assert (wrong.status_code, 'href="#comment-1"' in wrong.text) == (422, True)
    seen = me.send(page, "/me/commentary/look", text=TEXT)
    assert TEXT in text_of(seen)
    assert "Nothing is sent yet" in seen.text
    assert me.send(seen, "/me/commentary").headers["location"] == "/me"
    sent(me, "/me/commentary", "/me/comments", text="Not for the public.")
    found = told.look("consultant").json()["releases"][0]
    assert found["commentary"]["text"] == TEXT
    assert [one["text"] for one in found["comments"]] == ["Not for the public."]
    page = sent(me, "/me", f"/me/texts/{found['commentary']['number']}/withdrawal")
    assert "Taken back" in page.text
    assert told.look("consultant").json()["releases"][0]["commentary"]["state"] == "withdrawn"
    assert "Take it back<span" not in page.text
    nowhere = token(me, "/me") | {"release": "2031-01-01", "text": "x", "key": "k"}
    assert me.post("/me/comments", nowhere).status_code == 404


def test_a_query_is_asked_answered_and_its_flag_taken_back(told: Told, me: Browser, mine: list[Json]) -> None:
    result = mine[0]["result"]["id"]
    page = me.get(f"/me/queries?result={result}")
    assert f'value="{result}" selected' in page.text
    for given, wrong in (
        ({"records": "Case 7", "about": "Not mine"}, "result"), ({"result": result, "about": "Not mine"}, "records"),
        ({"result": result, "records": "Case 7"}, "about"),
    ):  # fmt: skip
        refused = me.send(page, "/me/queries", **given)
        assert (refused.status_code, f'href="#{wrong}"' in refused.text) == (422, True), given
    asked = sent(me, "/me/queries", "/me/queries", result=result, records="Case 7", about="Not mine", disputed="yes")
    number = re.search(r"Query (\d+): open", asked.text)
    assert number
    body = {"answer": "It was yours.", "data_changed": False}
    told.rig.done("steward", "POST", f"/v1/queries/{number[1]}/answer", json=body)
    page = me.get("/me/queries")
    assert "It was yours." in page.text
    page = sent(me, "/me/queries", f"/me/queries/{number[1]}/flag")
    assert "Tell the public no longer" not in page.text


def test_nobody_reads_or_answers_for_another(told: Told, people: list[str], mine: list[Json]) -> None:
    """What is not theirs is not found: whatever stands in the address."""
    result = mine[0]["result"]["id"]
    told.be("consultant", people[1])
    other = browser_of(told.rig, "consultant")
    theirs = token(other, "/me")
    assert result not in other.get("/me").text
    assert other.get(f"/me/reply/{result}").status_code == 404
    fields = theirs | {"text": "Ha", "seen": "0", "key": "k"}
    assert other.post(f"/me/reply/{result}", fields).status_code == 404
    assert other.post(f"/me/reply/{result}/look", theirs | {"text": "Ha", "seen": "0"}).status_code == 404
    query = theirs | {"result": result, "records": "r", "about": "a", "key": "k"}
    assert other.post("/me/queries", query).status_code == 404
    assert other.post("/me/queries/1/flag", theirs).status_code == 404
    for who in ("analyst", "auditor"):
        assert browser_of(told.rig, who).get("/me").status_code == 403
    told.be("consultant", None)
    assert browser_of(told.rig, "consultant").get("/me").status_code == 404
    told.be("consultant", people[0])


def test_after_the_window_nothing_is_offered_and_nothing_taken(told: Told, mine: list[Json]) -> None:
    result = mine[0]["result"]["id"]
    told.clock.now = AFTER
    try:
        me = browser_of(told.rig, "consultant")
        assert "Nothing more is taken for this release." in me.get("/me").text
        assert "<textarea" not in me.get(f"/me/reply/{result}").text + me.get("/me/commentary").text
        mine_now = token(me, "/me")
        late = me.post(f"/me/reply/{result}", mine_now | {"text": "Late", "seen": "0", "key": "late"})
        assert (late.status_code, "until the end of 2026-06-29" in late.text) == (409, True)
        assert me.post("/me/comments", mine_now | {"release": RELEASE, "text": "Late", "key": "l"}).status_code == 409
        query = mine_now | {"result": result, "records": "r", "about": "a", "key": "k2"}
        assert me.post("/me/queries", query).status_code == 409
    finally:
        told.clock.now = SUBMITTED
