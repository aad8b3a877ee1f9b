"""Hospitals, and the units (a specialty at a hospital) they run."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from cli.demonstration.names import hospital_names, region_names
from cli.demonstration.sizes import Sizes

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Hospitals:
    """The hospitals in order of their codes, and their relative size, shape (hospitals,)."""

    providers: pl.DataFrame
    size: FloatArray

    @property
    def codes(self) -> pl.Series:
        """ZZ001, ZZ002 and so on."""
        return self.providers["provider"]


@dataclass(frozen=True)
class Units:
    """Every unit: index of its hospital and of its specialty (in `Sizes.specialties`), shape (units,)."""

    hospital: IntArray
    specialty: IntArray


def found_hospitals(rng: np.random.Generator, sizes: Sizes) -> Hospitals:
    """Draw the register of hospitals: provider, name, kind, region."""
    regions = pl.Series(region_names())
    providers = pl.DataFrame(
        {
            "provider": [f"ZZ{number:03d}" for number in range(1, sizes.hospitals + 1)],
            "name": hospital_names(rng, sizes.hospitals),
            "kind": ["hospital"] * sizes.hospitals,
            "region": regions.gather(rng.integers(len(regions), size=sizes.hospitals)),
        }
    )
    return Hospitals(providers, rng.lognormal(0.0, 0.4, sizes.hospitals))


def open_units(rng: np.random.Generator, sizes: Sizes, hospitals: Hospitals) -> Units:
    """Draw which hospitals have which specialty: large ones have more.

    The last specialty goes first to hospitals that have none, so in the default world every hospital has a unit.
    """
    hospital, specialty = [], []
    empty = np.ones(sizes.hospitals, dtype=bool)
    for index, audited in enumerate(sizes.audited):
        last = index == len(sizes.specialties) - 1
        weights = np.where(last & empty, 1e9, 1.0) * hospitals.size
        chosen = rng.choice(sizes.hospitals, sizes.units_of(audited), replace=False, p=weights / weights.sum())
        empty[chosen] = False
        hospital.append(np.sort(chosen))
        specialty.append(np.full(len(chosen), index))
    return Units(np.concatenate(hospital), np.concatenate(specialty))
