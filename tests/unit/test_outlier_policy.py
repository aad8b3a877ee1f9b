"""The policy as data: what is reviewed loads, what is unknown or incomplete does not, and without anybody's word there
is no case."""

import copy
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.ratings.domain.outlier_policy import OutlierPolicies, OutlierPolicyRefused, load_outlier_policies
from services.ratings.policy.loading import FOLDER
from shared.contracts.cases import Party

REAL, DEMONSTRATION = "outlier_policy", "outlier_policy_demonstration"
Body = dict[str, Any]


def demonstration() -> OutlierPolicies:
    return load_outlier_policies(FOLDER, DEMONSTRATION, demonstration=True)


def body(name: str = DEMONSTRATION) -> Body:
    found: Body = tomllib.loads((FOLDER / f"{name}.toml").read_text())
    return copy.deepcopy(found)


def test_the_policy_says_what_methods_says() -> None:
    """Methods 4, the table: stage, owner, working days."""
    (units,) = load_outlier_policies(FOLDER, REAL, demonstration=False).policies
    assert [(one.stage, one.owner.value, one.earliest, one.latest) for one in units.stages[1:]] == [
        (1, "audit", None, 10),
        (2, "audit", None, 5),
        (3, "lead_clinician", None, 25),
        (4, "audit", 20, 30),
        (5, "audit", None, 5),
        (6, "chief_executive", None, 10),
        (7, "audit", None, 15),
        (8, "audit", None, None),
    ]
    assert {one for one in Party if units.may_know[one] < 5} == set(Party) - {Party.REGULATOR}
    assert units.may_know[Party.REGULATOR] == 5


def test_nobody_has_verified_it_so_it_opens_no_case() -> None:
    policies = load_outlier_policies(FOLDER, REAL, demonstration=False)
    (units,) = policies.policies
    assert (units.verified_by, policies.synthetic) == (None, False)
    assert "nobody has verified" in str(policies.why_not(units))
    assert not any(policies.may_open(units, status) for status in ("official", "synthetic", "reproduced"))


def test_once_verified_it_opens_cases_about_what_is_official() -> None:
    told = body(REAL)
    told["policies"][0]["verified_by"] = "audit lead, clinical lead"
    policies = OutlierPolicies.model_validate(told)
    may = {status: policies.may_open(policies.policies[0], status) for status in STATUSES}
    assert may == {"official": True, "reproduced": False, "illustrative": False, "synthetic": False}


STATUSES = ("official", "reproduced", "illustrative", "synthetic")


def test_an_invented_policy_is_for_the_invented_only() -> None:
    policies = demonstration()
    for policy in policies.policies:
        assert [policies.may_open(policy, status) for status in STATUSES] == [False, False, False, True]
    with pytest.raises(OutlierPolicyRefused, match="no demonstration"):
        load_outlier_policies(FOLDER, DEMONSTRATION, demonstration=False)


def test_a_consultant_is_handled_under_the_specialty_s_own_policy() -> None:
    units, consultants = (policies := demonstration()).policies
    assert policies.covering("provider", "vascular-surgery") is units
    assert policies.covering("consultant", "vascular-surgery") is consultants
    assert policies.covering("consultant", "ophthalmology") is None
    assert policies.covering("provider", None) is units
    assert "no ground" in consultants.told["tell"].text
    real = load_outlier_policies(FOLDER, REAL, demonstration=False)
    assert real.covering("consultant", "vascular-surgery") is None


def first(found: Body) -> Body:
    policy: Body = found["policies"][0]
    return policy


WRONG: dict[str, Callable[[Body], object]] = {
    "extra": lambda found: found.update(extra=1),
    "notes": lambda found: first(found).update(notes="x"),
    "calendar": lambda found: first(found)["stages"][1].update(calendar="days"),
    "once": lambda found: first(found)["stages"].pop(3),
    "cannot be lead_clinician": lambda found: first(found)["stages"][1].update(owner="lead_clinician"),
    "cannot be audit": lambda found: first(found)["stages"][3].update(owner="audit"),
    "stage 2: every stage but 8": lambda found: first(found)["stages"][2].pop("working_days"),
    "stage 8: every stage but 8": lambda found: first(found)["stages"][8].update(working_days=3),
    "goes up": lambda found: first(found)["stages"][4].update(working_days=[30, 20]),
    "greater than or equal to 1": lambda found: first(found)["stages"][1].update(working_days=0),
    "it may name": lambda found: first(found)["told"]["tell"].update(text="Dear {name}"),
    "texts are wanted": lambda found: first(found)["told"].pop("remind"),
    "names every party": lambda found: first(found)["may_know"].pop("regulator"),
    "audit knows from 0": lambda found: first(found)["may_know"].update(audit=1),
    "press": lambda found: first(found)["may_know"].update(press=1),
    "name specialties": lambda found: found["policies"][1].pop("specialties"),
    "no consultant who could": lambda found: first(found)["stages"][3].update(owner="consultant"),
    "same id": lambda found: found["policies"][1].update(id="units"),
    "both for the same": lambda found: first(found).update(
        levels=["provider", "consultant"], specialties=["vascular-surgery"]
    ),
    "cannot have been verified": lambda found: first(found).update(verified_by="somebody"),
    "source_date": lambda found: first(found).pop("source_date"),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_cannot_be_meant_is_refused(said: str) -> None:
    found = body()
    OutlierPolicies.model_validate(found)
    WRONG[said](found)
    with pytest.raises(ValidationError, match=said):
        OutlierPolicies.model_validate(found)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.toml").write_text("title = ")
    for name in ("broken", "missing"):
        with pytest.raises(OutlierPolicyRefused, match=f"{name}.toml"):
            load_outlier_policies(tmp_path, name, demonstration=True)
