"""Organisations and what others have published about them: search, succession, and rows without a figure of ours."""

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.gateway.view.compile import ViewRefused, compile_view
from services.gateway.view.places import Places
from services.gateway.view.queries import ViewRows
from services.gateway.view.spelling import district
from shared.contracts.public.indicators import Indicator
from shared.contracts.public.results import ResultPage
from shared.contracts.public.subjects import Provider, ProviderPage
from tests.unit.test_gateway_baked import FIXED, PERIOD
from tests.unit.test_gateway_providers_world import (
    ALONE,
    BEFORE,
    BOARD,
    CLOSED,
    EARLIER_PERIOD,
    GAIN,
    ISLE,
    NEWER,
    PCT,
    PRACTICE,
    RATING,
    SPLIT,
    WAITS,
    WORDS,
    Plain,
    figure,
    plain_view,
)
from tests.unit.test_gateway_world import World, world

HOSPITALS = {"ZZ001", "ZZ002", "ZZ003"}
LATEST = "/v1/releases/2026-09-30"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> ViewRows:
    target = tmp_path_factory.mktemp("view") / "view.sqlite"
    compile_view(plain_view().files(), target)
    return ViewRows(target)


def found(rows: ViewRows, q: str = "", **given: Any) -> set[str]:
    return set(rows.providers(Places(q, **given)))


@pytest.mark.parametrize(
    ("q", "ids"),
    [
        ("isle wight", {NEWER, BEFORE}), ("WIGHT isle", {NEWER, BEFORE}), ("cote", {CLOSED}), ("CÔTE centre", {CLOSED}),
        ("example", HOSPITALS), ("r1f", {NEWER}), ("R1", {NEWER}), ("5qt", {BEFORE}), ("zz00", HOSPITALS),
        ("newport", {NEWER}), ("trust newport", {NEWER}), ("wessex", {"ZZ002", "ZZ003"}), ("PO30", {NEWER}),
        ("po30 5tg", {NEWER}), ("PO305TG", {NEWER}), ("po30 5", {NEWER}), ("PO3", {CLOSED}), ("PO3 0AA", {CLOSED}),
        ("PO3 0", {CLOSED}), ("PO30 6", set()), ("TS18 1HU", {PRACTICE}), ("wight manchester", set()), ("%", set()),
        ("_", set()), ("'", set()), ('" or 1=1 --', set()),
    ],
)  # fmt: skip
def test_by_name_by_code_and_by_place(rows: ViewRows, q: str, ids: set[str]) -> None:
    assert found(rows, q) == ids


def test_filters_are_added_and_who_says_nothing_of_closing_is_neither(rows: ViewRows) -> None:
    assert found(rows, active=True) == {NEWER, ALONE}
    assert found(rows, active=False) == {BEFORE, SPLIT, CLOSED}
    assert found(rows, "wight", active=False) == {BEFORE}
    assert found(rows, kinds=["trust"], regions=["South East"]) == {NEWER, ALONE}
    assert found(rows, "", kinds=["gp-practice", "other"]) == {PRACTICE, CLOSED}


@pytest.mark.parametrize(
    ("postcode", "outward"), [("PO30 5TG", "PO30"), ("w1a1aa", "W1A"), ("M1 1AA", "M1"), ("PO30", ""), ("", "")]
)
def test_the_district_is_the_outward_half(postcode: str, outward: str) -> None:
    assert district(postcode) == outward


def ask(folder: Path, *paths: str) -> list[httpx.Response]:
    async def scenario(made: World) -> list[httpx.Response]:
        async with made.gateway() as gateway:
            return [await gateway.client.get(path) for path in paths]

    with world(folder, plain_view()) as made:
        return asyncio.run(scenario(made))


ASKED = {
    "newer": f"{LATEST}/providers/{NEWER}", "before": f"{LATEST}/providers/{BEFORE}",
    "split": f"{LATEST}/providers/{SPLIT}", "practice": f"{LATEST}/providers/{PRACTICE}",
    "search": f"{LATEST}/providers?q=wight&active=false", "active": f"{LATEST}/providers?active=perhaps",
    "other": f"{LATEST}/providers?kind=other",
    "of newer": f"{LATEST}/providers/{NEWER}/results", "of before": f"{LATEST}/providers/{BEFORE}/results",
    "by newer": f"{LATEST}/results?provider={NEWER}", "by before": f"{LATEST}/results?provider={BEFORE}",
    "csv": f"{LATEST}/providers/{NEWER}/results.csv", "ndjson": f"{LATEST}/providers/{NEWER}/results.ndjson",
    "words": f"{LATEST}/indicators/{RATING}/results", "words csv": f"{LATEST}/results.csv?indicator={RATING}",
    "named": f"{LATEST}/results?provider={NEWER}&sort=name", "some": f"{LATEST}/results?estimate[gte]=90&sort=name",
    "rating": f"{LATEST}/indicators/{RATING}", "computed": f"{LATEST}/indicators/{FIXED}",
    "funnel": f"{LATEST}/indicators/{RATING}/funnel", "drawn": f"{LATEST}/indicators/{FIXED}/funnel",
    "rank": f"{LATEST}/results?indicator={RATING}&include=rank_interval",
    "fixed": f"{LATEST}/files/results-fixed.csv", "one": f"{LATEST}/results/r-{23:012x}",
    "fields": f"{LATEST}/providers/{NEWER}/results?fields=subject,value",
}  # fmt: skip
PAGES = {
    "page": f"/providers/{NEWER}", "page before": f"/providers/{BEFORE}", "page practice": f"/providers/{PRACTICE}",
    "page split": f"/providers/{SPLIT}", "page board": f"/providers/{BOARD}", "page alone": f"/providers/{ALONE}",
    "page closed": f"/providers/{CLOSED}", "page hospital": "/providers/ZZ002",
    "page rating": f"/indicators/{RATING}", "page waits": f"/indicators/{WAITS}",
    "page earlier": f"/indicators/{WAITS}?period={EARLIER_PERIOD}", "page gain": f"/indicators/{GAIN}",
    "page fixed": f"/indicators/{FIXED}", "page found": "/providers?q=wight", "page place": "/providers?q=PO30",
    "page word": f"/results/r-{20:012x}", "page share": f"/results/r-{23:012x}", "page absent": f"/results/r-{24:012x}",
    "page verdict": f"/results/r-{25:012x}", "page sent": f"/results/r-{28:012x}", "page all": "/indicators",
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, httpx.Response]:
    every = ASKED | PAGES
    got = ask(tmp_path_factory.mktemp("site"), *every.values())
    return dict(zip(every, got, strict=True))


def body(answers: dict[str, httpx.Response], name: str) -> dict[str, Any]:
    assert answers[name].status_code == 200, answers[name].text
    told: dict[str, Any] = answers[name].json()
    return told


def ids(told: dict[str, Any]) -> list[str]:
    return [one["id"].removeprefix("r-0000000000") for one in told["data"]]


def test_an_organisation_says_where_it_is_what_it_is_part_of_and_what_it_came_from(
    answers: dict[str, httpx.Response],
) -> None:
    told = body(answers, "newer")
    Provider.model_validate(told)
    assert {name: told[name] for name in ("town", "postcode", "active", "opened", "parent", "succession")} == {
        "town": "Newport", "postcode": "PO30 5TG", "active": True, "opened": "2012-04-01",
        "parent": {"id": BOARD, "name": "Hampshire Board"},
        "succession": [{"relation": "predecessor", "id": BEFORE, "name": PCT, "since": "2012-04-01"}],
    }  # fmt: skip
    assert "closed" not in told
    before = body(answers, "before")
    assert (before["active"], before["closed"]) == (False, "2012-03-31")
    assert before["succession"] == [{"relation": "successor", "id": NEWER, "name": ISLE, "since": "2012-04-01"}]
    assert body(answers, "split")["succession"] == [
        {"relation": "successor", "id": BOARD, "name": "Hampshire Board"}  # no source says since when
    ]


def test_what_a_register_does_not_say_is_left_out(answers: dict[str, httpx.Response]) -> None:
    assert not {"active", "opened", "closed", "parent", "succession"} & body(answers, "practice").keys()


def test_the_search_says_what_is_closed_and_refuses_what_it_does_not_know(answers: dict[str, httpx.Response]) -> None:
    told = body(answers, "search")
    ProviderPage.model_validate(told)
    assert [one["id"] for one in told["data"]] == [BEFORE]
    assert told["data"][0]["succession"][0]["id"] == NEWER
    assert "active=false" in told["links"]["self"]
    assert [one["id"] for one in body(answers, "other")["data"]] == [CLOSED]
    assert (answers["active"].status_code, answers["active"].json()["code"]) == (422, "value_not_allowed")


def test_a_merged_trusts_results_are_found_under_both_and_say_so(answers: dict[str, httpx.Response]) -> None:
    for name in ("of newer", "by newer"):
        told = body(answers, name)
        ResultPage.model_validate(told)
        assert sorted(ids(told)) == ["14", "16", "17", "19", "1a", "1c", "1d"]
    for name in ("of before", "by before"):
        assert sorted(ids(body(answers, name))) == ["17", "1a", "1d"]
    by_id = dict(zip(ids(body(answers, "of newer")), body(answers, "of newer")["data"], strict=True))
    assert by_id["17"]["subject"] == {
        "level": "provider", "id": NEWER, "name": ISLE, "kind": "trust", "reported_as": {"id": BEFORE, "name": PCT},
    }  # fmt: skip
    assert "reported_as" not in by_id["16"]["subject"]
    # each figure is the one that was published: nothing is added up, and both stand for their own period
    told = {one["period"]["id"]: one["value"]["estimate"] for name, one in by_id.items() if name in ("16", "17")}
    assert told == {PERIOD: 71.4, EARLIER_PERIOD: 95.2}
    assert body(answers, "one") == by_id["17"]


def test_a_word_stands_in_place_of_an_estimate_and_nothing_of_ours_beside_it(
    answers: dict[str, httpx.Response],
) -> None:
    told = body(answers, "words")
    word = dict(zip(ids(told), told["data"], strict=True))["14"]
    assert word["value"] == {"kind": "word", "word": "Requires improvement"}
    assert word["words"] == {"summary": "Requires improvement"}
    assert not {"comparison", "certainty", "rank_interval"} & word.keys()
    first, *lines = csv.DictReader(io.StringIO(answers["words csv"].text))
    for line in (first, *lines):
        assert line["word"] in WORDS
        assert not any(line[name] for name in ("estimate", "interval_lower", "position", "band", "rank_lower"))
    assert {line["reported_as_id"] for line in (first, *lines)} == {"", BEFORE}


def test_every_form_has_the_same_rows(answers: dict[str, httpx.Response]) -> None:
    told = sorted(one["id"] for one in body(answers, "of newer")["data"])
    lines = list(csv.DictReader(io.StringIO(answers["csv"].text)))
    assert sorted(one["result_id"] for one in lines) == told
    assert {one["provider_id"] for one in lines} == {NEWER}
    *rows, end = (json.loads(one) for one in answers["ndjson"].text.splitlines())
    assert sorted(one["id"] for one in rows) == told
    assert end == {"status": "end", "rows": 7}
    assert {f"r-{number:012x}" for number in range(20, 30)} <= {
        one["result_id"] for one in csv.DictReader(io.StringIO(answers["fixed"].text))
    }


def test_sorting_and_limits_cope_with_rows_that_have_no_number(answers: dict[str, httpx.Response]) -> None:
    assert sorted(ids(body(answers, "named"))) == sorted(ids(body(answers, "of newer")))
    assert ids(body(answers, "some")) == ["17"]
    assert all(set(one) <= {"id", "status", "subject", "value"} for one in body(answers, "fields")["data"])


def test_an_indicator_of_others_says_so_and_has_no_funnel(answers: dict[str, httpx.Response]) -> None:
    rating, computed = body(answers, "rating"), body(answers, "computed")
    Indicator.model_validate(rating)
    assert (rating["recipe"], rating["words"]) == ("published", WORDS)
    assert "funnel" not in rating["links"]
    assert (computed["recipe"], "words" in computed) == ("computed", False)
    assert computed["links"]["funnel"].endswith("/funnel")
    assert (answers["funnel"].status_code, answers["funnel"].json()["code"]) == (404, "not_found")
    assert (answers["rank"].status_code, answers["rank"].json()["code"]) == (422, "rank_not_defined")
    points = body(answers, "drawn")["points"]
    assert [(one["provider"], one.get("reported_as")) for one in points] == [
        (NEWER, None), (NEWER, BEFORE), ("ZZ001", None), ("ZZ002", None),  # each with a figure of its own
    ]  # fmt: skip


def text(answers: dict[str, httpx.Response], name: str) -> str:
    assert answers[name].status_code == 200, answers[name].text
    return " ".join(answers[name].text.split())


def test_the_page_shows_everything_side_by_side(answers: dict[str, httpx.Response]) -> None:
    page = text(answers, "page")
    for told in (
        "Newport, PO30 5TG", "1 April 2012", "Hampshire Board", "Took the place of", "Results of this trust",
        "Published by Care Quality Commission", "Published by NHS England", "Open Government Licence 3.0",
        "Public domain", "Requires improvement", "71.4% (range 70.1% to 72.7%)", "20.5 points (no range can be given)",
        "Positive outlier (99.8%)", "97% of the cases expected were sent", "Cannot tell: too many cases are missing",
        f"Published about {PCT}, which became {ISLE} on 1 April 2012.", "95.2% (range 94.6% to 95.8%)",
    ):  # fmt: skip
        assert told in page, told
    shown, _, hidden = page.partition("Earlier periods, published by Care Quality Commission")
    assert ">Requires improvement</a>" in shown
    assert ">Good</a>" not in shown
    assert ">Good</a>" in hidden
    assert page.count("Requires improvement") == 1  # said once: a word is no verdict on itself
    plain = page[page.index('id="published"') :]
    plain = plain[: plain.index('id="compared"')]
    for ours in ("nhsuk-tag", "etter than", "orse than", "As expected", "score", "rank"):
        assert ours not in plain  # no label of ours, no colour, no order


def test_the_page_of_the_one_that_ended_leads_to_its_successor(answers: dict[str, httpx.Response]) -> None:
    page = text(answers, "page before")
    assert '<h2 class="nhsuk-heading-s">This organisation is no more</h2>' in page
    assert (
        f'It closed on 31 March 2012. <a href="/providers/{NEWER}">{ISLE}</a> took its place on 1 April 2012.' in page
    )
    assert "95.2% (range 94.6% to 95.8%)" in page
    assert "71.4%" not in page
    assert "Not stated" not in page
    assert "Beside the other" not in page  # it is in no newest period
    split = text(answers, "page split")
    assert f'<a href="/providers/{BOARD}">Hampshire Board</a> took its place.' in split
    assert "No results of this area can be shown." in split
    assert "Hampshire Primary Care Trust" in text(answers, "page board")
    assert "This organisation has closed" in text(answers, "page closed")
    assert "Does not apply: not done here" in text(answers, "page closed")
    assert "No results of this trust can be shown." in text(answers, "page alone")


def test_a_practice_has_its_word_and_an_absence_with_its_reason(answers: dict[str, httpx.Response]) -> None:
    page = text(answers, "page practice")
    assert ">Outstanding</a>" in page
    assert '<a href="/not-shown/not_submitted">Not available: nothing was sent in</a>' in page
    assert "compared with expected" not in page[: page.index("</title>")]


def test_the_search_page_says_what_it_searched_and_offers_the_successor(answers: dict[str, httpx.Response]) -> None:
    page = text(answers, "page found")
    assert "Searched by the name, town, region, code and postcode" in page
    assert "Not by distance." in page
    assert f'Closed on 31 March 2012. <a href="/providers/{NEWER}">{ISLE}</a> took its place on 1 April 2012.' in page
    assert "Trust, Newport, South East" in page
    assert ISLE in text(answers, "page place")


def test_the_pages_of_an_indicator_of_others(answers: dict[str, httpx.Response]) -> None:
    page = text(answers, "page rating")
    assert "Inadequate, Requires improvement, Good, Outstanding" in page
    assert "Nothing is compared here." in page
    assert page.index(ISLE) < page.index("The Densham Surgery")  # by name, not by word
    assert "<figure" not in page
    assert "nhsuk-tag" not in page
    assert "71.4% (range 70.1% to 72.7%)" in text(answers, "page waits")
    assert "Does not apply: not done here" in text(answers, "page waits")
    assert f"Published about {PCT}, which became {ISLE}." in text(answers, "page earlier")
    assert "Positive outlier (99.8%)" in text(answers, "page gain")
    assert "<figure" in text(answers, "page fixed")
    assert "97% of the cases expected were sent" in text(answers, "page fixed")
    assert "Published by Care Quality Commission" in text(answers, "page all")


def test_the_pages_of_one_result(answers: dict[str, httpx.Response]) -> None:
    word = text(answers, "page word")
    assert "Requires improvement" in word[: word.index("</title>")]
    assert "It is not compared with anything here" in word
    assert "Chance, in plain words" not in word
    share = text(answers, "page share")
    assert f"Published about {PCT}, which became {ISLE} on 1 April 2012." in share
    assert "Does not apply: not done here" in text(answers, "page absent")
    assert "Positive outlier (99.8%)" in text(answers, "page verdict")
    sent = text(answers, "page sent")
    assert "Cases sent" in sent
    assert "97% of the cases expected were sent" in sent


@pytest.mark.parametrize(
    "given",
    [
        {"reported_as_id": BEFORE}, {"reported_as_name": PCT}, {"reported_as_id": NEWER, "reported_as_name": ISLE},
        {"reported_as_id": "ELSE", "reported_as_name": "Somebody"}, {"estimate": 1.0},
    ],
)  # fmt: skip
def test_a_view_that_breaks_the_rules_of_words_and_mergers_is_refused(given: dict[str, Any], tmp_path: Path) -> None:
    broken = Plain([figure(1, NEWER, RATING, value_kind="word", word="Good") | given], {})
    with pytest.raises(ViewRefused):
        compile_view(broken.files(), tmp_path / "view.sqlite")
