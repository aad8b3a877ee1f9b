"""What the printed numbers of a row say of its measures: as printed, or as it follows from what is printed. Pure."""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from cli.disclosure.facts import Facts, Key
from cli.disclosure.limits import FEWEST_THAT_FIT, LARGEST, fitting
from cli.disclosure.numbers import Span, exactly, most_decimals, product, quotient, rounded_to, to_step
from cli.disclosure.rows import NUMBERS, Row

Spans = dict[str, Span]  # of `cases`, `observed`, `expected`, and `ratio` where neither of the last two is known
SHARES_TO: Final = 0.01
Decimals = dict[tuple[str, str], dict[str, int]]


def measured(facts: Facts) -> dict[Key, Spans]:
    """Of each row the spans of `cases`, `observed`, `expected`: as printed, or as they follow from what is printed."""
    decimals = _decimals(facts)
    return {key: _spans(row, decimals[key[0], key[3]], facts.step(key[0], key[3])) for key, row in facts.rows.items()}


def _decimals(facts: Facts) -> Decimals:
    """To how many decimals an indicator's numbers are rounded: trailing zeros are not written."""
    texts: dict[tuple[str, str], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for key, row in facts.rows.items():
        for name in NUMBERS:
            if name in row:
                texts[key[0], key[3]][name].append(row[name])
    return defaultdict(
        dict, {key: {name: most_decimals(found) for name, found in by.items()} for key, by in texts.items()}
    )


def _said(row: Row, decimals: Mapping[str, int]) -> Spans:
    """The printed numbers, each with its rounding."""
    return {str(name): rounded_to(float(row[name]), decimals[name]) for name in NUMBERS if name in row}


def _spans(row: Row, decimals: Mapping[str, int], step: float | None) -> Spans:
    said = _said(row, decimals)
    found: Spans = {}
    for name, measure in (("denominator", "cases"), ("observed", "observed")):
        if name in row:
            value = float(row[name])
            found[measure] = to_step(value, step).whole() if step and value else exactly(value)
    if "expected" in said:
        found["expected"] = Span(max(said["expected"].low, 0.0), said["expected"].high)
    ratio = ratio_of(said)
    if "observed" not in found and (fits := counts_that_fit(row, said)) is not None:
        found["observed"] = fits
    if ratio is not None and "observed" not in found and "expected" in found:
        found["observed"] = product(ratio, found["expected"]).whole()
    if ratio is not None and "expected" not in found and found.get("observed", exactly(0)).low > 0:
        found["expected"] = quotient(found["observed"], ratio)
    if "crude" in said and "cases" not in found and found.get("observed", exactly(0)).low > 0:
        found["cases"] = quotient(product(found["observed"], exactly(100)), said["crude"]).whole()
    if ratio is not None and not {"observed", "expected"} & found.keys():
        found["ratio"] = ratio
    if "case_ascertainment" in row:
        found["share"] = share_of(float(row["case_ascertainment"]))
    return found


def share_of(printed: float) -> Span:
    """Of the cases that somebody else has counted: hundredths, rounded down, and 1 for all of them or more."""
    return Span(printed, math.inf) if printed >= 1 else Span(printed, printed + SHARES_TO)


def ratio_of(said: Mapping[str, Span]) -> Span | None:
    """Observed over expected, printed or as the estimate over the benchmark."""
    if "standardised_ratio" in said:
        return said["standardised_ratio"]
    if "estimate" in said and said.get("benchmark_value", exactly(0)).low > 0:
        return quotient(said["estimate"], said["benchmark_value"])
    return None


def fitting_counts(row: Row, said: Mapping[str, Span]) -> list[int] | None:
    """Counts that the printed limits leave possible; None where no limits are printed."""
    names = {"lower": "interval_lower", "estimate": "estimate", "upper": "interval_upper"}
    parts = {name: said[told] for name, told in names.items() if told in said}
    if not parts.keys() & {"lower", "upper"}:
        return None
    scale = None
    if "expected" in said and "benchmark_value" in said:
        scale = quotient(said["benchmark_value"], said["expected"])
    return fitting(row.get("interval_method", ""), parts, scale)


def counts_that_fit(row: Row, said: Mapping[str, Span]) -> Span | None:
    counts = fitting_counts(row, said)
    return Span(counts[0], counts[-1]) if counts and len(counts) <= LARGEST else None


def too_exact(facts: Facts) -> list[tuple[Key, list[int], str]]:
    """Rows that do not print their count, or only a rounded one, and whose limits leave fewer counts than three."""
    found = []
    decimals = _decimals(facts)
    for key, row in facts.rows.items():
        step = facts.step(key[0], key[3])
        if ("observed" in row and step is None) or not ({"interval_lower", "interval_upper"} & row.keys()):
            continue
        counts = fitting_counts(row, _said(row, decimals[key[0], key[3]])) or []
        if "observed" in row and step is not None:
            near = to_step(float(row["observed"]), step)
            counts = [one for one in counts if near.has(one)]
        if 0 < len(counts) < FEWEST_THAT_FIT:
            found.append((key, counts, facts.where[key]))
    return found
