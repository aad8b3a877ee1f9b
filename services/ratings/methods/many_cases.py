"""The number of events among very many cases, each with a risk of its own, by its characteristic function (Hong 2013).

Exact to about 13 decimals at any size, where the normal law is not: of 20,001 cases with 2 expected events, 7 or more
have probability .0045, and the normal law with continuity correction says .0007, which is beyond a control limit.
"""

import math

import numpy as np
from scipy.fft import irfft, next_fast_len

from services.ratings.methods.arrays import FloatArray, IntArray
from services.ratings.methods.sums import total

REACH, MARGIN = 13, 100  # deviations and counts around the mean: less than 10^-35 lies outside (Bernstein 1924)
NEGLIGIBLE = 45.0  # exp(-45): beyond this frequency nothing is left that 16 digits could show
CELLS = 1 << 17  # risks x frequencies that are worked on together


def law_of_many(risk: FloatArray, cases: IntArray) -> tuple[int, FloatArray]:
    """The first count of a window and P(X = first), P(X = first + 1), ..., over the counts that are possible at all.

    `risk` in (0, 1), distinct and ascending, with `cases` > 0 of each, shape (m,): so no order of rows changes a bit.
    """
    often = risk > 0.5  # counted by what does not happen, or a sum near the number of cases would cost digits
    p, sign, sure = np.where(often, 1 - risk, risk), np.where(often, -1.0, 1.0), int(cases[often].sum())
    variance, apart = total(cases * p * (1 - p)), total(sign * (cases * p))
    half = math.ceil(REACH * math.sqrt(variance)) + MARGIN
    first = math.floor(apart) - half
    size = next_fast_len(2 * half + 1, real=True)
    angle = 2 * math.pi * np.arange(size // 2 + 1) / size
    near = int(np.searchsorted(2 * variance * np.sin(angle / 2) ** 2, NEGLIGIBLE))  # |phi| <= exp(-V (1 - cos))
    real, imaginary = _logarithm(p, sign, cases, angle[:near])
    spectrum = np.zeros(len(angle), dtype=np.complex128)
    spectrum[:near] = np.exp(real + 1j * (imaginary + angle[:near] * first))
    mass = np.clip(irfft(spectrum, size), 0.0, 1.0)
    low, high = max(0, -(first + sure)), int(cases.sum()) - (first + sure) + 1
    return first + sure + low, mass[low : max(low, high)]


def tails_of_many(observed: int, risk: FloatArray, cases: IntArray) -> tuple[float, float, float]:
    """P(X <= O), P(X >= O) and P(X = O)."""
    first, mass = law_of_many(risk, cases)
    place = observed - first
    if not 0 <= place < len(mass):
        return (0.0, 1.0, 0.0) if place < 0 else (1.0, 0.0, 0.0)
    return min(1.0, total(mass[: place + 1])), min(1.0, total(mass[place:])), float(mass[place])


def _logarithm(p: FloatArray, sign: FloatArray, cases: IntArray, angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """ln of the product of (1 - p + p exp(-i sign angle))^cases, shape (angles,), in its real and imaginary part."""
    real, imaginary = np.zeros(len(angle)), np.zeros(len(angle))
    sine, half_square = np.sin(angle), np.sin(angle / 2) ** 2
    step = max(1, CELLS // len(angle))
    for start in range(0, len(p), step):
        some = slice(start, start + step)
        q, n = p[some, None], cases[some, None]
        with np.errstate(divide="ignore"):  # a risk of one half has no half turn: ln 0, which exp makes 0 again
            real += (n * (0.5 * np.log1p(-4 * q * (1 - q) * half_square))).sum(axis=0)
        turned = np.arctan2(-sign[some, None] * q * sine, 1 - 2 * q * half_square)
        imaginary += (n * turned).sum(axis=0)
    return real, imaginary
