"""The report on a submission over HTTP: there once it is checked, the same to the byte, beside the one before it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spec.ingest_service import NY, Ingest, episode, episodes_file, ny_file, ny_row, prepared, running, sha256
from tests.stores import Stores

DEMO = "candour-demo"


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    settings, passwords = prepared(tmp_path / "ingest", stores)
    with running(settings, passwords) as house:
        yield house


def months(*numbers: int, year: str = "2012") -> bytes:
    return ny_file(*(ny_row(facility=f"{1000 + number}", year=year) for number in numbers))


def report(house: Ingest, content: bytes, who: str = "steward", **parameters: str) -> dict:  # type: ignore[type-arg]
    answer = house.ask("GET", f"/v1/submissions/{sha256(content)}/profile", who, params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_first_submission_has_a_report_and_nothing_to_compare_with(ingest: Ingest) -> None:
    content = months(*range(30))
    sent = ingest.send(content)
    told = report(ingest, content)
    assert sent["profiled"] is True
    assert "against" not in told
    assert told["profile"]["fates"] == sent["fates"]
    assert told["profile"]["providers"]["number"] == 30
    assert told["surprises"] == []


def test_the_next_is_compared_with_it_and_says_who_is_gone(ingest: Ingest) -> None:
    first, second = months(*range(30)), months(*range(1, 30), year="2013")
    ingest.send(first)
    ingest.send(second)
    told = report(ingest, second, "analyst")
    assert told["against"] == sha256(first)
    assert [(one["code"], one["found"]) for one in told["surprises"]] == [
        ("provider-gone", "1 provider is gone: 1000.")
    ]
    assert report(ingest, first)["surprises"] == []  # what came later says nothing about it


def test_a_refused_file_lies_between_and_is_not_compared_with(ingest: Ingest) -> None:
    first, wrong, second = months(*range(30)), b"not,a,header\n1,2,3\n", months(*range(30), year="2013")
    for content in (first, wrong, second):
        ingest.send(content)
    assert report(ingest, second)["against"] == sha256(first)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(wrong)}/profile")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_asked_again_it_is_the_same_to_the_byte(ingest: Ingest) -> None:
    content = months(*range(12))
    ingest.send(content)
    path = f"/v1/submissions/{sha256(content)}/profile"
    assert ingest.ask("GET", path).content == ingest.ask("GET", path).content


def test_of_patients_it_names_no_value_of_few_lines(ingest: Ingest) -> None:
    rows = [episode(number, sex="female" if number else "male", consultant="9900077") for number in range(40)]
    content = episodes_file(*rows)
    ingest.send(content, DEMO)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(content)}/profile")
    assert "9900077" not in answer.text
    columns = {column["name"]: column for column in answer.json()["profile"]["columns"]}
    assert [one["value"] for one in columns["sex"]["frequent"]] == ["female"]


@pytest.mark.parametrize("who", ["", "service:ratings"])
def test_others_see_none(ingest: Ingest, who: str) -> None:
    content = months(1, 2)
    ingest.send(content)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(content)}/profile", who)
    assert answer.status_code in (401, 403)


def test_of_bytes_sent_to_two_feeds_it_asks_which(ingest: Ingest) -> None:
    content = months(1, 2)
    ingest.send(content)
    ingest.send(content, DEMO)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(content)}/profile")
    assert (answer.status_code, answer.json()["code"]) == (409, "several_feeds")
    assert report(ingest, content, feed=NY)["profile"]["source"] == NY
