"""The pages of ratings, as a browser without scripts sees them."""

from pathlib import Path
from typing import get_args

import pytest

from services.ratings.console import words
from services.ratings.console.gating import ROLE_OF
from services.ratings.domain import life_cycle, outliers
from services.ratings.domain.answers import Kind, State
from services.ratings.workflow.case_opening import CARRY
from shared.contracts.cases import CaseState, Party
from shared.contracts.differences import Cause
from shared.contracts.gate import Check
from shared.contracts.releases import ReleaseStatus
from shared.contracts.told import RecordQuery
from tests.browsers import Browser
from tests.stores import Stores
from tests.unit.test_ratings_rig import rig_in


@pytest.mark.parametrize("name", ["analyst", "reviewer", "publisher", "steward", "auditor"])
def test_who_signs_in_sees_the_releases_until_they_sign_out(tmp_path: Path, name: str) -> None:
    with rig_in(tmp_path) as rig:
        browser = Browser(rig.ratings.app)  # type: ignore[arg-type]  # a FastAPI application
        assert "Sign in" in browser.get("/console").text
        assert browser.sign_in(name, rig.passwords[name]).headers["location"] == "/console"
        page = browser.get("/console")
        assert page.status_code == 200
        assert "There is no draft and no release yet." in page.text
        assert browser.send(page, "/console/sign-out").headers["location"] == "/console/signed-out"
        assert browser.get("/console").status_code == 401


def test_a_session_is_the_database_s_so_that_any_process_knows_it(stores: Stores, tmp_path: Path) -> None:
    with rig_in(tmp_path, stores) as rig:
        browser = Browser(rig.ratings.app)  # type: ignore[arg-type]  # a FastAPI application
        browser.sign_in("analyst", rig.passwords["analyst"])
        rig.ratings.app.state.sessions = type(rig.ratings.app.state.sessions)(  # type: ignore[attr-defined]
            rig.office.store, rig.ratings.app.state.identity.people, rig.office.clock  # type: ignore[attr-defined]
        )  # fmt: skip
        assert browser.get("/console").status_code == 200


def test_every_code_has_its_words() -> None:
    """A code that has none would be an error on a page."""
    steps = {one.name for one in outliers.STEPS}
    for told, codes in (
        (words.STATUSES, set(ReleaseStatus)), (words.STEPS, set(life_cycle.STEPS)), (ROLE_OF, set(life_cycle.STEPS)),
        (words.CHECKS, set(get_args(Check.model_fields["state"].annotation))), (words.CAUSES, set(get_args(Cause))),
        (words.CASE_STATES, set(CaseState)), (words.PARTIES, {*Party, "ratings"}),
        (words.CASE_STEPS, steps | {outliers.OPEN, outliers.RESTART, outliers.CLOSE_ON_DATA, CARRY}),
        (words.TEXT_KINDS, set(Kind)),
        (words.TEXT_STATES, {*State, *get_args(RecordQuery.model_fields["state"].annotation)}),
    ):  # fmt: skip
        assert set(told) == {str(one) for one in codes}
