"""The tables of docs/methods.md that are made from a simulation report. A test keeps the two equal."""

from collections.abc import Mapping
from typing import Any, Final

ROWS: Final = ("all", "winsorised_10_consistent", "winsorised_10", "truncated_deciles", "none")
FAMILIES: Final = (
    ("count tails", "count_tails_{}"),
    ("log, additive", "log_{}_additive"),
    ("log, multiplicative", "log_{}_multiplicative"),
    ("square root, additive", "square_root_{}_additive"),
    ("square root, multiplicative", "square_root_{}_multiplicative"),
)
COLUMNS: Final = (
    ("nobody differs, 95 %", "null", "outside_95"),
    ("nobody differs, 99.8 %", "null", "outside_99_8"),
    ("spread 0.2, 95 %", "additive_log_normal_0.2", "outside_95"),
    ("spread 0.2, 99.8 %", "additive_log_normal_0.2", "outside_99_8"),
    ("variance doubled, 99.8 %", "multiplicative_2", "outside_99_8"),
    ("8 expected, nobody differs, 99.8 %", "small_null", "outside_99_8"),
    ("found", "planted_0.1", "found_99_8"),
)
PLACES: Final = (
    ("as published", "place_intervals"),
    ("with the true variance", "place_intervals_known_variance"),
    ("flat prior", "place_intervals_flat"),
)
OF_DOUBLED: Final = "coverage_95_of_doubled"
SIGNS: Final = {"off": " **off**", "off_for_reproduction_only": " ✗", "above_nominal_within_price": " ↑"}


def operating_characteristics(report: Mapping[str, Any]) -> str:
    """Markdown: per cent with Monte Carlo errors; ✗ off its level, ↑ above nominal within the price of an estimate."""
    by_key = {(one["rule"], one["world"], one["figure"]): one for one in report["lines"] if one["part"] == "dispersion"}
    names = [name for name, _, _ in COLUMNS]
    table = [f"| Limits | Rows | {' | '.join(names)} | Ours? |", "|---|---|" + "---:|" * len(names) + "---|"]
    for family, pattern in FAMILIES:
        for rows in ROWS:
            rule = pattern.format(rows)
            if rows == "none" and "count" not in rule:
                if rule.endswith("multiplicative"):
                    continue  # nothing to add and nothing to multiply: one rule, shown as additive
                rule = rule.removesuffix("_additive")
            cells = [_cell(by_key[rule, world, figure]) for _, world, figure in COLUMNS]
            ours = "no" if by_key[rule, "null", "outside_95"]["refused_for_ours"] else "yes"
            table.append(f"| {family} | `{rows}` | {' | '.join(cells)} | {ours} |")
    return "\n".join(table)


def coverage_of_places(report: Mapping[str, Any]) -> str:
    """Markdown: per cent of true places that 95% intervals hold, with Monte Carlo errors; ✗ off its level."""
    lines = [one for one in report["lines"] if one["rule"] in {rule for _, rule in PLACES}]
    by_key = {(one["rule"], one["world"], one["figure"]): one for one in lines}
    table = [f"| Among | {' | '.join(name for name, _ in PLACES)} |", "|---|" + "---:|" * len(PLACES)]
    for world, figure in dict.fromkeys((one["world"], one["figure"]) for one in lines):
        cells = [_share(by_key[rule, world, figure]) for _, rule in PLACES]
        table.append(f"| {world}{': those' if figure == OF_DOUBLED else ''} | {' | '.join(cells)} |")
    return "\n".join(table)


def _share(line: Mapping[str, Any]) -> str:
    return f"{100 * line['measured']:.1f} ± {100 * line['error']:.1f}{SIGNS.get(line['verdict'], '')}"


def _cell(line: Mapping[str, Any]) -> str:
    places = 0 if line["figure"] == "found_99_8" else 1 if line["figure"] == "outside_95" else 2
    error = f"{100 * line['error']:.{places + 1}f}"
    return f"{100 * line['measured']:.{places}f} ± {error}{SIGNS.get(line['verdict'], '')}"
