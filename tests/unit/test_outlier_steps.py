"""The table of steps, and random walks over it: no owner skipped, never two deadlines, nothing of the past changed."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ratings.case_problems import CalendarEnds, NotYourStep, OverrideNeeded
from services.ratings.domain.outlier_policy import STAGES, OutlierPolicy
from services.ratings.domain.outliers import (
    ALERT,
    ENDED,
    SIGNAL,
    STEPS,
    Standing,
    Turn,
    opened,
    owner_of,
    rerun,
    steps_for,
    steps_from,
    taken,
)
from services.ratings.domain.working_days import deadline, england
from services.ratings.problems import StepNotAllowed
from shared.contracts.cases import CaseKind, CaseState, Party
from tests.unit.test_outlier_policy import demonstration

UNITS, CONSULTANTS = demonstration().policies
BEGUN = datetime(2025, 1, 6, 9, tzinfo=UTC)
PUBLICATION = date(2025, 7, 10)
AUDIT = frozenset({Party.AUDIT})


def test_every_state_is_placed_and_only_ended_ones_lead_nowhere() -> None:
    placed = {place.state for step in STEPS for place in (step.start, step.end)} | {CaseState.CLOSED_DATA}
    assert placed == set(CaseState)  # closed_data: results lead there, and no step of anybody's
    assert {step.end.state for step in STEPS if not steps_from(step.end)} | {CaseState.CLOSED_DATA} == ENDED
    assert {step.start.state for step in STEPS} == set(CaseState) - ENDED


def test_every_stage_has_a_place_and_every_open_place_its_own_stage_s_owner() -> None:
    assert {step.start.stage for step in STEPS} == set(STAGES)
    for policy in (UNITS, CONSULTANTS):
        for step in STEPS:
            assert owner_of(step, policy) in {policy.stage(step.start.stage).owner, policy.stage(6).owner, Party.AUDIT}


def test_names_of_steps_are_different_wherever_there_is_a_choice() -> None:
    for place in {step.start for step in STEPS}:
        names = [step.name for step in steps_from(place)]
        assert len(names) == len(set(names)) > 0


@pytest.mark.parametrize(
    ("notified", "stage", "latest"),
    [
        (datetime(2024, 12, 19, 15, tzinfo=UTC), 1, date(2025, 1, 7)),  # ten working days over Christmas
        (datetime(2025, 4, 17, 8, tzinfo=UTC), 5, date(2025, 4, 28)),  # five over Easter
        (datetime(2025, 7, 1, 23, 30, tzinfo=UTC), 2, date(2025, 7, 9)),  # past midnight in London: day 0 is the 2nd
    ],
)
def test_deadlines_count_from_the_day_in_london(notified: datetime, stage: int, latest: date) -> None:
    if stage == 1:
        assert opened(CaseKind.ALARM, UNITS, notified).deadline == latest
        return
    before = next(step for step in STEPS if step.end.stage == stage and step.end.state not in ENDED)
    found = replace(opened(CaseKind.ALARM, UNITS, BEGUN), place=before.start, deadline=None)
    found, _ = taken(found, Turn(before.name, AUDIT, notified, PUBLICATION), UNITS)
    assert (found.place.stage, found.deadline) == (stage, latest)


def test_a_deadline_beyond_the_calendar_is_refused() -> None:
    with pytest.raises(CalendarEnds, match="2027"):
        opened(CaseKind.ALARM, UNITS, datetime(2027, 12, 30, tzinfo=UTC))


def test_a_range_of_days_has_an_earliest_and_a_latest() -> None:
    was = replace(opened(CaseKind.ALARM, UNITS, BEGUN), place=steps_from(SIGNAL)[0].end)
    for name in ("case_to_answer", "tell", "respond"):
        was, _ = taken(was, Turn(name, AUDIT, BEGUN, PUBLICATION, "in its stead"), UNITS)
    zero = BEGUN.date()
    assert (was.earliest, was.deadline) == (deadline(zero, 20, england()), deadline(zero, 30, england()))


def test_scrutiny_has_the_days_that_the_signal_began() -> None:
    was = opened(CaseKind.ALARM, UNITS, BEGUN)
    later, _ = taken(was, Turn("take_up", AUDIT, BEGUN + timedelta(days=3), PUBLICATION), UNITS)
    assert (later.place.state, later.deadline) == (CaseState.IN_SCRUTINY, was.deadline)


def test_who_may_take_what() -> None:
    lead = frozenset({Party.LEAD_CLINICIAN, Party.CHIEF_EXECUTIVE})
    asked = replace(opened(CaseKind.ALARM, UNITS, BEGUN), place=next(s.start for s in STEPS if s.name == "respond"))
    for step, parties, problem in (
        ("confirm", AUDIT, StepNotAllowed),
        ("respond", AUDIT, OverrideNeeded),
        ("respond", frozenset({Party.REGULATOR}), NotYourStep),
        ("no_response", lead, NotYourStep),
        ("no_response", AUDIT, OverrideNeeded),  # the day has not come
    ):
        with pytest.raises(problem):
            taken(asked, Turn(step, parties, BEGUN, PUBLICATION), UNITS)
    assert taken(asked, Turn("respond", lead, BEGUN, PUBLICATION), UNITS)[1] is Party.LEAD_CLINICIAN
    with pytest.raises(NotYourStep):
        taken(asked, Turn("no_response", lead, BEGUN, PUBLICATION, "an override is the audit's"), UNITS)


def test_an_alert_is_told_and_never_opens_a_case_to_answer() -> None:
    alert = opened(CaseKind.ALERT, UNITS, BEGUN)
    assert (alert.place, steps_from(alert.place)[0].name, len(steps_from(alert.place))) == (ALERT, "tell_locally", 1)
    told, _ = taken(alert, Turn("tell_locally", AUDIT, BEGUN, PUBLICATION), UNITS)
    assert (told.place.state, told.ended, told.owner, told.deadline) == (CaseState.LOCAL_REVIEW, True, None, None)


@dataclass(frozen=True)
class Act:
    """One thing that happens: a step of the table, or results, some days later."""

    days: int
    choice: int
    who: frozenset[Party]
    override: bool
    results: tuple[bool, bool] | None


PARTIES = st.sampled_from([frozenset({one}) for one in Party])
RESULTS = st.none() | st.none() | st.none() | st.tuples(st.booleans(), st.booleans())
ACTS = st.lists(st.builds(Act, st.integers(0, 45), st.integers(0, 20), PARTIES, st.booleans(), RESULTS), max_size=25)


def after(was: Standing, act: Act, policy: OutlierPolicy, now: datetime) -> tuple[str, Standing, Party | None] | None:
    """What an act does; None where it is refused or does nothing."""
    if act.results is not None:
        done = rerun(was, *act.results, policy, now)
        return (*done, None) if done else None
    name = STEPS[act.choice % len(STEPS)].name
    why = "a reason" if act.override else None
    try:
        found, party = taken(was, Turn(name, act.who, now, PUBLICATION, why), policy)
    except (StepNotAllowed, NotYourStep, OverrideNeeded):
        allowed, _ = steps_for(was, act.who, policy, now.date())
        assert name not in allowed, "what was offered is not refused"
        return None
    return name, found, party


def check(was: Standing, name: str, now: Standing, party: Party | None, act: Act) -> None:
    """One owner and one deadline where it is open, none where it has ended; nobody's turn was skipped."""
    assert (now.owner is None) == (now.deadline is None) == now.ended
    assert now.reached >= was.reached
    if party is None:
        assert name in {"restart", "close_on_data"}
        assert now.round == was.round + (name == "restart")
        assert now.place.stage in {0, 1} if name == "restart" else now.place.stage == was.place.stage
        return
    assert now.round == was.round
    assert now.place.stage - was.place.stage in ({0, 1} if was.place.stage != 6 else {1, 2}) or was.place == ALERT
    if party not in act.who:
        assert act.override
        assert Party.AUDIT in act.who
    if party is not was.owner:  # only where the owner's days are over, or the audit said why, or it was reminded before
        late = name in {"no_response", "remind"}
        assert late or (name, was.place.stage) == ("acknowledge", 7)


@pytest.mark.parametrize("policy", [UNITS, CONSULTANTS], ids=["units", "consultants"])
@pytest.mark.parametrize("kind", list(CaseKind))
@given(acts=ACTS)
def test_no_walk_skips_an_owner_or_has_two_deadlines(policy: OutlierPolicy, kind: CaseKind, acts: list[Act]) -> None:
    now, standing = BEGUN, opened(kind, policy, BEGUN)
    visited = {standing.place.stage}
    for act in acts:
        now += timedelta(days=act.days)
        if now.year > 2026:  # stage 4 would reach beyond the calendar
            break
        done = after(standing, act, policy, now)
        if done is None:
            continue
        name, found, party = done
        check(standing, name, found, party, act)
        visited = {found.place.stage} if name == "restart" else visited | {found.place.stage}
        standing = found
        first = 0 if standing.kind is CaseKind.ALERT else 1
        skipped = set(range(first, max(visited))) - visited
        assert skipped <= ({7} if kind is CaseKind.ALARM else {1}), "every owner has had their turn"


def test_walks_go_all_the_way() -> None:
    """So that the property above is about something: each step of the table is taken by somebody on some walk."""
    taken_names = set()
    for step in STEPS:
        kind = CaseKind.ALERT if step.start == ALERT else CaseKind.ALARM
        was = replace(opened(kind, UNITS, BEGUN), place=step.start)
        done = after(was, Act(0, STEPS.index(step), AUDIT, True, None), UNITS, BEGUN)
        assert done is not None
        taken_names.add((done[0], step.start))
    assert len(taken_names) == len(STEPS)
