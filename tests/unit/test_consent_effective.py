"""Effective: every process that may be sending has confirmed, or there is proof that it has ended. Never said of what
is not, and never unsaid."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.consent.ledger import decision_id
from services.consent.workflow.effective import hash_begins
from shared.kit.people import SUBJECTS
from tests.unit.test_consent_gateways import confirm, head, put
from tests.unit.test_consent_rig import Clock, House, Rig, eventually, house, rig, running

__all__ = ["house", "rig"]

ANNE, BEN = "9900001", "9900002"


def begin(rig: Rig, name: str = "elm", key: str | None = None, **body: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    found: httpx.Response = rig.client.put(
        f"/v1/gateways/{name}", auth=rig.house.service("gateway"), json=body, headers=headers
    )
    return found


def fence(rig: Rig, number: int, name: str = "elm", proof: str = "process_ended", by: str = "supervisor") -> int:
    body = {"number": number, "proof": proof}
    return int(rig.client.post(f"/v1/gateways/{name}/fence", auth=rig.house.service(by), json=body).status_code)


def leave(rig: Rig, incarnation: str, name: str = "elm", applied: int = 0) -> int:
    body = {"incarnation": incarnation, "applied": applied, "leaving": True}
    path = f"/v1/gateways/{name}/confirmations"
    return int(rig.client.post(path, auth=rig.house.service("gateway"), json=body).status_code)


def news(rig: Rig, incarnation: str, after: int, wait: float = 0, name: str = "elm") -> httpx.Response:
    return rig.service("/v1/news", name="gateway", after=after, wait=wait, gateway=name, incarnation=incarnation)


def withdrawn(rig: Rig, gmc: str = ANNE) -> dict[str, Any]:
    answer = rig.withdraw(gmc)
    assert answer.status_code == 202
    return dict(answer.json())


def seen(rig: Rig, decision: dict[str, Any], wait: float = 0) -> dict[str, Any]:
    answer = rig.officer("GET", f"/v1/decisions/{decision['decision']}", params={"wait": wait})
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert {name: body[name] for name in decision if name != "effective"} == {
        name: value for name, value in decision.items() if name != "effective"
    }
    found: dict[str, Any] = body["effective"]
    return found


def waiting(confirmed: int, registered: int) -> dict[str, Any]:
    return {"status": "waiting", "gateways_confirmed": confirmed, "gateways_registered": registered}


def effective_upto(rig: Rig) -> int:
    return int(rig.officer("GET", "/v1/gateways").json()["effective"])


def test_where_nobody_may_be_sending_recorded_is_effective(rig: Rig) -> None:
    rig.register(ANNE)
    made = withdrawn(rig)
    told = made["effective"]
    assert told == {"status": "effective", "at": told["at"], "gateways_confirmed": 0, "gateways_registered": 0}
    assert seen(rig, made) == told
    assert effective_upto(rig) == made["revision"]


def test_everybody_must_have_confirmed(rig: Rig) -> None:
    rig.register(ANNE)
    elm, oak = put(rig)["incarnation"], put(rig, "oak")["incarnation"]
    made = withdrawn(rig)
    assert made["effective"] == waiting(0, 2)
    confirm(rig, elm, 1)
    assert seen(rig, made) == waiting(1, 2)
    confirm(rig, oak, 0, "oak")
    assert seen(rig, made) == waiting(1, 2)
    assert effective_upto(rig) == 0
    confirm(rig, oak, 1, "oak")
    assert seen(rig, made)["status"] == "effective"
    assert effective_upto(rig) == 1


def test_it_is_never_unsaid(rig: Rig) -> None:
    rig.register(ANNE, BEN)
    elm = put(rig)["incarnation"]
    made = dict(rig.withdraw(ANNE, key="once").json())
    confirm(rig, elm, 1)
    before = seen(rig, made)
    put(rig, "oak")
    later = withdrawn(rig, BEN)
    assert seen(rig, made) == before | {"gateways_confirmed": 2, "gateways_registered": 2}
    assert seen(rig, later) == waiting(0, 2)
    again = rig.withdraw(ANNE, key="once").json()["effective"]
    assert (again["status"], again["at"]) == ("effective", before["at"])


def test_a_process_that_was_replaced_counts_until_there_is_proof(rig: Rig) -> None:
    rig.register(ANNE)
    put(rig)
    made = withdrawn(rig)
    new = put(rig)["incarnation"]
    confirm(rig, new, 1)
    assert seen(rig, made) == waiting(1, 2)
    assert fence(rig, 1) == 204
    assert seen(rig, made)["status"] == "effective"
    assert head(rig, new) == (200, "")
    listed = rig.officer("GET", "/v1/gateways").json()["gateways"]
    assert [(one["number"], one["newest"]) for one in listed] == [(2, True)]


def test_who_has_the_lock_says_who_has_ended(rig: Rig) -> None:
    rig.register(ANNE)
    old = put(rig)["incarnation"]
    made = withdrawn(rig)
    answer = begin(rig, key="the next", ended=old)
    assert answer.status_code == 200
    assert begin(rig, key="the next", ended=old).json()["incarnation"] == answer.json()["incarnation"]
    assert seen(rig, made) == waiting(0, 1)
    confirm(rig, answer.json()["incarnation"], 1)
    assert seen(rig, made)["status"] == "effective"


@pytest.mark.parametrize("number", [1, 2, 3, 999_999_999])
def test_nobody_ends_whom_this_store_did_not_know_before(rig: Rig, number: int) -> None:
    old, other = put(rig)["incarnation"], put(rig, "oak")["incarnation"]
    assert other.startswith("1-")
    for given in (f"{number}-{'0' * 32}", other):
        answer = begin(rig, key="mine", ended=given)
        assert (answer.status_code, answer.json()["code"]) == (422, "value_not_allowed")
    assert head(rig, old) == (200, "")
    mine = begin(rig, key="mine").json()["incarnation"]
    assert begin(rig, key="mine", ended=mine).status_code == 422
    assert head(rig, mine) == (200, "")


def test_whoever_leaves_is_not_waited_for_and_not_answered(rig: Rig) -> None:
    rig.register(ANNE)
    elm, oak = begin(rig, key="elm's").json()["incarnation"], put(rig, "oak")["incarnation"]
    made = withdrawn(rig)
    confirm(rig, oak, 1, "oak")
    for _ in range(2):  # its answer may have been lost
        assert leave(rig, elm) == 204
        assert seen(rig, made)["status"] == "effective"
    assert head(rig, elm) == (409, "incarnation_ended")
    assert confirm(rig, elm, 1).json()["code"] == "incarnation_ended"
    assert news(rig, elm, 0).json()["code"] == "incarnation_ended"
    assert begin(rig, key="elm's").json()["code"] == "incarnation_ended"
    assert begin(rig, key="another").json()["incarnation"].startswith("2-")


def test_one_that_was_replaced_may_still_say_that_it_leaves(rig: Rig) -> None:
    rig.register(ANNE)
    old = put(rig)["incarnation"]
    made = withdrawn(rig)
    confirm(rig, put(rig)["incarnation"], 1)
    assert seen(rig, made) == waiting(1, 2)
    assert leave(rig, "1-" + "0" * 32) == 409
    assert leave(rig, old) == 204
    assert seen(rig, made)["status"] == "effective"


def test_a_fence_shuts_out_for_good(rig: Rig) -> None:
    rig.register(ANNE)
    elm = put(rig)["incarnation"]
    made = withdrawn(rig)
    assert seen(rig, made) == waiting(0, 1)
    assert [fence(rig, 1, proof=proof) for proof in ("connections_closed", "process_ended")] == [204, 204]
    assert seen(rig, made)["status"] == "effective"
    assert head(rig, elm) == (409, "incarnation_ended")
    assert confirm(rig, elm, 1).json()["code"] == "incarnation_ended"
    assert news(rig, elm, 0).json()["code"] == "incarnation_ended"


def test_a_fence_names_a_process_that_was(rig: Rig) -> None:
    put(rig)
    assert [fence(rig, 2), fence(rig, 1, "oak"), fence(rig, 0), fence(rig, 1, proof="hope")] == [404, 404, 422, 422]
    assert [fence(rig, 1, by=who) for who in ("gateway", "ratings")] == [403, 403]
    body = {"number": 1, "proof": "process_ended"}
    assert rig.officer("POST", "/v1/gateways/elm/fence", json=body).status_code == 403
    assert len(rig.officer("GET", "/v1/gateways").json()["gateways"]) == 1


def test_what_is_known_outlives_the_service(house: House, tmp_path: Path) -> None:
    """What was effective stays so, at the moment at which it was; what was not is not, until all have spoken again."""
    settings, clock = house.settings(tmp_path / "data"), Clock()
    with house.stores.swept():
        with running(house, settings, clock) as rig:
            rig.register(ANNE, BEN)
            elm, oak = put(rig)["incarnation"], put(rig, "oak")["incarnation"]
            first = withdrawn(rig)
            clock.now += timedelta(seconds=3)
            confirm(rig, elm, 1)
            confirm(rig, oak, 1, "oak")
            then = seen(rig, first)
            assert then["at"] == "2026-10-14T09:12:43Z"
            second = withdrawn(rig, BEN)
            put(rig)
            assert fence(rig, 1, "oak") == 204
        clock.now += timedelta(days=1)
        with running(house, settings, clock) as rig:
            assert seen(rig, first) == then  # two processes of elm
            assert seen(rig, second) == waiting(0, 2)
            assert head(rig, elm) == (409, "incarnation_superseded")
            assert head(rig, oak, "oak") == (409, "incarnation_ended")
            confirm(rig, put(rig)["incarnation"], 2)
            assert seen(rig, second) == waiting(1, 3)
            assert [fence(rig, number) for number in (1, 2)] == [204, 204]
            assert seen(rig, second)["at"] == "2026-10-15T09:12:43Z"


def test_moments_reach_the_store_by_themselves(house: House, tmp_path: Path) -> None:
    with house.stores.swept(), running(house, house.settings(tmp_path)) as rig:
        rig.register(ANNE)
        made = withdrawn(rig)
        moments = rig.client.app.state.office.fleet.moments  # type: ignore[attr-defined]  # a Starlette application
        eventually(lambda: moments.kept, lambda kept: kept == made["revision"])
        moments.begin(moments.kept)  # as if they were older than memory
        assert seen(rig, made) == made["effective"]


def test_numbers_of_decisions_are_found_and_others_are_not(rig: Rig) -> None:
    rig.register(ANNE)
    made = [rig.decide(ANNE, act).json() for act in ("asked", "refused")] + [withdrawn(rig)]
    for decision in made:
        assert seen(rig, decision)["status"] == "effective"
    for strange, status in (("d-" + "a" * 12, 404), ("d-aaaa", 422), ("D-" + "a" * 12, 422), ("d-" + "1" * 12, 422)):
        assert rig.officer("GET", f"/v1/decisions/{strange}").status_code == status
    assert rig.officer("GET", f"/v1/decisions/{made[0]['decision']}", params={"wait": 31}).status_code == 422
    assert rig.officer("GET", f"/v1/decisions/{made[0]['decision']}", params={"later": 1}).status_code == 422


def test_a_consultant_finds_their_own_decisions_and_nobody_elses(rig: Rig) -> None:
    mine, another = SUBJECTS["consultant"], "9900003"
    rig.register(mine, another)
    for gmc, status in ((mine, 200), (another, 404)):
        path = f"/v1/decisions/{withdrawn(rig, gmc)['decision']}"
        assert rig.client.get(path, auth=rig.house.person("consultant")).status_code == status
        assert rig.officer("GET", path).status_code == 200
    nobody = rig.client.get(f"/v1/decisions/d-{'a' * 12}", auth=rig.house.person("consultant"))
    assert nobody.json() == rig.client.get(path, auth=rig.house.person("consultant")).json()


@pytest.mark.parametrize("digest", ["0" * 64, "f" * 64, "0123456789abcdef" * 4, "fe14010b4fe83303852f" * 3 + "0000"])
def test_a_number_tells_the_beginning_of_its_hash(digest: str) -> None:
    assert digest.startswith(hash_begins(decision_id(digest)))
    assert len(hash_begins(decision_id(digest))) == 15
