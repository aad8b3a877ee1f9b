"""`/v1/proof` and its page: the record of the package, as it is, for everybody, whatever is published."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.gateway.api.proven import RECORD
from services.gateway.site.pages.proof import OWN, PUBLISHERS, is_own, proof
from services.gateway.site.rendering import render
from services.gateway.site.wording import Body
from shared.contracts.public.proof import Proof, ProofRecord
from tests.unit.test_gateway_baked import first_view
from tests.unit.test_gateway_world import World, asked, world

ROW: dict[str, Any] = {
    "source": "ca-hospitals", "what": "ratings", "tolerance": "equal", "rows": 2327, "required": 2252,
    "reached": 2252, "ok": True, "exceptions": ["106010735 <PCI>", "106010735 AMI"], "why": "Rates are rounded.",
    "entries": ["california"],
}  # fmt: skip
FILE: dict[str, Any] = {
    "entry": "california", "source": "california", "sha256": "0" * 64, "bytes": 9, "encoding": "utf-8", "lines": 12,
    "fates": {"header": 1, "accepted": 6, "duplicate": 0, "conflict": 2, "quarantined": 1, "aggregate": 1, "footer": 1,
              "blank": 0},
}  # fmt: skip


def body(*rows: Body) -> Body:
    return {
        "date": "2026-09-30", "code": "candour 1.0.0", "method_version": "2026.1", "files": [FILE], "rows": list(rows),
        "command": "candour proof", "links": {"self": "/v1/proof"},
    }  # fmt: skip


def test_the_record_is_answered_whole_and_may_be_kept_for_five_minutes(tmp_path: Path) -> None:
    [found] = asked(tmp_path, "/v1/proof")
    record = json.loads(RECORD.read_text())
    assert found.json() == record | {"command": "candour proof", "links": {"self": "/v1/proof"}}
    assert found.headers["cache-control"] == "public, max-age=300"
    assert found.headers["etag"]
    assert found.headers["last-modified"].endswith("00:00:00 GMT")


def test_it_is_there_before_anything_is_published_and_by_head(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            found = await gateway.client.get("/v1/proof")
            head = await gateway.client.head("/v1/proof")
            assert (found.status_code, head.status_code, head.content) == (200, 200, b"")
            assert head.headers["etag"] == found.headers["etag"]
            again = await gateway.client.get("/v1/proof", headers={"If-None-Match": found.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert (await gateway.client.get("/v1/proof?colour=blue")).status_code == 422
            page = await gateway.client.get("/proof")
            assert (page.status_code, page.headers["cache-control"]) == (200, "public, max-age=300")

    with world(tmp_path) as made:
        asyncio.run(scenario(made))


def test_the_service_document_and_the_pages_lead_there(tmp_path: Path) -> None:
    async def scenario(made: World) -> None:
        async with made.gateway() as gateway:
            assert (await gateway.client.get("/v1")).json()["links"]["proof"] == "/v1/proof"
            for address in ("/about", "/data"):
                assert 'href="/proof"' in (await gateway.client.get(address)).text

    with world(tmp_path, first_view()) as made:
        asyncio.run(scenario(made))


def test_the_record_is_of_its_contract_and_every_line_of_every_file_has_a_fate() -> None:
    record = ProofRecord.model_validate_json(RECORD.read_bytes())
    assert record.rows
    for file in record.files:
        assert sum(dict(file.fates).values()) == file.lines > 0
    assert {entry for row in record.rows for entry in row.entries} <= {file.entry for file in record.files}
    assert {row.source for row in record.rows} <= set(PUBLISHERS)


def test_the_page_says_what_does_not_agree_and_why() -> None:
    Proof.model_validate(body(ROW))
    html = render(proof(body(ROW)), None)
    assert "0 of 1 lines agree with print in every row; 1 does not, and is explained below." in html
    assert "All but 75 agree" in html
    assert "fall short" not in html
    assert "75 of 2,327 rows do not agree. Rates are rounded." in html
    assert "106010735 &lt;PCI&gt;; 106010735 AMI" in html
    assert "30 September 2026" in html
    assert "2026.1" in html
    assert "0" * 64 in html


@pytest.mark.parametrize("reached", [0, 2251])
def test_a_line_that_falls_short_is_said_first(reached: int) -> None:
    html = render(proof(body(ROW, ROW | {"ok": False, "reached": reached, "exceptions": []})), None)
    assert "1 of 2 lines on this page fall short" in html
    assert "0 of 2 lines agree with print in every row; 2 do not, and are explained below." in html
    assert html.index("fall short") < html.index("<table")
    assert "Falls short" in html


WHOLE = ROW | {"required": 2327, "reached": 2327, "exceptions": [], "why": ""}
OURS = WHOLE | {"source": "us-medicare-az", "what": "coefficients", "why": "Nobody printed them."}


def test_lines_that_compare_with_our_own_figures_stand_apart_and_are_not_counted() -> None:
    html = render(proof(body(OURS, WHOLE)), None)
    assert "1 of 1 lines agree with print in every row." in html
    own = html.index("Compared with our own figures")
    assert html.index("Ratings") < own < html.index("Coefficients")
    assert html.index("Nobody printed them.") > own
    assert "Compared with our own figures" not in render(proof(body(WHOLE)), None)


def test_our_own_figure_that_differs_is_explained_and_not_said_to_differ_from_print() -> None:
    html = render(proof(body(WHOLE, OURS | {"ok": False, "reached": 2326})), None)
    assert "1 of 1 lines agree with print in every row." in html
    assert "1 of 2 lines on this page fall short" in html
    assert "1 of 2,327 rows do not agree. Nobody printed them." in html


def test_a_line_short_of_rows_falls_short_though_every_row_agrees() -> None:
    html = render(proof(body(WHOLE | {"ok": False, "rows": 5, "reached": 5})), None)
    assert "0 of 1 lines agree with print in every row" in html
    assert "Every row agrees" not in html
    assert "they are not all the rows, or not the very rows, that must be compared." in html


def test_the_record_calls_the_same_lines_our_own_as_the_page_does() -> None:
    rows = ProofRecord.model_validate_json(RECORD.read_bytes()).model_dump()["rows"]
    said = [row["what"] for row in rows if "figures are our own" in row["why"] or "our own recipe" in row["why"]]
    assert said == [row["what"] for row in rows if is_own(row)]
    assert len(said) == 8
    for source, what in OWN:
        assert any(row["source"] == source and what in ("", row["what"]) for row in rows)


def test_the_page_of_the_record_speaks_to_the_public() -> None:
    record = json.loads(RECORD.read_text())
    html = render(proof(record | {"command": "candour proof"}), None)
    assert "26 of 31 lines agree with print in every row; 5 do not, and are explained below." in html
    assert not re.search(r"[Mm]ethods [0-9]\.[0-9]|section [0-9]|specification", html)
    for publisher in {PUBLISHERS[row["source"]] for row in record["rows"]} - {"England: hospital mortality (SHMI)"}:
        assert html.count(f'scope="rowgroup" colspan="5">{publisher}<'.replace("'", "&#39;")) == 1, publisher
    assert not re.search(r'scope="row">[a-z][a-z]+ ', html)
