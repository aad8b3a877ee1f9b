"""A receipt is checked without us: its signature by the published key, its hash by the law of the ledger."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jws
from joserfc.errors import BadSignatureError
from joserfc.jwk import OKPKey

from shared.kit.secretfiles import make_secret
from tests.unit.test_consent_rig import CARDIAC, House, Rig, build_house, house, rig, running

__all__ = ["house", "rig"]

ANNE, MINE = "9900001", "9900002"


def receipt(rig: Rig, decision: str) -> dict[str, Any]:
    found = rig.officer("GET", f"/v1/decisions/{decision}/receipt")
    assert found.status_code == 200, found.text
    return dict(found.json())


def keys(rig: Rig) -> dict[str, Any]:
    """As anybody reads them, by their ids."""
    return {one["kid"]: one for one in rig.client.get("/v1/receipt-keys").json()["keys"]}


def holds(receipt: dict[str, Any], published: dict[str, Any]) -> bool:
    """What somebody does who has the receipt, the published keys, and nothing of ours."""
    found = jws.deserialize_compact(
        receipt["jws"], OKPKey.import_key(published[receipt["key"]]), algorithms=["Ed25519"]
    )
    assert found.payload is not None
    signed = json.loads(found.payload)
    content = json.dumps(signed["entry"], sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return bool(
        signed == {name: value for name, value in receipt.items() if name not in {"key", "jws"}}
        and hashlib.sha256(content).hexdigest() == signed["hash"]
    )


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(ANNE, MINE)
    return rig


def test_a_receipt_says_what_was_recorded_and_can_be_checked(desk: Rig) -> None:
    given = desk.decide(ANNE, "given", if_match=0, evidence="a letter of Anne's").json()
    told = receipt(desk, given["decision"])
    entry = told["entry"]
    assert (entry["act"], entry["notice_version"], entry["channel"], entry["revision"]) == ("given", 1, "letter", 1)
    assert len(entry["notice_sha256"]) == 64
    assert holds(told, keys(desk))
    assert (ANNE in json.dumps(told), "Anne" in json.dumps(told)) == (False, False)  # it names nobody
    assert receipt(desk, given["decision"])["jws"] == told["jws"]


def test_what_was_changed_in_a_receipt_is_seen(desk: Rig) -> None:
    told = receipt(desk, desk.decide(ANNE, "refused").json()["decision"])
    assert holds(told | {"entry": told["entry"] | {"act": "given"}}, keys(desk)) is False
    header, payload, signature = told["jws"].split(".")
    other = payload[:-2] + ("AA" if payload[-2:] != "AA" else "BB")
    with pytest.raises(BadSignatureError):
        holds(told | {"jws": f"{header}.{other}.{signature}"}, keys(desk))


def test_an_earlier_receipt_can_be_checked_after_the_key_was_replaced(tmp_path: Path, house: House) -> None:
    own = build_house(tmp_path / "secrets", house.stores)
    settings = own.settings(tmp_path / "data")
    with running(own, settings) as rig:
        rig.register(ANNE)
        earlier = receipt(rig, rig.decide(ANNE, "asked").json()["decision"])
    (own.folder / "consent-receipts.key").unlink()
    with running(own, settings) as rig:
        assert rig.officer("GET", f"/v1/decisions/{earlier['decision']}/receipt").status_code == 404
        assert holds(earlier, keys(rig))
    make_secret(own.folder, "consent-receipts")
    with running(own, settings) as rig:
        later = receipt(rig, earlier["decision"])
        assert later["key"] != earlier["key"]
        assert holds(earlier, keys(rig))
        assert holds(later, keys(rig))
        assert len(keys(rig)) == 2


def test_a_person_has_receipts_of_their_own_decisions_only(desk: Rig) -> None:
    def mine(path: str, **options: Any) -> httpx.Response:
        method = "POST" if options else "GET"
        found: httpx.Response = desk.client.request(
            method, f"/v1/me{path}", auth=desk.house.person("consultant"), **options
        )
        return found

    own = mine("/decisions", json={"programme": CARDIAC, "purpose": "own_figures", "act": "refused"}).json()["decision"]
    others = desk.decide(ANNE, "asked").json()["decision"]
    assert holds(mine(f"/decisions/{own}/receipt").json(), keys(desk))
    assert mine(f"/decisions/{own}/receipt").json()["entry"]["actor"] == "self"
    assert mine(f"/decisions/{others}/receipt").status_code == 404
    assert desk.officer("GET", "/v1/decisions/d-aaaaaaaaaaaa/receipt").status_code == 404
