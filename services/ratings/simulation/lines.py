"""One line of the report: what was measured, what was promised, and the verdict that follows from the two.

A promise is an upper bound for a share of false alarms: whole counts cannot meet a level exactly, so tests of counts
stay below it. A coverage promises a lower bound. Where the share can also be computed without drawing, it stands beside
as `computed`, and a measured share that leaves it by more than three Monte Carlo errors is a defect on either side.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

ERRORS = 3.0  # Monte Carlo errors that a verdict allows


class Verdict(StrEnum):
    KEPT = "kept"
    CONSERVATIVE = "conservative"  # better than promised by more than three Monte Carlo errors
    WITHIN_PRICE = "above_nominal_within_price"  # over the level in its name, within the stated price of an estimate
    OFF = "off"  # a defect: the command ends with 1
    REPRODUCTION_ONLY = "off_for_reproduction_only"  # off, and refused for indicators of our own
    NOT_PROMISED = "not_promised"  # a truth of another kind than the rule's own, shown for what it costs


@dataclass(frozen=True)
class Line:
    """`measured` with its Monte Carlo `error` (0 where it was summed exactly), against `promised`, if anything was.

    `nominal` is the level in the rule's name; `promised` may exceed it by the stated price of an estimate.
    `refused_for_ours`: an indicator of our own may not name the rule, so that being off is no defect of ours.
    """

    part: str
    rule: str
    world: str
    figure: str
    measured: float
    error: float = 0.0
    nominal: float | None = None
    promised: float | None = None
    computed: float | None = None
    at_least: bool = False
    refused_for_ours: bool = False
    why: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.computed is not None and abs(self.measured - self.computed) > self._allowed():
            return Verdict.OFF
        if self.promised is None:
            return Verdict.NOT_PROMISED if self.computed is None else Verdict.KEPT
        beyond = self.promised - self.measured if self.at_least else self.measured - self.promised
        if beyond > self._allowed():
            return Verdict.REPRODUCTION_ONLY if self.refused_for_ours else Verdict.OFF
        if not self.at_least and self.nominal is not None and self.measured - self.nominal > self._allowed():
            return Verdict.WITHIN_PRICE
        return Verdict.CONSERVATIVE if self.error and beyond < -self._allowed() else Verdict.KEPT

    def _allowed(self) -> float:
        """Three Monte Carlo errors; what was summed exactly is allowed the rounding of a sum."""
        return max(ERRORS * self.error, 1e-9)

    def as_dict(self) -> dict[str, object]:
        plain = {name: _plain(value) for name, value in self.__dict__.items()}
        return {**plain, "verdict": self.verdict.value}


def share_error(share: float, trials: int) -> float:
    """Binomial standard error of a share over `trials` independent cases; 0 for none."""
    return math.sqrt(max(share * (1 - share), 0.0) / trials) if trials else 0.0


def _plain(value: object) -> object:
    """Floats to twelve significant digits, so that a report reads the same wherever the last bit falls."""
    return float(f"{value:.12g}") if isinstance(value, float) else value
