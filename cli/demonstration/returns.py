"""What the consent service is told: who is on the register of which programme, and what each of them answered."""

from datetime import date

import numpy as np
import polars as pl

from cli.demonstration.consultants import Roster
from cli.demonstration.sizes import Sizes

REFUSED, ASKED = 0.04, 0.02  # shares of consultants who declined, and who have not answered yet
FIRST_ANSWER, LAST_ANSWER = date(2026, 5, 1), date(2026, 6, 30)
PURPOSE, NOTICE_VERSION, EVIDENCE = "own_figures", 1, "synthetic"


def programme_register(roster: Roster, sizes: Sizes) -> pl.DataFrame:
    """One row per consultant: gmc, name, programme."""
    programmes = pl.Series([f"{specialty}-consultant-outcomes" for specialty in sizes.specialties])
    return pl.DataFrame({"gmc": roster.gmc, "name": roster.name, "programme": programmes.gather(roster.specialty)})


def consent_returns(rng: np.random.Generator, register: pl.DataFrame) -> pl.DataFrame:
    """One row per consultant: 94 % given, 4 % refused, 2 % only asked, for whom `decided_on` is the day of asking."""
    people = register.height
    refused, asked = round(REFUSED * people), round(ASKED * people)
    acts = np.repeat(["given", "refused", "asked"], [people - refused - asked, refused, asked])
    days = pl.date_range(FIRST_ANSWER, LAST_ANSWER, "1d", eager=True)
    return register.select(
        "gmc",
        "programme",
        pl.lit(PURPOSE).alias("purpose"),
        pl.Series("act", rng.permutation(acts).tolist()),
        pl.lit(NOTICE_VERSION).alias("notice_version"),
        pl.Series("decided_on", days.gather(rng.integers(len(days), size=people))),
        pl.lit(EVIDENCE).alias("evidence"),
    )
