"""A submission is decided again as the newest word, or left out; both snapshots remain, and what differs is told."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

FIRST = ny_file(ny_row("1001"), ny_row("1002"))
SECOND = ny_file(ny_row("1002", deaths="5"), ny_row("1003"))
THIRD = ny_file(ny_row("1003"), ny_row("1004"))


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores)) as service:
        yield service


def post(ingest: Ingest, content: bytes, what: str, body: dict[str, Any] | None = None) -> Any:
    return ingest.ask("POST", f"/v1/submissions/{sha256(content)}/{what}", json=body)


def rerun(ingest: Ingest, content: bytes, **body: Any) -> dict[str, Any]:
    answer = post(ingest, content, "reruns", body)
    assert answer.status_code == 202, answer.text
    return ingest.decided(content)


def standing(ingest: Ingest) -> dict[str, int]:
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    return dict(rows.select("provider", "observed").iter_rows())


def test_an_earlier_file_supersedes_once_more(ingest: Ingest) -> None:
    """The same bytes again are a repeat, which nobody can tell from a lost answer: to supersede again is asked for."""
    earlier, later = ny_file(ny_row(deaths="4")), ny_file(ny_row(deaths="5"))
    ingest.send(earlier, supersede="true")
    ingest.send(later, supersede="true")
    ingest.send(earlier, supersede="true")
    assert standing(ingest) == {"1001": 5}
    assert some(rerun(ingest, earlier, supersede=True)["fates"]) == {"header": 1, "accepted": 1}
    assert standing(ingest) == {"1001": 4}


def test_without_superseding_all_of_the_feed_is_decided_again_and_it_is_the_last(ingest: Ingest) -> None:
    ingest.send(FIRST)
    ingest.send(SECOND, supersede="true")
    assert standing(ingest) == {"1001": 4, "1002": 5, "1003": 4}
    assert some(rerun(ingest, FIRST)["fates"]) == {"header": 1, "accepted": 1, "conflict": 1}
    assert some(ingest.decided(SECOND)["fates"]) == {"header": 1, "accepted": 1, "conflict": 1}
    assert standing(ingest) == {"1001": 4, "1003": 4}


def test_a_retracted_file_is_in_no_later_snapshot(ingest: Ingest) -> None:
    for content in (FIRST, SECOND, THIRD):
        ingest.send(content)
    assert standing(ingest) == {"1001": 4, "1003": 4, "1004": 4}
    before = ingest.freeze()
    told = post(ingest, SECOND, "retraction").json()
    assert (told["state"], told["refusal"]["code"]) == ("refused", "retracted")
    assert some(ingest.decided(FIRST)["fates"]) == {"header": 1, "accepted": 2}
    assert some(ingest.decided(THIRD)["fates"]) == {"header": 1, "accepted": 2}
    assert standing(ingest) == {"1001": 4, "1002": 4, "1003": 4, "1004": 4}
    assert ingest.ask("GET", f"/v1/snapshots/{before['digest']}").json() == before
    again = post(ingest, SECOND, "retraction")
    assert (again.status_code, again.json()) == (202, told)
    assert some(rerun(ingest, SECOND)["fates"]) == {"header": 1, "conflict": 1, "duplicate": 1}


def test_what_was_refused_cannot_be_retracted_but_tried_again(ingest: Ingest) -> None:
    refused = b"not a header\n"
    assert ingest.send(refused)["state"] == "refused"
    answer = post(ingest, refused, "retraction")
    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_to_retract")
    assert rerun(ingest, refused)["state"] == "refused"
    assert post(ingest, b"never sent", "reruns", {}).status_code == 404


def test_mended_lines_go_with_the_file_whose_lines_they_are(ingest: Ingest) -> None:
    broken = ny_file(ny_row("1001"), ny_row("1002", cases="many"))
    ingest.send(broken)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(broken)}/quarantine", params={"form": "mend"})
    mended = answer.content.replace(b"many", b"100")
    ingest.send(mended, mends=sha256(broken))
    other = ny_file(ny_row("1009"))
    ingest.send(other)
    assert set(standing(ingest)) == {"1001", "1002", "1009"}
    assert post(ingest, broken, "retraction").status_code == 202
    assert some(ingest.decided(mended)["fates"]) == {"header": 1, "quarantined": 1}
    assert some(ingest.decided(other)["fates"]) == {"header": 1, "accepted": 1}
    assert set(standing(ingest)) == {"1009"}


def test_the_difference_between_two_snapshots(ingest: Ingest) -> None:
    ingest.send(FIRST)
    earlier = ingest.freeze()["digest"]
    ingest.send(SECOND, supersede="true")
    later = ingest.freeze()["digest"]
    told = ingest.ask("GET", f"/v1/snapshots/{later}/differences", params={"from": earlier}).json()
    counts = {name: told[name] for name in ("new", "gone", "changed", "unchanged")}
    assert counts == {"new": 1, "gone": 0, "changed": 1, "unchanged": 1}
    changed, new = told["changes"]
    assert changed | {"key": None} == {
        "key": None, "kind": "changed", "column": "observed", "before": "4", "after": "5",
    }  # fmt: skip
    assert (changed["key"]["provider"], new["key"]["provider"], new["kind"]) == ("1002", "1003", "new")
    first = ingest.ask("GET", f"/v1/snapshots/{later}/differences", params={"from": earlier, "limit": "1"}).json()
    assert (first["changes"], first["next"]) == ([changed], 1)
    rest = ingest.ask("GET", f"/v1/snapshots/{later}/differences", params={"from": earlier, "after": "1"}).json()
    assert (rest["changes"], "next" in rest) == ([new], False)
    back = ingest.ask("GET", f"/v1/snapshots/{earlier}/differences", params={"from": later}).json()
    assert (back["gone"], back["new"], back["changed"]) == (1, 0, 1)


def test_snapshots_of_two_feeds_are_not_compared(ingest: Ingest) -> None:
    providers = b"provider,name,kind,region\nZZ001,One,hospital,North\n"
    ingest.send(FIRST)
    ingest.send(providers, "candour-demo-providers")
    one, other = ingest.freeze()["digest"], ingest.freeze("candour-demo-providers")["digest"]
    answer = ingest.ask("GET", f"/v1/snapshots/{one}/differences", params={"from": other})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_of_one_feed")


def test_progress_is_told_until_the_submission_is_decided(ingest: Ingest) -> None:
    ingest.put(FIRST)
    answer = ingest.ask("GET", f"/v1/submissions/{sha256(FIRST)}/progress", params={"feed": NY})
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[-1] == ingest.submission(FIRST)
    assert lines[-1]["state"] == "checked"
    assert all(line["progress"]["step"] in ("waiting", "reading", "resolving", "recording") for line in lines[:-1])


def periods(ingest: Ingest) -> set[tuple[str, str, str]]:
    rows = pl.read_parquet(io.BytesIO(ingest.rows(ingest.freeze())))
    return {(one, str(first), str(last)) for one, first, last in
            rows.select("provider", "period_start", "period_end").iter_rows()}  # fmt: skip


def test_a_whole_period_is_each_period_of_the_file_and_none_between(ingest: Ingest) -> None:
    years = ("2010", "2011", "2012", "2010-2012")
    ingest.send(ny_file(*(ny_row(one, year=year) for year in years for one in ("1001", "1002"))))
    revision = ny_file(ny_row("1001", year="2010", deaths="5"), ny_row("1001", year="2012", deaths="5"))
    ingest.send(revision, supersede="true", whole_period="true")
    both = {("2011-01-01", "2011-12-31"), ("2010-01-01", "2012-12-31")}
    kept = {("2010-01-01", "2010-12-31"), ("2012-01-01", "2012-12-31")}
    assert periods(ingest) == {("1001", *one) for one in kept | both} | {("1002", *one) for one in both}
    assert post(ingest, revision, "retraction").status_code == 202
    ingest.decided(ny_file(*(ny_row(one, year=year) for year in years for one in ("1001", "1002"))))
    assert len(periods(ingest)) == 8
