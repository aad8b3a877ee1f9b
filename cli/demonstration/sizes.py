"""How large the invented audit is, and which sizes are refused because the world could not be built."""

from dataclasses import dataclass

from cli.demonstration.names import PLACES
from cli.demonstration.specialties import SPECIALTIES, Specialty

DEFAULT_SEED = 2013
FEWEST_UNITS = 10  # units in a specialty: fewer could not show the spread between providers
MOST_CONSULTANTS = 11  # based at a unit; one visitor may join them, which makes twelve
FEWEST_CASES = 10  # a consultant, on average over the three years
MOST_EPISODES = 9_999_999  # the width of an episode's number
SMALL_SPECIALTIES = ("adult-cardiac-surgery", "vascular-surgery", "colorectal-surgery")


@dataclass(frozen=True)
class Sizes:
    """Numbers of hospitals, consultants and episodes, and the specialties audited.

    Raises ValueError when no such world exists, for instance with more consultants than the units have room for.
    """

    hospitals: int = 150
    consultants: int = 3_500
    episodes: int = 510_000
    specialties: tuple[str, ...] = tuple(SPECIALTIES)

    @classmethod
    def small(cls) -> "Sizes":
        """The world that tests use: 12 hospitals, 3 specialties, 30 units, 60 consultants, 9,000 episodes."""
        return cls(hospitals=12, consultants=60, episodes=9_000, specialties=SMALL_SPECIALTIES)

    def __post_init__(self) -> None:
        if not self.specialties or len(set(self.specialties)) < len(self.specialties):
            raise ValueError(f"name each specialty once, at least one: {self.specialties}")
        unknown = sorted(set(self.specialties) - set(SPECIALTIES))
        if unknown:
            raise ValueError(f"unknown specialties {unknown}; known are {sorted(SPECIALTIES)}")
        _within("hospitals", self.hospitals, FEWEST_UNITS, len(PLACES))
        _within("consultants", self.consultants, self.units, self.units * MOST_CONSULTANTS)
        _within("episodes", self.episodes, self.consultants * FEWEST_CASES, MOST_EPISODES)

    @property
    def audited(self) -> tuple[Specialty, ...]:
        """The specialties in the order asked for."""
        return tuple(SPECIALTIES[identifier] for identifier in self.specialties)

    @property
    def units(self) -> int:
        """Number of units (a specialty at a hospital)."""
        return sum(self.units_of(specialty) for specialty in self.audited)

    def units_of(self, specialty: Specialty) -> int:
        """Number of hospitals with a unit of this specialty: its reach, and never fewer than ten."""
        return max(FEWEST_UNITS, round(specialty.reach * self.hospitals))


def _within(what: str, found: int, fewest: int, most: int) -> None:
    if not fewest <= found <= most:
        raise ValueError(f"{what} must lie between {fewest} and {most}, not {found}")
