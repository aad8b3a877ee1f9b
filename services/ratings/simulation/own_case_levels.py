"""The own-case test of a consultant's few cases: its level and its finds, summed exactly, beside Poisson tails.

The distribution of the events is found here by discrete Fourier transform of the characteristic function (Hong 2013,
section 2.5), a way of its own beside the convolution that the test uses.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, ndtri

from services.ratings.methods.arrays import FloatArray, IntArray, TextArray
from services.ratings.methods.count_tails import count_tail_test
from services.ratings.methods.levels import tail_of
from services.ratings.methods.own_cases import own_case_test
from services.ratings.simulation.lines import Line
from services.ratings.simulation.volumes import DETECTION_PART, LEVELS_PART, SIDES

CASES = (20, 50, 100, 200, 400)
MEDIANS = (0.02, 0.08)  # of the risk mixes
SPREAD = 1.0  # of the risks of one consultant's cases, on the logit scale
DOUBLED_ODDS = 2.0


@dataclass(frozen=True, eq=False)
class Consultant:
    """Cases with logit-normal risks around `median`, at mid-quantiles, so that the mix is the same at every size."""

    cases: int
    median: float

    @property
    def risk(self) -> FloatArray:
        quantiles = (np.arange(self.cases) + 0.5) / self.cases
        return np.asarray(expit(logit(self.median) + SPREAD * ndtri(quantiles)), dtype=np.float64)

    @property
    def name(self) -> str:
        return f"{self.cases} cases, {self.risk.sum():.1f} expected"

    def by_own_cases(self) -> TextArray:
        """Positions of every possible count of events, all at once: each count is a subject of its own."""
        counts: IntArray = np.arange(self.cases + 1)
        subjects = np.repeat(counts, self.cases)
        risks = np.tile(self.risk, len(counts))
        return own_case_test(counts, subjects, risks, np.ones(len(subjects), dtype=np.int64)).position

    def by_poisson(self) -> TextArray:
        counts = np.arange(self.cases + 1)
        return count_tail_test(counts, np.full(len(counts), self.risk.sum()))


def mass(risk: FloatArray) -> FloatArray:
    """P(X = k), k = 0..n, shape (n + 1,), for single cases of risk `risk`."""
    n = len(risk)
    angle = 2j * np.pi * np.arange(n + 1) / (n + 1)
    transform = np.exp(np.log1p(risk[None, :] * (np.exp(angle)[:, None] - 1)).sum(axis=1))
    return np.maximum(np.real(np.fft.fft(transform)) / (n + 1), 0.0)


def own_case_lines() -> list[Line]:
    """Each side's share of false alarms, and the finds where the odds of every case are doubled."""
    found = []
    for subject in (Consultant(cases, median) for median in MEDIANS for cases in CASES):
        as_expected, doubled = mass(subject.risk), mass(expit(logit(subject.risk) + np.log(DOUBLED_ODDS)))
        for rule, positions in (("own_cases", subject.by_own_cases()), ("own_cases_as_poisson", subject.by_poisson())):
            for figure, (words, level) in SIDES.items():
                share = float(as_expected[np.isin(positions, words)].sum())
                tail = tail_of(level)
                found.append(
                    Line(LEVELS_PART, rule, subject.name, figure, share, 0.0, tail, tail, why="summed exactly")
                )
            finds = float(doubled[np.isin(positions, SIDES["above_95"][0])].sum())
            found.append(
                Line(DETECTION_PART, rule, subject.name, "above_95", finds, why="odds doubled; summed exactly")
            )
    return found
