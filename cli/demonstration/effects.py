"""The true effects of units and consultants on the odds of death, and the outliers planted among them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cli.demonstration.consultants import NOWHERE, Roster
from cli.demonstration.hospitals import FloatArray, IntArray, Units

BoolArray = npt.NDArray[np.bool_]
UNIT_SPREAD, CONSULTANT_SPREAD = 0.10, 0.08  # standard deviations on the log odds


@dataclass(frozen=True)
class Plan:
    """Outliers of one sort: the odds multiplier, how many per thousand subjects, and the expected deaths each needs."""

    odds: float
    per_thousand: float
    least_expected: float

    def how_many(self, subjects: int) -> int:
        """Number to plant; even the smallest world has one."""
        return max(1, round(self.per_thousand * subjects / 1000))


# At the least expected deaths, the mean of an outlier lies beyond the control limits (99.8%) of a Poisson count.
UNITS_WITH_MORE = Plan(odds=2.5, per_thousand=8, least_expected=20.0)
UNITS_WITH_FEWER = Plan(odds=0.4, per_thousand=5.4, least_expected=35.0)
CONSULTANTS_WITH_MORE = Plan(odds=3.0, per_thousand=2.3, least_expected=7.5)


@dataclass(frozen=True)
class Effects:
    """Log odds of units (shape (units,)) and of consultants (shape (consultants,)), and which of them are planted."""

    unit: FloatArray
    consultant: FloatArray
    unit_planted: BoolArray
    consultant_planted: BoolArray


def draw_effects(
    rng: np.random.Generator, units: Units, roster: Roster, of_unit: FloatArray, of_consultant: FloatArray
) -> Effects:
    """Draw normal effects and plant the outliers where enough deaths are expected for them to be seen.

    `of_unit` and `of_consultant` are the deaths expected of each before any effect. A planted one has exactly the
    multiplier of its plan, and no planted consultant works at a planted unit: each stands out for one reason only.
    """
    unit = rng.normal(0.0, UNIT_SPREAD, len(of_unit))
    consultant = rng.normal(0.0, CONSULTANT_SPREAD, len(of_consultant))
    unit_planted = np.zeros(len(of_unit), dtype=bool)
    for plan in (UNITS_WITH_FEWER, UNITS_WITH_MORE):  # the fewer need the larger units, so they choose first
        chosen = _choose(rng, of_unit, units.specialty, unit_planted, plan)
        unit[chosen] = np.log(plan.odds)
        unit_planted[chosen] = True
    barred = unit_planted[roster.home] | ((roster.second != NOWHERE) & unit_planted[roster.second])
    chosen = _choose(rng, of_consultant, roster.specialty, barred, CONSULTANTS_WITH_MORE)
    consultant[chosen] = np.log(CONSULTANTS_WITH_MORE.odds)
    consultant_planted = np.zeros(len(of_consultant), dtype=bool)
    consultant_planted[chosen] = True
    return Effects(unit, consultant, unit_planted, consultant_planted)


def _choose(
    rng: np.random.Generator, expected: FloatArray, specialty: IntArray, barred: BoolArray, plan: Plan
) -> IntArray:
    """Choose subjects with enough expected deaths (in a small world, the largest), spread over the specialties."""
    how_many = plan.how_many(len(expected))
    allowed = np.flatnonzero(~barred)
    enough = allowed[expected[allowed] >= plan.least_expected]
    if len(enough) < how_many:
        enough = allowed[np.argsort(-expected[allowed], kind="stable")[:how_many]]
    shuffled = rng.permutation(enough)
    turns: dict[int, int] = {}
    turn = []
    for which in specialty[shuffled].tolist():
        turn.append(turns.get(which, 0))
        turns[which] = turn[-1] + 1
    return shuffled[np.argsort(turn, kind="stable")[:how_many]]
