"""Further columns of registers and returns: practices, specialties, periods, reasons, channels; and who was erased."""

import pytest

from tests.unit.test_consent_imports import ANNE, BEN, CARA, REGISTER, RETURNS, codes, line
from tests.unit.test_consent_rig import CARDIAC, OWN, Rig, house, rig

__all__ = ["house", "rig"]


@pytest.fixture
def desk(rig: Rig) -> Rig:
    rig.register(ANNE, BEN, CARA)
    return rig


def test_practices_are_people_while_they_have_one_partner(rig: Rig) -> None:
    header = f"{REGISTER},kind,partners,specialty"
    lines = [
        header,
        f"Y02345,Dr Alone,{CARDIAC},practice,1,general-practice", f"Y02346,Two Doctors,{CARDIAC},practice,2,",
        f"Y02347,Dr Unsaid,{CARDIAC},practice,,", f"{ANNE},Dr A,{CARDIAC},consultant,,cardiac-surgery",
        f"{BEN},Dr B,{CARDIAC},,1,", f"{CARA},Dr C,{CARDIAC},practice,1,", f"Y02348,Dr D,{CARDIAC},consultant,,",
    ]  # fmt: skip
    report = rig.load("register", lines)
    assert (report["applied"], [code for _, _, code in codes(report)]) == (
        2, ["not-a-person", "bad-partners", "bad-partners", "bad-number", "bad-number"],
    )  # fmt: skip
    joined = rig.load("register", [header, f"Y02345,Dr Alone,{CARDIAC},practice,2,"])
    assert codes(joined) == [(2, "quarantined", "was-a-person")]
    assert rig.officer("GET", "/v1/consultants/Y02345").json()["kind"] == "practice"
    left = rig.load("register", [header, f"Y02346,Dr Left,{CARDIAC},practice,1,"])
    assert left["applied"] == 1
    moved = rig.load("register", [header, f"{ANNE},Dr A,{CARDIAC},,,thoracic-surgery", f"{ANNE},Dr A,{CARDIAC},,,"])
    assert (moved["applied"], moved["duplicate"]) == (1, 1)
    assert rig.load("returns", [RETURNS, line("Y02345", "given")])["applied"] == 1
    with rig.client.app.state.office.store.reading() as tx:  # type: ignore[attr-defined]
        enrolled = {one.number: (one.kind.value, one.specialty) for one in tx.enrolled()}
    assert enrolled == {
        "Y02345": ("practice", "general-practice"), "Y02346": ("practice", None),
        ANNE: ("consultant", "thoracic-surgery"),
    }  # fmt: skip


def test_who_was_erased_comes_back_by_no_file(desk: Rig) -> None:
    assert desk.officer("POST", f"/v1/consultants/{ANNE}/erasure", json={"channel": "letter"}).status_code == 200
    again = desk.load("register", [REGISTER, f"{ANNE},Dr A,{CARDIAC}"])
    assert codes(again) == [(2, "quarantined", "erased-person")]
    assert codes(desk.load("returns", [RETURNS, line(ANNE, "given")])) == [(2, "quarantined", "erased-person")]
    assert desk.officer("GET", f"/v1/consultants/{ANNE}").status_code == 404


MORE = f"{RETURNS},scope_from,scope_to,reason,channel"


def test_a_return_may_say_period_reason_and_channel(desk: Rig) -> None:
    report = desk.load(
        "returns",
        [
            MORE,
            line(ANNE, "given") + ",2023-04-01,2026-03-31,,e-mail",
            line(BEN, "refused") + ",,,privacy,",
            line(CARA, "restricted") + ",rubbish,,rubbish,No Slug",
        ],
    )
    assert report["applied"] == 3
    assert desk.state(ANNE)["scope"] == {"first": "2023-04-01", "last": "2026-03-31"}
    assert desk.state(BEN)["reason_given"] == "privacy"
    channels = [
        desk.officer("GET", f"/v1/consultants/{gmc}").json()["history"][0]["channel"] for gmc in (ANNE, BEN, CARA)
    ]
    assert channels == ["e-mail", "return", "return"]


@pytest.mark.parametrize(
    ("act", "more", "code", "column"),
    [
        ("given", "1 April,,,", "bad-scope", "scope_from"),
        ("given", ",2026-02-30,,", "bad-scope", "scope_to"),
        ("given", "2026-04-01,2026-03-31,,", "bad-scope", "scope_to"),
        ("given", ",,privacy,", "unknown-reason", "reason"),
        ("refused", ",,boredom,", "unknown-reason", "reason"),
        ("given", ",,,By Letter", "bad-channel", "channel"),
    ],
)
def test_what_the_further_columns_may_not_say(desk: Rig, act: str, more: str, code: str, column: str) -> None:
    (problem,) = desk.load("returns", [MORE, f"{line(ANNE, act)},{more}"])["problems"]
    assert (problem["code"], problem["column"]) == (code, column)
    assert desk.revision() == 0


def test_a_case_of_rights_is_sent_once(desk: Rig) -> None:
    lines = [RETURNS, line(ANNE, "objection_raised"), line(BEN, "restricted")]
    assert desk.load("returns", lines)["applied"] == 2
    assert desk.load("returns", lines)["duplicate"] == 2
    seen = desk.officer("GET", f"/v1/consultants/{BEN}").headers["ETag"]
    body = {"programme": CARDIAC, "purpose": OWN, "act": "released", "channel": "letter"}
    released = desk.officer("POST", f"/v1/consultants/{BEN}/rights", json=body, headers={"If-Match": seen})
    assert released.status_code == 202, released.text
    assert desk.load("returns", lines)["duplicate"] == 2
    assert desk.load("returns", [RETURNS, line(BEN, "restricted", "2026-10-14")])["applied"] == 1
