"""What the pages say for the name of another method: one part of words for each part of the name."""

import re
from typing import Final

TESTS: Final = {
    "interval_exact": "exact interval around the result",
    "interval_byar": "Byar’s interval around the result",
    "interval_exact_below_10_then_byar": "interval around the result, exact below 10 events and Byar’s from there on",
    "target_exact_poisson": "exact limits around the average",
}
MEASURES: Final = {
    "count_tails": "chance of a count so far from the expected",
    "log": "limits on the logarithmic scale",
    "square_root": "limits on the square-root scale",
}
SPREAD: Final = {
    "truncated_deciles": "spread between hospitals with the outermost tenths left out",
    "winsorised_10_consistent": "spread between hospitals with the outermost tenths pulled in, and that corrected for",
    "winsorised_10": "spread between hospitals with the outermost tenths pulled in",
    "all": "spread between hospitals from all of them",
    "none": "no allowance for spread between hospitals",
}
EFFECTS: Final = {"additive": "added to chance", "multiplicative": "multiplied with chance"}

_TEST: Final = "|".join(TESTS)
_CROSSED: Final = rf"({'|'.join(MEASURES)})_({'|'.join(SPREAD)})(?:_({'|'.join(EFFECTS)}))?"
_NAME: Final = re.compile(rf"(?:without_([a-z0-9_]+?)_)?(?:({_TEST})|{_CROSSED})")


def path_words(name: str) -> str:
    """A method by what it does; one with a part that has no words here reads as it is, without its underscores."""
    found = _NAME.fullmatch(name)
    if not found:
        return _sentence(name.replace("_", " "))
    left_out, test, measure, rows, effect = found.groups()
    basis = f"without {left_out.replace('_', ' ')} in the risk model" if left_out else ""
    parts = (basis, TESTS.get(test, ""), MEASURES.get(measure, ""), SPREAD.get(rows, ""), EFFECTS.get(effect, ""))
    return _sentence(", ".join(part for part in parts if part))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
