"""An upload that broke off goes on where it stopped; and what is said of a file is checked before its bytes come."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.ingest.workflow.arrival import size_of
from services.ingest.workflow.sweeping import sweep_partials
from tests.spec.ingest_service import NY, Ingest, ny_file, ny_row, prepared, running, sha256, some
from tests.stores import Stores

CONTENT = ny_file(*(ny_row(str(1000 + number)) for number in range(200)))
PATH = f"/v1/feeds/{NY}/submissions/{sha256(CONTENT)}"


@pytest.fixture
def ingest(stores: Stores, tmp_path: Path) -> Iterator[Ingest]:
    with running(*prepared(tmp_path, stores, idle_seconds=0.2)) as service:
        yield service


def folder(ingest: Ingest, name: str) -> list[str]:
    return sorted(path.name for path in (ingest.settings.data_dir / "ingest" / name).iterdir())


def leave(ingest: Ingest, content: bytes) -> None:
    """What a sender left who broke off."""
    path = ingest.settings.data_dir / "ingest" / "partials" / sha256(CONTENT)
    path.write_bytes(content)


def offset(ingest: Ingest) -> tuple[int, int]:
    answer = ingest.ask("HEAD", PATH)
    return answer.status_code, int(answer.headers["Upload-Offset"])


def go_on(ingest: Ingest, content: Any, at: int) -> Any:
    return ingest.ask("PUT", PATH, content=content, headers={"Upload-Offset": str(at)})


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_an_upload_goes_on_where_it_stopped(ingest: Ingest) -> None:
    assert offset(ingest) == (204, 0)
    leave(ingest, CONTENT[:5000])
    assert offset(ingest) == (204, 5000)
    for wrong in (0, 4999, 5001):
        answer = go_on(ingest, CONTENT[wrong:], wrong)
        assert problem(answer) == (409, "offset_differs")
        assert answer.headers["Upload-Offset"] == "5000"
    assert go_on(ingest, CONTENT[5000:], 5000).status_code == 201
    assert some(ingest.decided(CONTENT)["fates"]) == {"header": 1, "accepted": 200}
    assert offset(ingest) == (200, len(CONTENT))
    assert folder(ingest, "partials") == []
    assert go_on(ingest, b"", len(CONTENT)).status_code == 200


def test_what_was_wrong_in_it_is_not_kept(ingest: Ingest) -> None:
    leave(ingest, b"x" * 5000)
    assert problem(go_on(ingest, CONTENT[5000:], 5000)) == (422, "digest_mismatch")
    assert (offset(ingest), folder(ingest, "uploads")) == ((204, 0), [])
    assert ingest.put(CONTENT).status_code == 201


def test_one_who_begins_anew_takes_nothing_from_one_who_goes_on(ingest: Ingest) -> None:
    leave(ingest, CONTENT[:5000])
    assert ingest.put(CONTENT).status_code == 201
    assert offset(ingest) == (200, len(CONTENT))
    assert problem(go_on(ingest, CONTENT[5000:], 5000)) == (409, "offset_differs")


def test_the_whole_is_bounded_also_where_it_comes_in_parts(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores, most_bytes=6000)) as ingest:
        leave(ingest, CONTENT[:5000])
        assert problem(go_on(ingest, CONTENT[5000:], 5000)) == (413, "too_large")
        assert problem(go_on(ingest, iter([CONTENT[5000:]]), 5000)) == (413, "too_large")


def test_as_many_arrive_at_once_as_are_taken(ingest: Ingest) -> None:
    gate = ingest.client.app.state.gate  # type: ignore[attr-defined]  # a FastAPI application
    gate.most = 0
    answer = ingest.put(CONTENT)
    assert (problem(answer), answer.headers["Retry-After"]) == ((503, "too_many_uploads"), "5")
    gate.most = 1
    assert ingest.put(CONTENT).status_code == 201
    assert gate.inside == 0


def test_what_nobody_goes_on_with_is_swept(ingest: Ingest) -> None:
    store = ingest.client.app.state.store  # type: ignore[attr-defined]
    leave(ingest, b"half")
    sweep_partials(store)
    assert offset(ingest) == (204, 4)
    sweep_partials(store, rest=0)
    assert (offset(ingest), size_of(store.files.partial(sha256(CONTENT)))) == ((204, 0), 0)


def test_only_the_last_part_of_a_name_is_kept(ingest: Ingest) -> None:
    sent = ingest.send(CONTENT, name="C:\\folder\\ny 2015.csv")
    assert sent["name"] == "ny 2015.csv"
    assert ingest.send(ny_file(ny_row()), name="/folder/x.csv")["name"] == "x.csv"
    for wrong in ("", "folder/", "a" * 201, "a\nb"):
        assert problem(ingest.put(ny_file(ny_row("1002")), name=wrong)) == (422, "value_not_allowed")


@pytest.mark.parametrize("how", [{"whole_period": "true"}, {"whole_period": "true", "supersede": "true"}])
def test_a_whole_period_needs_days_and_to_supersede(ingest: Ingest, how: dict[str, str]) -> None:
    feed = NY if "supersede" not in how else "candour-demo-providers"
    assert problem(ingest.put(CONTENT, feed, **how)) == (422, "whole_period_without_days")
    assert folder(ingest, "uploads") == []
