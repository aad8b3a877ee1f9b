"""The settings of disclosure control. A programme may change them; what they may not be is refused here."""

import math
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

MEASURES: Final = ("cases", "observed", "expected")
Protect = Literal["totals", "colleagues"]


@dataclass(frozen=True)
class Widths:
    """How closely a secret may be bounded from above: by nobody who knows `k` of the other hidden people within
    max(floor of the measure, `p` times the secret). `floors` are in the order of the measures, in their units.

    Raises ValueError for a negative or infinite number, or no floor at all.
    """

    k: int = 1
    p: float = 0.2
    floors: tuple[float, ...] = (10.0, 3.0, 1.0)

    def __post_init__(self) -> None:
        if self.k < 0:
            raise ValueError(f"k is a number of insiders, 0 or more, not {self.k}")
        if not (math.isfinite(self.p) and self.p >= 0):
            raise ValueError(f"p is a share of the secret, 0 or more, not {self.p}")
        if not self.floors or not all(math.isfinite(floor) and floor >= 0 for floor in self.floors):
            raise ValueError(f"floors are one number per measure, each 0 or more, not {self.floors}")

    def needs(self, own: tuple[float, ...]) -> tuple[float, ...]:
        """The width that a secret of sizes `own` needs, per measure. Raises ValueError for other than one per floor."""
        return tuple(max(floor, self.p * size) for floor, size in zip(self.floors, own, strict=True))


@dataclass(frozen=True)
class Policy:
    """`protect`: keep totals and hide few colleagues, or withhold the totals of secrets. `max_hidden`: largest share
    of a unit's people that may be hidden as partners so that its total can stay. `small`: cases below which a unit's
    total is suppressed for the patients' sake (whoever makes the tables applies it: `Table.small`).

    Raises ValueError for an unknown `protect`, a share outside 0 to 1, or a negative `small`.
    """

    widths: Widths = field(default_factory=Widths)
    protect: Protect = "totals"
    max_hidden: float = 1.0
    small: int = 10

    def __post_init__(self) -> None:
        if self.protect not in get_args(Protect):
            raise ValueError(f"protect is one of {', '.join(get_args(Protect))}, not {self.protect!r}")
        if not 0 <= self.max_hidden <= 1:
            raise ValueError(f"max_hidden is a share of a unit's people from 0 to 1, not {self.max_hidden}")
        if self.small < 0:
            raise ValueError(f"small is a number of cases, 0 or more, not {self.small}")
