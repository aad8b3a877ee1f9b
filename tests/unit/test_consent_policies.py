"""Policy files are taken whole or the service does not start."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.consent.app import create_app
from services.consent.domain.judging import Law
from services.consent.policies import PolicyRefused, load_policy
from services.consent.settings import POLICY_DIR
from shared.contracts.consent import Purpose
from shared.kit.files import sha256_of
from tests.unit.test_consent_rig import CARDIAC, OWN, Clock, House, eventually, house, running

__all__ = ["house"]


@pytest.fixture(scope="module")
def engine() -> str:
    """One of them: a policy is a file."""
    return "sqlite"


NOTICE = b"We ask whether you may be named.\n"
VERIFIED = 'title = "T"\nsynthetic = true\nverified_by = "two lawyers"\n'
PROGRAMME = '[[programmes]]\nid = "{}"\nlabel = "L"\nowner = "O"\n'
BASIS = (
    '[[bases]]\nid = "{}"\nregime = "{}"\ninstrument = "I"\ninstrument_kind = "{}"\nprogrammes = ["cardiac"]\n'
    'purposes = ["own_figures"]\nvalid_from = {}\nnotice_version = {}\n'
)
NOTICES = (
    '[[notices]]\nversion = {}\nfile = "n.txt"\nsha256 = "{}"\nserved_from = 2013-06-28\nprogrammes = ["cardiac"]\n'
)
CARDIAC_ENTRY = PROGRAMME.format("cardiac")
CONSENT = BASIS.format("b-1", "consent", "advice", "2013-06-28", 1)


def folder(tmp_path: Path, *parts: str) -> Path:
    (tmp_path / "n.txt").write_bytes(NOTICE)
    (tmp_path / "one.toml").write_text("".join(parts))
    return tmp_path


def test_the_demonstration_policy_is_complete() -> None:
    policy = load_policy(POLICY_DIR, demonstration=True)
    assert len(policy.programmes) == 10
    for programme in policy.programmes:
        assert Law(policy.bases).purposes(programme) == [Purpose.OWN_FIGURES]
        assert policy.notice_served(programme, 1, date(2013, 6, 28))
        assert not policy.notice_served(programme, 1, date(2013, 6, 27))
        assert not policy.notice_served(programme, 2, date(2026, 1, 1))


def test_an_unverified_policy_loads_only_in_a_demonstration(house: House, tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="nobody has verified"):
        create_app(house.settings(tmp_path, demonstration=False))


def test_a_verified_policy_loads_anywhere(tmp_path: Path) -> None:
    parts = (VERIFIED, CARDIAC_ENTRY, CONSENT, NOTICES.format(1, sha256_of(NOTICE)))
    policy = load_policy(folder(tmp_path, *parts), demonstration=False)
    assert list(policy.programmes) == ["cardiac"]


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ((VERIFIED, "colour = 1\n"), "Extra inputs"),
        ((VERIFIED, CARDIAC_ENTRY, "colour = 1\n"), "Extra inputs"),
        ((VERIFIED, CARDIAC_ENTRY, CARDIAC_ENTRY), "programme cardiac is there twice"),
        ((VERIFIED, CONSENT), "no programme is called cardiac"),
        ((VERIFIED, CARDIAC_ENTRY, CONSENT, CONSENT), "basis b-1 is there twice"),
        (
            (
                VERIFIED,
                CARDIAC_ENTRY,
                CONSENT,
                BASIS.format("b-2", "public_task", "direction", "2015-01-01", 2),
            ),
            "in force on the same day",
        ),
        (
            (
                VERIFIED,
                CARDIAC_ENTRY,
                BASIS.format("b-1", "legal_obligation", "contract", "2015-01-01", 1),
            ),
            "a contract is no legal obligation",
        ),
        ((VERIFIED, CARDIAC_ENTRY, BASIS.format("b-1", "habit", "advice", "2015-01-01", 1)), "regime"),
        ((VERIFIED, CARDIAC_ENTRY, CONSENT, "valid_to = 2012-01-01\n"), "valid_to is before"),
        ((VERIFIED, CARDIAC_ENTRY, NOTICES.format(1, "0" * 64)), "not the one of its digest"),
        (("title = ",), "one.toml"),
        (("synthetic = true\n",), "title"),
    ],
)
def test_what_a_policy_may_not_say(tmp_path: Path, parts: tuple[str, ...], why: str) -> None:
    with pytest.raises(PolicyRefused, match=why):
        load_policy(folder(tmp_path, *parts), demonstration=True)


def test_an_empty_folder_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyRefused, match="no policy file"):
        load_policy(tmp_path, demonstration=True)


def test_a_mandate_names_people_only_after_its_notice_and_its_date(house: House, tmp_path: Path) -> None:
    """Consent ends, a public task begins: consents are not converted, and no timeline jumps its notice."""
    source = (POLICY_DIR / "demonstration.toml").read_text()
    (tmp_path / "demonstration-notice-1.txt").write_bytes((POLICY_DIR / "demonstration-notice-1.txt").read_bytes())
    source = source.replace("valid_from = 2013-06-28", "valid_from = 2013-06-28\nvalid_to = 2014-12-31")
    mandate = BASIS.format("mandate", "public_task", "direction", "2015-01-01", 2) + "notice_days = 30\n"
    notice = NOTICES.format(2, sha256_of(NOTICE)).replace("2013-06-28", "2014-11-01")
    folder(tmp_path, source, (mandate + notice).replace("cardiac", CARDIAC))
    settings = house.settings(tmp_path / "data", policy_dir=tmp_path)
    clock = Clock(datetime(2014, 10, 1, 9, 0, tzinfo=UTC))
    given, refused, withdrew, untold = ("9900001", "9900002", "9900003", "9900004")
    with running(house, settings, clock) as rig:
        rig.register(given, refused, withdrew, untold)
        rig.decide(given, "given", if_match=0)
        rig.decide(refused, "refused")
        rig.withdraw(withdrew)
        assert rig.named() == {given}
        clock.now = datetime(2014, 12, 15, 9, 0, tzinfo=UTC)
        for gmc in (given, refused, withdrew):
            assert rig.decide(gmc, "asked", notice={"version": 2}).status_code == 202
        assert rig.named() == {given}
        clock.now = datetime(2015, 1, 10, 9, 0, tzinfo=UTC)
        assert (rig.named(), rig.state(refused)["reason"]) == (set(), "notice_running")
        clock.now += timedelta(days=4)
        eventually(rig.named, lambda named: named == {given, refused})
        assert [rig.state(gmc)["reason"] for gmc in (withdrew, untold)] == ["sign_off_missing", "not_informed"]
        rig.withdraw(refused)
        assert rig.changes()[-1]["now"] == "withheld"
        part = rig.service("/v1/permissions", programme=CARDIAC).json()["programmes"][0]
        assert (part["purpose"], [one["basis"] for one in part["named"]]) == (OWN, ["public_task"])
