"""Every source of the proof, in the order of the specification, and the table that they make together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import polars as pl

from services.ratings.indicators.definition import Definition
from services.ratings.proof import (
    arizona,
    california,
    cms_outcomes,
    cms_stars,
    new_york,
    new_york_bypass,
    prevalence,
    proms,
    proms_outliers,
    shmi,
    uk_cardiac,
)
from services.ratings.proof.agreement import Agreement, Claim, Frames

LONGEST_REASON = 200


@dataclass(frozen=True)
class Recipe:
    """The claims about some entries, and what compares them."""

    claims: tuple[Claim, ...]
    agreements: Callable[[Frames], list[Agreement]]

    @property
    def entries(self) -> tuple[str, ...]:
        """Every entry that it reads, each once, in order."""
        return tuple(dict.fromkeys(entry for claim in self.claims for entry in claim.entries))

    def run(self, frames: Frames) -> list[Agreement]:
        """One agreement per claim. What cannot be computed is a claim that is not met, with the reason."""
        if missing := [entry for entry in self.entries if entry not in frames]:
            return [claim.unmet(f"There is no {', '.join(missing)} to compare.") for claim in self.claims]
        try:
            return self.agreements(frames)
        except (ValueError, ArithmeticError, pl.exceptions.PolarsError) as error:
            return [claim.unmet(f"It could not be computed: {_in_a_line(error)}") for claim in self.claims]


def _in_a_line(error: Exception) -> str:
    """What an error says, without line breaks: a polars error brings a whole plan along."""
    return " ".join(str(error).split())[:LONGEST_REASON]


def suite(definitions: Iterable[Definition]) -> list[Recipe]:
    """All recipes; `definitions` are the indicators of the catalogue, by which a release would be built."""
    return [
        Recipe(new_york.CLAIMS, partial(new_york.agreements, definitions=tuple(definitions))),
        Recipe(new_york_bypass.CLAIMS, new_york_bypass.agreements),
        Recipe(shmi.CLAIMS, shmi.agreements),
        Recipe(proms.CLAIMS, proms.agreements),
        Recipe(proms_outliers.CLAIMS, proms_outliers.agreements),
        Recipe(cms_stars.CLAIMS, cms_stars.agreements),
        Recipe(cms_outcomes.CLAIMS, cms_outcomes.agreements),
        Recipe(prevalence.CLAIMS, prevalence.agreements),
        Recipe(arizona.CLAIMS, arizona.agreements),
        Recipe(uk_cardiac.CLAIMS, uk_cardiac.agreements),
        Recipe(california.CLAIMS, california.agreements),
    ]


def entries_of(recipes: Iterable[Recipe]) -> list[str]:
    """Every entry that the suite reads."""
    return sorted({entry for recipe in recipes for entry in recipe.entries})
