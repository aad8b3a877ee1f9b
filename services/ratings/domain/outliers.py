"""Outlier cases: a table of steps, in which every open state has one owner and one deadline.

A stage of the policy has the clock: it begins on the day, in London, on which the step into it was recorded. A step
that stays in its stage keeps the deadline.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from services.ratings.case_problems import CalendarEnds, NotYourStep, OverrideNeeded
from services.ratings.domain.outlier_policy import AT_PUBLICATION, OutlierPolicy
from services.ratings.domain.working_days import BeyondTheCalendar, Calendar, day_zero, deadline, england
from services.ratings.problems import StepNotAllowed
from shared.contracts.cases import CaseKind, CaseState, Party

S = CaseState
ALERT_STAGE: Final = 0
FIRST_STAGE: Final = 1
ENDED: Final = frozenset({S.CLOSED_NO_CASE, S.CLOSED_DATA, S.CLOSED_EXPLAINED, S.PUBLISHED, S.LOCAL_REVIEW})


@dataclass(frozen=True)
class Place:
    """A state, and the stage of the policy that it belongs to; of an ended state, the one in which it ended."""

    state: CaseState
    stage: int


@dataclass(frozen=True)
class Step:
    """From one place to another. `by`: whose it is, where not the owner's; `after`: only once the deadline is over;
    `of`: the stage whose owner takes it, where another stage's."""

    name: str
    start: Place
    end: Place
    by: Party | None = None
    after: bool = False
    of: int | None = None


ALERT: Final = Place(S.SIGNAL, ALERT_STAGE)
SIGNAL: Final = Place(S.SIGNAL, FIRST_STAGE)
SCRUTINY: Final = Place(S.IN_SCRUTINY, FIRST_STAGE)
TO_ANSWER: Final = Place(S.CASE_TO_ANSWER, 2)
AWAITING: Final = Place(S.AWAITING_RESPONSE, 3)
REVIEW: Final = Place(S.IN_REVIEW, 4)
CONFIRMED: Final = Place(S.CONFIRMED, 5)
ASKED: Final = Place(S.INVESTIGATION, 6)
SILENT: Final = Place(S.INVESTIGATION, 7)
UNDER_WAY: Final = Place(S.INVESTIGATION, AT_PUBLICATION)

STEPS: Final = (
    Step("tell_locally", ALERT, Place(S.LOCAL_REVIEW, 2)),
    Step("take_up", SIGNAL, SCRUTINY),
    Step("no_case", SCRUTINY, Place(S.CLOSED_NO_CASE, FIRST_STAGE)),
    Step("case_to_answer", SCRUTINY, TO_ANSWER),
    Step("tell", TO_ANSWER, AWAITING),
    Step("respond", AWAITING, REVIEW),
    Step("no_response", AWAITING, REVIEW, by=Party.AUDIT, after=True),
    Step("explain", REVIEW, Place(S.CLOSED_EXPLAINED, 4)),
    Step("confirm", REVIEW, CONFIRMED),
    Step("escalate", CONFIRMED, ASKED),
    Step("acknowledge", ASKED, UNDER_WAY),
    Step("remind", ASKED, SILENT, by=Party.AUDIT, after=True),
    Step("acknowledge", SILENT, UNDER_WAY, of=ASKED.stage),
    Step("report_silence", SILENT, UNDER_WAY),
    Step("publish", UNDER_WAY, Place(S.PUBLISHED, AT_PUBLICATION)),
)
OPEN, RESTART, CLOSE_ON_DATA = "open", "restart", "close_on_data"
"""What results do, and no person: there is no step by which somebody could say that the data were wrong."""


@dataclass(frozen=True)
class Standing:
    """Where a case stands. `owner` and `deadline` are None where it has ended; `reached` is the highest stage ever."""

    kind: CaseKind
    place: Place
    round: int
    reached: int
    owner: Party | None
    deadline: date | None
    earliest: date | None = None

    @property
    def ended(self) -> bool:
        return self.place.state in ENDED

    def overdue(self, today: date) -> bool:
        return self.deadline is not None and today > self.deadline


@dataclass(frozen=True)
class Turn:
    """A step that somebody takes: with which parties' rights, when, and why, where it is not theirs or before its day.
    `publication` is the day on which the release comes out."""

    step: str
    parties: frozenset[Party]
    now: datetime
    publication: date
    override: str | None = None


def opened(kind: CaseKind, policy: OutlierPolicy, now: datetime, round_: int = 1, reached: int = 0) -> Standing:
    """A case as results open it, or, from its second round, begin it anew: an alarm then is in scrutiny at once.

    Raises CalendarEnds.
    """
    start = SCRUTINY if round_ > 1 else SIGNAL
    place = start if kind is CaseKind.ALARM else ALERT
    return _entered(Standing(kind, place, round_, reached, None, None), place, policy, now, None)


def steps_from(place: Place) -> tuple[Step, ...]:
    return tuple(step for step in STEPS if step.start == place)


def owner_of(step: Step, policy: OutlierPolicy) -> Party:
    """Whose step it is."""
    return step.by or policy.stage(step.start.stage if step.of is None else step.of).owner


def steps_for(
    now: Standing, parties: frozenset[Party], policy: OutlierPolicy, today: date
) -> tuple[frozenset[str], frozenset[str]]:
    """What these parties may do today, and what the audit may do only with a reason."""
    theirs, others = set(), set()
    for step in steps_from(now.place):
        early = step.after and not now.overdue(today)
        if owner_of(step, policy) in parties and not early:
            theirs.add(step.name)
        elif Party.AUDIT in parties:
            others.add(step.name)
    return frozenset(theirs), frozenset(others)


def taken(was: Standing, turn: Turn, policy: OutlierPolicy) -> tuple[Standing, Party]:
    """Where the case stands after this step, and whose step it was.

    Raises StepNotAllowed, NotYourStep, OverrideNeeded (the audit may say why it does so all the same), CalendarEnds.
    """
    found = [step for step in steps_from(was.place) if step.name == turn.step]
    if not found:
        raise StepNotAllowed(f"The case is {was.place.state.value}: {turn.step} is not possible now.")
    (step,) = found
    party = owner_of(step, policy)
    if party not in turn.parties and Party.AUDIT not in turn.parties:
        raise NotYourStep(f"{step.name} is for {party.value} to take.")
    if turn.override is None:
        _refuse_others(step, party, was, turn)
    return _entered(was, step.end, policy, turn.now, turn.publication), party


def _refuse_others(step: Step, party: Party, was: Standing, turn: Turn) -> None:
    if party not in turn.parties:
        raise OverrideNeeded(f"{step.name} is for {party.value} to take. Say in override why the audit does it.")
    if step.after and not was.overdue(day_zero(turn.now)):
        raise OverrideNeeded(f"{step.name} is possible after {was.deadline}. Say in override why it is taken before.")


def rerun(
    was: Standing, beyond: bool, changed: bool, policy: OutlierPolicy, now: datetime
) -> tuple[str, Standing] | None:
    """What results of the same subject and period do to a case: the name of the step and where it stands then; None
    where they do nothing. `beyond`: of the case's own kind still; `changed`: they rest on other data.

    Raises CalendarEnds.
    """
    if beyond:
        return (RESTART, opened(was.kind, policy, now, was.round + 1, was.reached)) if changed else None
    if was.ended and was.place.state is not S.PUBLISHED:
        return None
    closed = Place(S.CLOSED_DATA, was.place.stage)
    return CLOSE_ON_DATA, replace(was, place=closed, owner=None, deadline=None, earliest=None)


def may_know(party: Party, reached: int, policy: OutlierPolicy) -> bool:
    """Whether this party may know of a case that has once been at this stage: what was told cannot be untold."""
    return reached >= policy.may_know[party]


def _entered(was: Standing, place: Place, policy: OutlierPolicy, now: datetime, publication: date | None) -> Standing:
    reached = max(was.reached, place.stage)
    if place.state in ENDED:
        return Standing(was.kind, place, was.round, reached, None, None)
    stage = policy.stage(place.stage)
    if was.deadline is not None and place.stage == was.place.stage:
        return replace(was, place=place, reached=reached, owner=stage.owner)
    zero, calendar = day_zero(now), england()
    try:
        last = _last_day(stage.latest, zero, calendar, publication)
        first = None if stage.earliest is None else deadline(zero, stage.earliest, calendar)
    except BeyondTheCalendar as error:
        raise CalendarEnds(str(error)) from None
    return Standing(was.kind, place, was.round, reached, stage.owner, last, first)


def _last_day(days: int | None, zero: date, calendar: Calendar, publication: date | None) -> date:
    """Of publication, where the stage has no days of its own; the next working day where that has gone by."""
    if days is not None:
        return deadline(zero, days, calendar)
    return publication if publication is not None and publication > zero else deadline(zero, 1, calendar)
