"""Queries, replies, commentaries and comments: who may send, answer and moderate them, and what of them is public."""

from collections.abc import Iterator
from typing import Any

import httpx
import polars as pl
import pytest

from services.ratings.problems import BakedMeanwhile
from services.ratings.store.answers import beside, seen
from services.ratings.store.answers import said as said_now
from services.ratings.store.answers import told as counted
from services.ratings.view.beside import Beside
from services.ratings.workflow.baking import prepare_view
from tests.stores import Stores
from tests.unit.test_ratings_rig import BOTH
from tests.unit.told_rig import AFTER, LAST_DAY, RELEASE, SUBMITTED, Json, Told, told_in

LONG = "word " * 301


@pytest.fixture(scope="module")
def told(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        running.submitted()
        yield running


@pytest.fixture(scope="module")
def people(told: Told) -> list[str]:
    return sorted(told.results().filter(pl.col("level") == "consultant")["subject"].unique())


def result_of(told: Told, consultant: str) -> str:
    return str(told.own("consultant", consultant)[0]["result"]["id"])


def said(told: Told, release: str = RELEASE) -> Beside:
    with told.rig.office.store.reading() as tx:
        return beside(tx, tx.release(release), told.results(release))


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def test_the_first_look_is_kept_for_each_submission(told: Told, people: list[str]) -> None:
    who = ("consultant", people[0])
    told.own(*who)
    told.clock.now = LAST_DAY
    told.own(*who)
    with told.rig.office.store.reading() as tx:
        row = tx.release(RELEASE)
        first = seen(tx, row, who)
        evidence = counted(tx, row, told.results())
    told.clock.now = SUBMITTED
    assert first is not None
    assert first.at == SUBMITTED
    assert evidence.subjects == told.results().select("level", "subject").unique().height
    assert 1 <= evidence.looked <= evidence.subjects


def test_a_preview_closes_with_the_return_and_opens_again(told: Told, people: list[str]) -> None:
    release = told.submitted("2026-10-01")
    consultant = people[0]
    before = told.own("consultant", consultant, release)
    told.rig.step("reviewer", release, "return")
    assert [one["release"] for one in told.look("consultant").json()["releases"]] == [RELEASE]
    refused = told.say("consultant", before[0]["result"]["id"], "Too late?")
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    told.rig.step("analyst", release, "submission")
    again = told.told("consultant", consultant, release)
    assert (again["submission"], again["results"]) == (2, before)
    told.rig.step("reviewer", release, "return")


def test_the_window_closes_at_midnight_in_london(told: Told, people: list[str]) -> None:
    consultant = people[20]
    result = told.own("consultant", consultant)[0]["result"]["id"]
    told.clock.now = AFTER
    refused = told.say("consultant", result, "One minute late.")
    told.clock.now = LAST_DAY
    taken = told.say("consultant", result, "In time.")
    told.clock.now = SUBMITTED
    assert (refused.status_code, refused.json()["code"]) == (409, "window_closed")
    assert "2026-06-29" in refused.json()["detail"]
    assert taken.status_code == 200, taken.text
    assert told.moderate(taken.json()["sent"]["number"]).status_code == 200


def test_a_reply_is_seen_by_its_author_as_the_public_will_see_it(told: Told, people: list[str]) -> None:
    result = result_of(told, people[0])
    sent = told.say("consultant", result, "These were\r\nthe patients nobody else took.")
    assert (sent.status_code, sent.headers["ETag"]) == (200, f'"{sent.json()["sent"]["number"]}"')
    reply = {"status": "given", "author": "consultant", "received": "2026-06-01",
             "text": "These were\nthe patients nobody else took."}  # fmt: skip
    assert sent.json()["result"]["reply"] == reply
    waiting = told.own("consultant", people[0])[0]
    assert waiting["result"]["reply"] == {"status": "none"}
    assert (waiting["reply"]["state"], waiting["reply"]["text"]) == ("waiting", reply["text"])
    told.moderate(sent.json()["sent"]["number"])
    accepted = told.own("consultant", people[0])[0]
    assert (accepted["result"]["reply"], accepted["reply"]["state"]) == (reply, "accepted")


def test_a_reply_replaces_the_one_that_its_author_has_read(told: Told, people: list[str]) -> None:
    result = result_of(told, people[1])
    first = told.say("consultant", result, "First.").json()["sent"]
    again = told.say("consultant", result, "First.").json()["sent"]
    assert again == first
    assert code(told.say("consultant", result, "Second.")) == (428, "if_match_needed")
    assert code(told.say("consultant", result, "Second.", seen=first["number"] + 77)) == (412, "revision_changed")
    second = told.say("consultant", result, "Second.", seen=first["number"]).json()["sent"]
    assert code(told.moderate(first["number"])) == (409, "already_settled")
    assert told.moderate(second["number"]).json()["state"] == "accepted"
    third = told.say("consultant", result, "Third.", seen=second["number"])
    assert third.status_code == 200
    assert ("consultant", people[1]) not in {key[:2] for key in said(told).replies}  # the third waits, and it counts


def test_a_key_is_one_text(told: Told, people: list[str]) -> None:
    result = result_of(told, people[2])
    sent = told.say("consultant", result, "Once.", key="a-key")
    assert told.say("consultant", result, "Once.", key="a-key").json()["sent"] == sent.json()["sent"]
    assert code(told.say("consultant", result, "Twice.", key="a-key")) == (409, "idempotency_key_reused")


def test_a_text_has_words_and_not_too_many(told: Told, people: list[str]) -> None:
    result = result_of(told, people[3])
    for text in ("", "  \n ", "a\x00b", LONG):
        assert code(told.say("consultant", result, text)) == (422, "value_not_allowed")
    (error,) = told.say("consultant", result, LONG).json()["errors"]
    assert error == {"pointer": "text", "found": "301 words", "expected": "at most 300"}
    assert told.say("consultant", result, LONG[5:]).status_code == 200


def test_moderation_is_for_confidentiality_and_law_and_says_why(told: Told, people: list[str]) -> None:
    sent = told.say(told.be("consultant", people[4]), result_of(told, people[4]), "Mrs A was the one.").json()["sent"]
    number = sent["number"]
    for wrong in ({"outcome": "refused"}, {"outcome": "refused", "ground": "tone", "reason": "Rude."},
                  {"outcome": "refused", "ground": "law"}, {"outcome": "accepted", "reason": "Fine."},
                  {"outcome": "accepted", "text": "Another text."}):  # fmt: skip
        refused = told.rig.ask("reviewer", "POST", f"/v1/replies/{number}/moderation", json=wrong)
        assert code(refused) == (422, "value_not_allowed"), wrong
    why = {"ground": "confidentiality", "reason": "It names a patient."}
    assert told.moderate(number, "refused", **why).json()["state"] == "refused"
    assert told.moderate(number, "refused", **why).status_code == 200  # sent again
    assert code(told.moderate(number)) == (409, "already_settled")
    own = told.own("consultant", people[4])[0]
    assert {name: own["reply"][name] for name in ("state", *why)} == {"state": "refused", **why}
    assert own["result"]["reply"] == {"status": "none"}  # neither shown nor called missing
    assert told.say("consultant", own["result"]["id"], "A patient.", seen=number).status_code == 200


def test_nobody_moderates_their_own_words(told: Told, people: list[str]) -> None:
    told.be(BOTH, people[5])
    sent = told.say(BOTH, result_of(told, people[5]), "By somebody of every trade.").json()["sent"]
    assert code(told.moderate(sent["number"], who=BOTH)) == (409, "own_words")
    told.be("reviewer", people[5])
    assert code(told.moderate(sent["number"])) == (409, "own_words")
    told.be("reviewer", None)
    told.be(BOTH, None)
    assert told.moderate(sent["number"]).status_code == 200


def test_moderators_read_replies_by_state_and_never_comments(told: Told, people: list[str]) -> None:
    told.be("consultant", people[6])
    body: Json = {"release": RELEASE, "text": "Between us."}
    comment = told.rig.ask("consultant", "POST", "/v1/me/comments", json=body, headers={"Idempotency-Key": "c"})
    assert (comment.status_code, comment.json()["state"]) == (201, "kept")
    waiting = told.rig.done("reviewer", "GET", "/v1/replies?state=waiting")["texts"]
    assert {one["state"] for one in waiting} == {"waiting"}
    assert comment.json()["number"] not in {
        one["number"] for one in told.rig.done("reviewer", "GET", "/v1/replies")["texts"]
    }
    assert code(told.moderate(comment.json()["number"])) == (404, "not_found")
    assert comment.json() in told.rig.done("analyst", "GET", "/v1/comments")["texts"]
    assert code(told.rig.ask("reviewer", "GET", "/v1/replies?state=unread")) == (422, "value_not_allowed")
    assert code(told.rig.ask("reviewer", "GET", "/v1/replies?status=waiting")) == (422, "unknown_parameter")
    with told.rig.office.store.reading() as tx:
        assert counted(tx, tx.release(RELEASE), told.results()).replies_waiting == len(waiting)


def test_a_text_is_taken_back_by_its_subject(told: Told, people: list[str]) -> None:
    result = result_of(told, people[0])
    number = told.own("consultant", people[0])[0]["reply"]["number"]
    told.be("consultant", people[1])
    assert code(told.rig.ask("consultant", "DELETE", f"/v1/me/texts/{number}")) == (404, "not_found")
    told.be("consultant", people[0])
    for _ in range(2):
        assert told.rig.done("consultant", "DELETE", f"/v1/me/texts/{number}")["state"] == "withdrawn"
    assert told.own("consultant", people[0])[0]["result"]["reply"] == {"status": "none"}
    assert code(told.moderate(number)) == (409, "already_settled")
    assert told.say("consultant", result, "After all.", seen=number).status_code == 200


def test_a_view_that_was_baked_before_a_text_was_accepted_does_not_go_live(told: Told, people: list[str]) -> None:
    office = told.rig.office
    result = result_of(told, people[12])
    sent = told.say("consultant", result, "At the last moment.").json()["sent"]
    with office.baking():
        prepared = prepare_view(office, RELEASE, office.peers.permissions(), told.clock())
    told.rig.ask("consultant", "POST", "/v1/me/comments", json={"release": RELEASE, "text": "Private."},
                 headers={"Idempotency-Key": "while baking"})  # fmt: skip
    with office.store.reading() as tx:
        heard = {one.release: one.said for one in prepared.views}[RELEASE]
        assert heard == said_now(tx, RELEASE)  # a comment is not for the public
    told.moderate(sent["number"])
    with pytest.raises(BakedMeanwhile), office.store.transaction() as tx:
        prepared.flip(tx)
    assert RELEASE not in {one["release"] for one in told.rig.gateway("/v1/views").json()["views"]}


def test_a_commentary_is_about_all_results(told: Told, people: list[str]) -> None:
    told.be("consultant", people[7])
    body = {"release": RELEASE, "text": "I operate on emergencies only."}
    sent = told.rig.done("consultant", "PUT", "/v1/me/commentary", json=body)
    assert told.rig.done("consultant", "PUT", "/v1/me/commentary", json=body) == sent
    told.moderate(sent["number"])
    (one,) = (one for one in said(told).commentaries if one.subject == people[7])
    assert (one.level, one.status, one.author, one.text) == ("consultant", "given", "consultant", body["text"])
    assert told.told("consultant", people[7])["commentary"]["state"] == "accepted"
    assert code(told.rig.ask("consultant", "PUT", "/v1/me/commentary", json=body | {"release": "2026-12-31"})) == (
        404, "not_found",
    )  # fmt: skip


def ask(told: Told, result: str, key: str, **changes: Any) -> httpx.Response:
    body = {"result": result, "records": "Three of May", "about": "They are not mine."} | changes
    return told.rig.ask("consultant", "POST", "/v1/queries", json=body, headers={"Idempotency-Key": key})


def test_a_query_is_answered_once_and_its_flag_can_be_withdrawn(told: Told, people: list[str]) -> None:
    result = result_of(told, people[8])
    asked = ask(told, result, "q1", disputed=True)
    assert asked.status_code == 201, asked.text
    assert ask(told, result, "q1", disputed=True).json() == asked.json()
    assert code(ask(told, result, "q1", about="Something else.")) == (409, "idempotency_key_reused")
    assert code(ask(told, result, "q1", disputed=False)) == (409, "idempotency_key_reused")
    key = ("consultant", people[8], asked.json()["indicator"], asked.json()["period"])
    assert key in said(told).disputed
    assert told.own("consultant", people[8])[0]["result"]["quality"]["flags"][-1] == "disputed"
    number = asked.json()["number"]
    answer = {"answer": "One was not yours: corrected.", "data_changed": True}
    settled = told.rig.done("steward", "POST", f"/v1/queries/{number}/answer", json=answer)
    assert told.rig.done("steward", "POST", f"/v1/queries/{number}/answer", json=answer) == settled
    other = told.rig.ask("steward", "POST", f"/v1/queries/{number}/answer", json=answer | {"data_changed": False})
    assert code(other) == (409, "already_settled")
    assert settled in told.rig.done("consultant", "GET", "/v1/queries")["queries"]
    assert key in said(told).disputed  # an answer does not end the dispute
    assert told.rig.done("consultant", "DELETE", f"/v1/queries/{number}/disputed")["disputed"] is False
    assert key not in said(told).disputed


def test_a_reply_to_figures_that_changed_is_said_again(told: Told, people: list[str]) -> None:
    """Returned, built from other figures, submitted again: what answers to other figures stands for none of these."""
    release = told.submitted("2026-10-05")
    stays, changes = people[9], people[10]
    for consultant in (stays, changes):
        result = told.own("consultant", consultant, release)[0]["result"]["id"]
        told.moderate(told.say("consultant", result, "As it is.").json()["sent"]["number"])
        assert ask(told, result, f"flag {consultant}", disputed=True).status_code == 201
    told.rig.step("reviewer", release, "return")
    one_more(told, release, changes)
    told.rig.step("analyst", release, "submission")
    now = said(told, release)
    assert {key[1] for key in now.replies if now.replies[key].status == "given"} == {stays}
    assert {key[1] for key in now.disputed} == {stays}
    own = told.own("consultant", changes, release)[0]
    assert (own["reply"]["applies"], own["reply"]["state"]) == (False, "accepted")
    seen = own["reply"]["number"]
    assert code(told.say("consultant", own["result"]["id"], "As it is.")) == (428, "if_match_needed")
    again = told.say("consultant", own["result"]["id"], "As it is.", seen=seen).json()["sent"]
    assert (again["applies"], again["submission"]) == (True, 2)
    told.moderate(again["number"])
    assert {key[1] for key, one in said(told, release).replies.items() if one.status == "given"} == {stays, changes}
    told.rig.step("reviewer", release, "return")


def one_more(told: Told, release: str, consultant: str) -> None:
    """The results of a release with one case more for this consultant, as a corrected build would have them."""
    office = told.rig.office
    frame = told.results(release)
    whose = (pl.col("level") == "consultant") & (pl.col("subject") == consultant)
    other = frame.with_columns(pl.when(whose).then(pl.col("cases") + 1).otherwise("cases").alias("cases"))
    digest = office.frames.keep(other, ["indicator", "period_id", "level", "subject"])
    with office.store.transaction() as tx:
        row = tx.release(release)
        row.parts, row.results_digest = {**row.parts, "results": digest}, digest
        tx.add(row)


def test_what_stands_beside_a_published_release_is_frozen(told: Told, people: list[str]) -> None:
    waiting = told.say(told.be("consultant", people[11]), result_of(told, people[11]), "In good time.").json()["sent"]
    flag = ask(told, result_of(told, people[11]), "late flag", disputed=True).json()["number"]
    for one in told.rig.done("reviewer", "GET", "/v1/replies?state=waiting")["texts"]:
        told.moderate(one["number"])
    for query in told.rig.done("steward", "GET", "/v1/queries")["queries"]:
        if query["state"] == "open":
            answer = {"answer": "We have looked.", "data_changed": False}
            told.rig.done("steward", "POST", f"/v1/queries/{query['number']}/answer", json=answer)
    result = result_of(told, people[11])
    told.publish()
    assert code(told.say("consultant", result, "One thing more.", seen=waiting["number"])) == (409, "release_frozen")
    assert code(told.moderate(waiting["number"])) == (409, "release_frozen")
    assert code(told.rig.ask("consultant", "DELETE", f"/v1/queries/{flag}/disputed")) == (409, "release_frozen")
    body = {"release": RELEASE, "text": "On all of it."}
    assert code(told.rig.ask("consultant", "PUT", "/v1/me/commentary", json=body)) == (409, "release_frozen")
    rows = told.rig.table(RELEASE, "rows")
    assert rows.filter(pl.col("id") == result).select("reply_status", "reply_text").rows() == [
        ("given", "In good time."),
    ]  # fmt: skip
    pieces = told.rig.ask("auditor", "GET", f"/v1/subject-access/{people[11]}").text
    assert '"place":"texts"' in pieces
    assert '"place":"queries"' in pieces
    assert '"place":"seen"' in pieces
