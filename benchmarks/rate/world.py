"""Invented episodes with known coefficients: eight case-mix columns, 150 hospitals, 5,000 consultants, in one file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.ratings.methods.design_matrix import Categorical

SEED: Final = 20260401
HOSPITALS: Final = 150
CONSULTANTS: Final = 5_000
OUTCOME: Final = "died_30_days"
UNITS: Final = ("provider", "consultant")
LEVELS: Final[dict[str, tuple[str, ...]]] = {
    "age_band": ("18-49", "50-59", "60-69", "70-79", "80+"),
    "sex": ("female", "male"),
    "urgency": ("elective", "urgent", "emergency"),
    "comorbidity": ("0", "1", "2", "3+", "missing"),
    "ejection_fraction": ("good", "moderate", "poor"),
    "renal_function": ("normal", "reduced", "severely_reduced"),
    "lung_disease": ("none", "mild", "severe"),
    "diabetes": ("no", "yes"),
}
PROVIDERS: Final = tuple(f"ZZ{number:03}" for number in range(1, HOSPITALS + 1))
# A level of every hospital and the case mix: 1 + 149 + 18 = 168 coefficients.
TERMS: Final = (
    Categorical("provider", PROVIDERS, PROVIDERS[0]),
    *(Categorical(column, words, words[0]) for column, words in LEVELS.items()),
)
COLUMNS: Final = (*UNITS, *LEVELS, OUTCOME)
CHUNK: Final = 1_000_000


def write_episodes(path: Path, episodes: int, consultants: int = CONSULTANTS, seed: int = SEED) -> None:
    """Rows in no order, some with the event; every hospital and level occurs, from 50,000 rows on with events, too."""
    chance = np.random.default_rng(seed)
    hospital = np.arange(consultants) * HOSPITALS // consultants
    size = chance.gamma(3.0, 1.0, consultants) + 0.5
    true = -5.0 + chance.normal(0, 0.2, HOSPITALS)[hospital] + chance.normal(0, 0.15, consultants)
    shares = {column: chance.dirichlet(np.full(len(words), 4.0)) for column, words in LEVELS.items()}
    weights = {column: np.linspace(0, chance.uniform(0.3, 1.2), len(words)) for column, words in LEVELS.items()}
    parts = []
    for start in range(0, episodes, CHUNK):
        rows = min(CHUNK, episodes - start)
        who = chance.choice(consultants, rows, p=size / size.sum())
        codes = {column: chance.choice(len(words), rows, p=shares[column]) for column, words in LEVELS.items()}
        linear = true[who] + np.sum([weights[column][code] for column, code in codes.items()], axis=0)
        parts.append(
            pl.DataFrame(
                {
                    "provider": _words(PROVIDERS, hospital[who]),
                    "consultant": _words([f"99{number:05}" for number in range(consultants)], who),
                    **{column: _words(LEVELS[column], code) for column, code in codes.items()},
                    OUTCOME: (chance.random(rows) < 1 / (1 + np.exp(-linear))).astype(np.int8),
                }
            ).lazy()
        )
    pl.concat(parts).with_columns(pl.exclude(OUTCOME).cast(pl.String)).sink_parquet(path)


def _words(words: Sequence[str], codes: NDArray[np.int64]) -> pl.Series:
    """Numbers in place of words until the file is written."""
    return pl.Series(words, dtype=pl.Enum(words)).gather(pl.Series(codes))
