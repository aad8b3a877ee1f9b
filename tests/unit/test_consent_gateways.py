"""Gateways: of one name only the newest process is answered, and every one that may be sending is seen."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.test_consent_rig import Clock, House, Rig, house, rig, running

__all__ = ["house", "rig"]

ANNE = "9900001"


def put(rig: Rig, name: str = "elm") -> dict[str, Any]:
    answer = rig.client.put(f"/v1/gateways/{name}", auth=rig.house.service("gateway"))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return dict(answer.json())


def head(rig: Rig, incarnation: str, name: str = "elm") -> tuple[int, str]:
    answer = rig.service("/v1/head", name="gateway", gateway=name, incarnation=incarnation)
    return answer.status_code, answer.json().get("code", "")


def confirm(rig: Rig, incarnation: str, applied: int, name: str = "elm") -> httpx.Response:
    body = {"incarnation": incarnation, "applied": applied}
    answer: httpx.Response = rig.client.post(
        f"/v1/gateways/{name}/confirmations", auth=rig.house.service("gateway"), json=body
    )
    return answer


def listed(rig: Rig) -> list[dict[str, Any]]:
    answer = rig.officer("GET", "/v1/gateways").json()
    assert answer["revision"] == rig.revision()
    return list(answer["gateways"])


def test_a_registration_says_which_store_and_where_it_is(rig: Rig) -> None:
    rig.register(ANNE)
    rig.withdraw(ANNE)
    found = put(rig)
    told = rig.service("/v1/head").json()
    assert (found["gateway"], found["store_id"], found["revision"]) == ("elm", told["store_id"], 1)
    assert found["incarnation"].startswith("1-")
    assert head(rig, found["incarnation"]) == (200, "")


def test_a_registration_sent_twice_is_one_and_shuts_nobody_out(rig: Rig) -> None:
    def register(key: str) -> str:
        headers = {"Idempotency-Key": key}
        answer = rig.client.put("/v1/gateways/elm", auth=rig.house.service("gateway"), headers=headers)
        return str(answer.json()["incarnation"])

    first = register("one process")
    assert register("one process") == first
    assert head(rig, first) == (200, "")
    second = register("another process")
    assert second != first
    late = rig.client.put(
        "/v1/gateways/elm", auth=rig.house.service("gateway"), headers={"Idempotency-Key": "one process"}
    )
    assert (late.status_code, late.json()["code"]) == (409, "incarnation_superseded")  # from a queue, after its end
    assert head(rig, first) == (409, "incarnation_superseded")
    assert head(rig, second) == (200, "")


def test_the_older_process_of_a_name_is_refused_from_then_on(rig: Rig) -> None:
    old, other = put(rig)["incarnation"], put(rig, "oak")["incarnation"]
    new = put(rig)["incarnation"]
    assert new.startswith("2-")
    for _ in range(2):
        assert head(rig, old) == (409, "incarnation_superseded")
        assert confirm(rig, old, 0).json()["code"] == "incarnation_superseded"
        assert head(rig, new) == (200, "")
        assert head(rig, other, "oak") == (200, "")


@pytest.mark.parametrize("given", ["1-" + "0" * 32, "2-" + "0" * 32, "999999999-" + "f" * 32])
def test_what_this_store_never_gave_is_unknown(rig: Rig, given: str) -> None:
    assert head(rig, given) == (409, "incarnation_unknown")
    put(rig)
    assert head(rig, given) == (409, "incarnation_unknown")
    assert confirm(rig, given, 0).json()["code"] == "incarnation_unknown"


def test_registrations_outlive_the_service_and_confirmations_do_not(house: House, tmp_path: Path) -> None:
    settings = house.settings(tmp_path / "data")
    with house.stores.swept():
        with running(house, settings) as rig:
            old, new = put(rig)["incarnation"], put(rig)["incarnation"]
            assert confirm(rig, new, 0).status_code == 204
        with running(house, settings) as rig:
            assert head(rig, old) == (409, "incarnation_superseded")
            assert head(rig, new) == (200, "")
            elm = {"gateway": "elm", "registered": "2026-10-14T09:12:40Z"}
            assert listed(rig) == [elm | {"number": 1, "newest": False}, elm | {"number": 2, "newest": True}]


def test_confirmations_only_grow_and_begin_anew_with_each_process(house: House, tmp_path: Path) -> None:
    clock = Clock()
    with house.stores.swept(), running(house, house.settings(tmp_path / "data"), clock) as rig:
        rig.register(ANNE)
        rig.decide(ANNE, "asked")
        rig.withdraw(ANNE)
        mine = put(rig)["incarnation"]
        put(rig, "oak")
        for said, shown in ((1, 1), (2, 2), (0, 2), (2, 2)):
            clock.now += timedelta(seconds=1)
            answer = confirm(rig, mine, said)
            assert (answer.status_code, answer.content) == (204, b"")
            elm, oak = listed(rig)
            assert (elm["gateway"], elm["applied"]) == ("elm", shown)
            assert elm["confirmed"] == clock.now.isoformat().replace("+00:00", "Z")
            assert "applied" not in oak
        assert confirm(rig, mine, 3).status_code == 422  # there is no such revision yet
        put(rig)
        replaced, newest, _ = listed(rig)
        assert (replaced["number"], replaced["applied"], replaced["newest"]) == (1, 2, False)
        assert (newest["number"], newest["newest"], "applied" in newest) == (2, True, False)


@pytest.mark.parametrize(
    ("caller", "params"),
    [
        ("gateway", {}),
        ("gateway", {"gateway": "elm"}),
        ("gateway", {"incarnation": "1-" + "0" * 32}),
        ("gateway", {"gateway": "Elm!", "incarnation": "1-" + "0" * 32}),
        ("gateway", {"gateway": "elm", "incarnation": "0-" + "0" * 32}),
        ("gateway", {"gateway": "elm", "incarnation": "1-" + "0" * 32, "more": "1"}),
        ("ratings", {"gateway": "elm", "incarnation": "1-" + "0" * 32}),
        ("ratings", {"gateway": "elm"}),
    ],
)
def test_a_gateway_says_who_it_is_and_nobody_else_does(rig: Rig, caller: str, params: dict[str, str]) -> None:
    assert rig.service("/v1/head", name=caller, **params).status_code == 422


def test_a_name_must_be_one(rig: Rig) -> None:
    for name in ("Elm", "elm_1", "a" * 81):
        assert rig.client.put(f"/v1/gateways/{name}", auth=rig.house.service("gateway")).status_code == 422
    assert rig.officer("GET", "/v1/gateways").json()["gateways"] == []
