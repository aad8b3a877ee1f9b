"""Childhood prevalence of the child measurement programme, with its Wilson limits (methods, section 3.5)."""

import numpy as np

from services.ratings.methods.arrays import BoolArray, FloatArray
from services.ratings.methods.intervals import wilson_interval
from services.ratings.methods.levels import WARNING, z_of
from services.ratings.proof.agreement import Agreement, Claim, Frames, floats, keys_of, near

ENTRY = "prevalence"
PRINTED = 5e-14  # half of the last of the 15 digits that the file carries
PRINTED_ERROR = 3e-14

LIMITS = Claim(
    "phe-prevalence", "rate, lower and upper limit: 100 x count / measured with Wilson 95% limits",
    "within 5e-14, and one unit in the last place of the doubles compared", (ENTRY,), 240, 240, named=frozenset(),
    why="The unit in the last place (1.8e-15) decides one row, 1011 R E92000001 3: its upper limit is "
    "11.136070781775150036 in exact arithmetic, a hair above the tie at which the publisher's last digit turns, "
    "and was printed as 11.1360707817751. To the letter of 5e-14 it would be 239 rows.",
)  # fmt: skip
ERRORS = Claim(
    "phe-prevalence", "standard error: (upper - lower) / 2z", "within 3e-14", (ENTRY,), 240, 240, named=frozenset()
)
CLAIMS = (LIMITS, ERRORS)


def agreements(frames: Frames) -> list[Agreement]:
    """The two lines of the prevalence table."""
    frame = frames[ENTRY]
    counted, measured = frame["count"].to_numpy(), frame["measured"].to_numpy()
    found = wilson_interval(counted, measured, WARNING)
    lower, upper = 100 * found.lower.values, 100 * found.upper
    made = {"rate": 100 * (counted / measured), "lcl": lower, "ucl": upper}
    equal = np.logical_and.reduce([_as_printed(figure, floats(frame, name)) for name, figure in made.items()])
    error = (upper - lower) / (2 * z_of(WARNING))
    keys = keys_of(frame, "period", "schoolyear", "areacode", "decile")
    return [LIMITS.met_by(keys, equal), ERRORS.met_by(keys, near(error, floats(frame, "se"), PRINTED_ERROR))]


def _as_printed(found: FloatArray, printed: FloatArray) -> BoolArray:
    return np.asarray(np.abs(found - printed) <= PRINTED + np.spacing(printed))
