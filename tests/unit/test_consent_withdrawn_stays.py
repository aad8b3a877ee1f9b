"""Under a ground that needs nobody's consent, too, whoever withdrew stays hidden until lawyers have signed that off."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from services.consent.models import CONSULTANT, ENROLMENT
from services.consent.verify_ledger import verify
from tests.unit.test_consent_law import MANDATE, clock, end, policy_folder, put
from tests.unit.test_consent_rig import CARDIAC, OWN, Clock, House, Rig, eventually, house, running
from tests.unit.test_consent_rights import seen, take

__all__ = ["clock", "house"]

ANNE, BEN, CARA = "9900001", "9900002", "9900003"
RETURN = "gmc,programme,purpose,act,notice_version,decided_on,evidence"


@pytest.fixture
def rig(house: House, tmp_path: Path, clock: Clock) -> Iterator[Rig]:
    """A mandate, of which Anne and Ben were told in time."""
    settings = house.settings(tmp_path / "data", policy_dir=policy_folder(tmp_path / "policy"))
    with house.stores.swept(), running(house, settings, clock) as started:
        started.register(ANNE, BEN)
        for gmc in (ANNE, BEN):
            started.decide(gmc, "asked", notice={"version": 1}, decided_on="2026-09-01")
        end(started, "2026-10-13")
        put(started, **MANDATE | {"valid_from": "2026-10-14", "notice_version": 1, "notice_days": 0})
        eventually(started.named, lambda named: named == {ANNE, BEN})
        yield started


def test_a_refusal_after_a_withdrawal_names_nobody(rig: Rig) -> None:
    rig.withdraw(ANNE)
    assert rig.named() == {BEN}
    before = rig.revision()
    assert rig.decide(ANNE, "refused").status_code == 202
    assert rig.named() == {BEN}
    assert [one.get("now") for one in rig.changes(before)] == [None]
    assert verify(rig.settings.database("consent")).sound


def test_a_returned_refusal_after_a_withdrawal_names_nobody(rig: Rig, clock: Clock) -> None:
    rig.withdraw(ANNE)
    clock.now = clock.now.replace(day=16)
    rig.load("returns", [RETURN, f"{ANNE},{CARDIAC},{OWN},refused,,2026-10-15,"])
    assert rig.named() == {BEN}


@pytest.mark.parametrize("key", [None, "k-first-time"])
def test_a_withdrawal_after_a_sign_off_hides_again(rig: Rig, key: str | None) -> None:
    first = rig.withdraw(ANNE, key).json()
    assert take(rig, ANNE, "signed_off", seen(rig, ANNE)).status_code == 202
    assert rig.named() == {ANNE, BEN}
    again = rig.withdraw(ANNE, key).json()
    assert again["revision"] > first["revision"]
    assert rig.named() == {BEN}
    assert key is None or rig.withdraw(ANNE, key).json()["decision"] == again["decision"]
    assert rig.changes(first["revision"] + 1)[0]["now"] == "withheld"


def test_a_returned_withdrawal_after_a_sign_off_hides_again(rig: Rig, clock: Clock) -> None:
    rig.withdraw(ANNE)
    take(rig, ANNE, "signed_off", seen(rig, ANNE))
    assert rig.named() == {ANNE, BEN}
    clock.now = clock.now.replace(day=16)
    rig.load("returns", [RETURN, f"{ANNE},{CARDIAC},{OWN},withdrawn,,2026-10-16,"])
    assert rig.named() == {BEN}


def test_who_was_known_by_number_is_known_by_it_again_when_the_register_comes_back(rig: Rig) -> None:
    """As after a restore of a backup from before the register, with its journal."""
    office = rig.client.app.state.office  # type: ignore[attr-defined]  # a FastAPI application
    rig.register(CARA)
    with office.store.writing() as tx:
        tx.session.execute(update(CONSULTANT).where(CONSULTANT.c.gmc == CARA).values(alias=CARA))  # as 0003 leaves it
    rig.decide(CARA, "asked", notice={"version": 1})
    assert CARA in rig.named()
    rig.withdraw(CARA)
    with office.store.writing() as tx:
        for table in (ENROLMENT, CONSULTANT):
            tx.session.execute(delete(table).where(table.c.gmc == CARA))
    rig.register(CARA)
    assert rig.state(CARA)["decision"] == "withdrawn"
    rig.decide(CARA, "asked", notice={"version": 1})
    assert CARA not in rig.named()


@pytest.mark.parametrize("act", ["withdrawn", "refused"])
def test_what_was_returned_again_later_is_what_a_grant_must_be_newer_than(rig: Rig, clock: Clock, act: str) -> None:
    clock.now = clock.now.replace(day=20)
    for day in ("2026-10-15", "2026-10-18"):
        assert rig.load("returns", [RETURN, f"{ANNE},{CARDIAC},{OWN},{act},,{day},"])["applied"] == 1
    assert rig.load("returns", [RETURN, f"{ANNE},{CARDIAC},{OWN},{act},,2026-10-18,"])["duplicate"] == 1
    report = rig.load("returns", [RETURN, f"{ANNE},{CARDIAC},{OWN},given,1,2026-10-17,"])
    assert report["problems"][0]["code"] == "older-than-standing"


def test_nobody_is_named_who_was_not_announced_so_that_every_withdrawal_is(rig: Rig, clock: Clock) -> None:
    """A ground begins, the disk is full so that nobody is announced, and the clock goes back to before it."""
    office = rig.client.app.state.office  # type: ignore[attr-defined]  # a FastAPI application
    end(rig, "2026-10-20", "mandate-2027")
    put(rig, **MANDATE | {"id": "mandate-next", "valid_from": "2026-11-01", "notice_version": 1, "notice_days": 0})
    before = rig.revision()
    clock.now = clock.now.replace(day=21)
    eventually(lambda: office.keeper.tip.revision, lambda end: end == before + 2)  # both are hidden
    office.room.short, office.room.tried_at = True, float("inf")
    clock.now = clock.now.replace(month=11, day=1)
    assert eventually(lambda: rig.service("/v1/head").status_code, lambda status: status == 200)
    assert rig.named() == set()
    clock.now = clock.now.replace(month=10, day=31)
    rig.withdraw(ANNE)
    clock.now = clock.now.replace(month=11, day=2)
    office.room.short = False
    eventually(rig.named, lambda named: named == {BEN})
