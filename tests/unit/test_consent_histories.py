"""Random histories: what is served is what the rulebook says, also when many write at once."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from services.consent.domain.facts import Decision, Facts, Informed, NoticeState, Question, Word
from services.consent.domain.verdict import may_publish
from services.consent.policies import load_policy
from services.consent.settings import POLICY_DIR
from services.consent.verify_ledger import verify
from shared.contracts.consent import Purpose
from tests.unit.test_consent_rig import CARDIAC, THYROID, House, Rig, house, rig, running

__all__ = ["house", "rig"]

NUMBERS = [f"990000{number}" for number in range(1, 7)]
TODAY = datetime(2026, 10, 14, tzinfo=UTC).date()


@pytest.fixture(scope="module")
def busy(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A service with a random past of two programmes."""
    with running(house, house.settings(tmp_path_factory.mktemp("busy"))) as rig:
        rig.register(*NUMBERS)
        rig.register(*NUMBERS, programme=THYROID)
        chance = random.Random(20131)
        for _ in range(120):
            gmc, programme = chance.choice(NUMBERS), chance.choice([CARDIAC, THYROID])
            act = chance.choice(["asked", "given", "given", "refused", "withdrawn"])
            if act == "withdrawn":
                rig.withdraw(gmc, programme=programme)
            else:
                seen = int(rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"'))
                assert rig.decide(gmc, act, seen, programme=programme).status_code == 202
        yield rig


def word_after(acts: list[str]) -> Word:
    """The last answer, or asked, or nothing: written without the service's own fold."""
    answers = [act for act in acts if act != "asked"]
    return Word(answers[-1]) if answers else Word("asked" if acts else "not_sought")


def judged(rig: Rig, gmc: str, programme: str, upto: int) -> bool:
    """`may_publish` on the history that officers see, up to a revision."""
    history: list[dict[str, Any]] = rig.officer("GET", f"/v1/consultants/{gmc}").json()["history"]
    acts = [one["act"] for one in history if one["programme"] == programme and one["revision"] <= upto]
    bases = load_policy(POLICY_DIR, demonstration=True).bases[programme, Purpose.OWN_FIGURES]
    decision = Decision(programme, Purpose.OWN_FIGURES, word_after(acts))
    informed = Informed(programme, Purpose.OWN_FIGURES, NoticeState.SERVED)
    return may_publish(Facts(bases, (decision,), (informed,)), Question(programme, Purpose.OWN_FIGURES, TODAY)).allowed


@pytest.mark.parametrize("programme", [CARDIAC, THYROID])
def test_permissions_are_may_publish_for_every_subject(busy: Rig, programme: str) -> None:
    revision = busy.revision()
    expected = {gmc for gmc in NUMBERS if judged(busy, gmc, programme, revision)}
    assert busy.named(programme) == expected
    assert 0 < len(expected) < len(NUMBERS)


def test_changes_carry_an_old_reader_to_the_present(busy: Rig) -> None:
    """Whoever applies every change to what was named at any earlier revision arrives at what is named now."""
    parts = busy.service("/v1/permissions").json()["programmes"]
    now = {one["key"] for part in parts for one in part["named"]}
    listed = busy.changes()
    named: set[str] = set()
    for one in listed:
        change = {"named": named.add, "withheld": named.discard}.get(one.get("now", ""))
        if change:
            before = one["key"] in named
            change(one["key"])
            assert (one["key"] in named) is not before
    assert named == now
    assert [one["revision"] for one in listed] == list(range(1, busy.revision() + 1))


def test_a_change_is_blank_exactly_where_the_verdict_stayed(busy: Rig) -> None:
    for gmc in NUMBERS:
        history = busy.officer("GET", f"/v1/consultants/{gmc}").json()["history"]
        for entry in history:
            verdicts = [judged(busy, gmc, entry["programme"], entry["revision"] - back) for back in (1, 0)]
            (change,) = busy.service("/v1/changes", after=entry["revision"] - 1, upto=entry["revision"]).json()[
                "changes"
            ]
            expected = None if verdicts[0] == verdicts[1] else ("named" if verdicts[1] else "withheld")
            assert change.get("now") == expected


def test_standings_show_the_same_outcome(busy: Rig) -> None:
    for gmc in NUMBERS:
        for standing in busy.officer("GET", f"/v1/consultants/{gmc}").json()["standings"]:
            named = gmc in busy.named(standing["programme"])
            assert standing["outcome"] == ("named" if named else "withheld")


def test_two_threads_of_grants_and_withdrawals_leave_no_gap(rig: Rig) -> None:
    rig.register(*NUMBERS)

    def grant(gmc: str) -> int:
        seen = int(rig.officer("GET", f"/v1/consultants/{gmc}").headers["ETag"].strip('"'))
        return rig.decide(gmc, "given", seen).status_code

    def withdraw(gmc: str) -> int:
        return rig.withdraw(gmc).status_code

    with ThreadPoolExecutor(2) as pool:
        granting = pool.submit(lambda: [grant(gmc) for gmc in NUMBERS * 8])
        withdrawing = pool.submit(lambda: [withdraw(gmc) for gmc in reversed(NUMBERS * 8)])
        statuses = granting.result()
        assert set(withdrawing.result()) == {202}
    assert set(statuses) <= {202, 412}
    assert [one["revision"] for one in rig.changes()] == list(range(1, rig.revision() + 1))
    assert verify(rig.settings.database("consent")).sound


def test_the_head_never_goes_back_and_shows_every_acknowledged_withdrawal(rig: Rig) -> None:
    rig.register(*NUMBERS)
    seen = [rig.revision()]
    for gmc in NUMBERS:
        recorded = rig.withdraw(gmc).json()["revision"]
        seen.append(rig.revision())
        assert seen[-1] >= recorded
    assert all(earlier <= later for earlier, later in pairwise(seen))


def test_a_failure_tells_the_log_nothing_personal(rig: Rig) -> None:
    """What the server would print of an unforeseen failure names neither the person nor the decision."""
    rig.register("9900001")
    office = rig.client.app.state.office  # type: ignore[attr-defined]  # a FastAPI application
    with office.writing() as tx:
        tx.session.connection().exec_driver_sql("DROP TABLE standing")
    loud = replace(rig, client=TestClient(rig.client.app))
    with pytest.raises(DBAPIError) as failure:
        loud.decide("9900001", "refused")
    printed = f"{failure.value} {failure.value.__cause__}"
    assert "no such table" in printed or 'relation "standing" does not exist' in printed
    assert "9900001" not in printed
    assert "refused" not in printed
    assert rig.decide("9900001", "refused").json()["code"] == "internal_error"
