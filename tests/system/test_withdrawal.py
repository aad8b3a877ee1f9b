"""A consultant who may be named is seen; withdraws; and is from then on as one who never existed. In both shapes: from
the gateways themselves, and through the proxy."""

import re
import time
from typing import Any

import httpx
import pytest

from cli.calls import Service
from cli.consent import withdrawal
from tests.system.completeness import pages
from tests.system.conftest import AnyHouse

NOBODY = "9999998"
VARIES = {"date", "x-request-id"}


def plain(answer: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """An answer without what differs between any two answers."""
    kept = [(name, value) for name, value in answer.headers.items() if name not in VARIES]
    return answer.status_code, kept, answer.content


@pytest.fixture(scope="module")
def someone(shown_house: AnyHouse) -> dict[str, Any]:
    """A consultant with a published row whose unit's total is published too, and can go."""
    release = shown_house.demo_release
    with shown_house.reader() as reader:
        listed = pages(reader, release, "level=provider&status=published&partition=revocable&limit=1000")
        units = [row for page in listed for row in page["data"]]
        shown = {(row["subject"]["id"], row["indicator"]["id"]): row["id"] for row in units}
        rows = reader.get(f"/v1/releases/{release}/results?level=consultant&limit=1000").json()["data"]
        for row in rows:
            unit = (row["subject"]["provider"]["id"], row["indicator"]["id"])
            if unit in shown:
                return {"gmc": row["subject"]["id"], "name": row["subject"]["name"], "row": row["id"],
                        "provider": unit[0], "indicator": unit[1], "unit_row": shown[unit]}  # fmt: skip
    raise AssertionError("no published consultant in a published unit")


def unchanging(reader: httpx.Client, path: str) -> str:
    """The validator of an answer, once a conditional request for it is 304 everywhere: views that earlier withdrawals
    made go live at one gateway after the other, each with validators of its own, and bring colleagues back who were
    hidden for somebody's sake."""
    until = time.monotonic() + 30
    while True:
        etag = reader.get(path).headers.get("etag", "")
        if all(reader.get(path, headers={"If-None-Match": etag}).status_code == 304 for _ in range(4)):
            return str(etag)
        assert time.monotonic() < until, "conditional requests are not 304"
        time.sleep(0.2)


def test_withdrawal_is_obeyed_by_the_very_next_request(shown_house: AnyHouse, someone: dict[str, Any]) -> None:
    base = f"/v1/releases/{shown_house.demo_release}"
    gmc = someone["gmc"]
    programme = someone["indicator"].removesuffix("-mortality-30d") + "-consultant-outcomes"
    with shown_house.reader() as reader, shown_house.reader("gateway-2") as other:
        for gateway in (reader, other):
            unchanging(gateway, f"{base}/consultants/{gmc}")
            assert gateway.get(f"{base}/consultants/{gmc}").status_code == 200
            assert gateway.get(f"/consultants/{gmc}").status_code == 200
            assert gateway.get(f"{base}/results/{someone['row']}").status_code == 200
        officer = Service("consent", "officer", shown_house.accounts["officer"], shown_house.url("consent"))
        named_in = max(gateway.get(base).json()["view"] for gateway in (reader, other))
        decision = withdrawal(officer, gmc, programme)
        assert decision["act"] == "withdrawn"
        for gateway in (reader, other):
            assert_gone(gateway, base, someone, named_in)


def assert_gone(gateway: httpx.Client, base: str, someone: dict[str, Any], named_in: int) -> None:
    gmc, row, name = someone["gmc"], someone["row"], someone["name"]
    for path in (
        f"{base}/consultants/%s",
        f"{base}/consultants/%s/results",
        "/consultants/%s",
        "/v1/releases/latest/consultants/%s",
    ):
        gone, never = gateway.get(path % gmc), gateway.get(path % NOBODY)
        assert gone.status_code == 404
        assert plain(gone) == plain(never), path
    assert plain(gateway.get(f"{base}/results/{row}")) == plain(gateway.get(f"{base}/results/r-000000000000"))
    unit_withheld(gateway, base, someone, named_in)
    for path in (
        f"{base}/results.csv?level=consultant",
        f"{base}/results.ndjson?level=consultant",
        f"{base}/results?consultant={gmc}",
        f"{base}/consultants?q={re.sub('[^A-Za-z ].*', '', name)}&limit=1000",
        f"{base}/consultants?provider={someone['provider']}&limit=1000",
        f"{base}/indicators/{someone['indicator']}/funnel?level=consultant",
        f"{base}/indicators/{someone['indicator']}/results?level=consultant&limit=1000",
        f"{base}/providers/{someone['provider']}/results?limit=1000",
        f"/providers/{someone['provider']}",
        f"/indicators/{someone['indicator']}",
        f"/providers?q={re.sub('[^A-Za-z ].*', '', name)}",
    ):
        answer = gateway.get(path)
        assert answer.status_code in (200, 404), path
        body = answer.text.replace(path, "").replace(str(answer.request.url.raw_path.decode()), "")
        assert gmc not in body.replace(f"consultant={gmc}", ""), path
        assert row not in body, path


def unit_withheld(gateway: httpx.Client, base: str, someone: dict[str, Any], named_in: int) -> None:
    """Their unit's total is gone with them from the view in which they were named. The next view may have it again,
    behind the colleagues whom it hides; that nothing follows from that is the matter of `test_withdrawn_together`."""
    row = gateway.get(f"{base}/results/{someone['unit_row']}").json()
    points = gateway.get(f"{base}/indicators/{someone['indicator']}/funnel?level=provider").json()["points"]
    if row.get("value") is not None or someone["unit_row"] in {point["result"] for point in points}:
        until = time.monotonic() + 30
        while gateway.get(base).json()["view"] <= named_in:
            assert time.monotonic() < until, "the view in which they were named shows their unit's total"


def test_a_conditional_request_learns_nothing_after_a_withdrawal(shown_house: AnyHouse) -> None:
    base = f"/v1/releases/{shown_house.demo_release}"
    with shown_house.reader() as reader:
        row = reader.get(f"{base}/results?level=consultant&limit=1000").json()["data"][-1]
        path = f"{base}/consultants/{row['subject']['id']}/results"
        etag = unchanging(reader, path)
        programme = row["indicator"]["id"].removesuffix("-mortality-30d") + "-consultant-outcomes"
        officer = Service("consent", "officer", shown_house.accounts["officer"], shown_house.url("consent"))
        withdrawal(officer, row["subject"]["id"], programme)
        assert reader.get(path, headers={"If-None-Match": etag}).status_code == 404
        assert reader.head(path).status_code == 404


def test_old_releases_forget_too(shown_house: AnyHouse) -> None:
    """A release is superseded and stays readable; who withdraws afterwards is gone from both."""
    old = shown_house.demo_release
    new = shown_house.publish(old.partition(".")[0])
    with shown_house.reader() as reader:
        rows = reader.get(f"/v1/releases/{new}/results?level=consultant&limit=1000").json()["data"]
        gmc, indicator = rows[0]["subject"]["id"], rows[0]["indicator"]["id"]
        unchanging(reader, f"/v1/releases/{old}/consultants/{gmc}")
        officer = Service("consent", "officer", shown_house.accounts["officer"], shown_house.url("consent"))
        withdrawal(officer, gmc, indicator.removesuffix("-mortality-30d") + "-consultant-outcomes")
        for release in (old, new):
            assert reader.get(f"/v1/releases/{release}/consultants/{gmc}").status_code == 404
            assert gmc not in reader.get(f"/v1/releases/{release}/results.csv?level=consultant").text
