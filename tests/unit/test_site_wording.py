"""Words of the pages, against the table of words in the specification and the code lists of the API."""

from copy import deepcopy
from typing import Any

import pytest

from services.gateway.api import codelists as codes
from services.gateway.site import wording
from services.gateway.site.lines import by_subject, line, newest_and_earlier
from services.gateway.site.pages.general import NOT_MEANT
from services.gateway.site.rendering import environment
from services.gateway.site.wording import Tag, comparison, figure, sentence, span, with_range
from shared.contracts.public.reasons import ABSENCE_REASONS, NOT_RATED_REASONS, CodeList

PUBLISHED: dict[str, Any] = {
    "id": "r-m9s346q3d25v", "status": "published", "partition": "fixed",
    "indicator": {"id": "cabg-death-30-days", "label": "Death within 30 days of a first heart bypass operation",
                  "version": "2026.1", "unit": "percent", "polarity": "lower_is_better", "decimals": 2},
    "subject": {"level": "provider", "id": "ZZ1", "name": "Example University Hospitals NHS Trust", "kind": "trust"},
    "period": {"id": "2023-04_2026-03", "start": "2023-04-01", "end": "2026-03-31"},
    "value": {"kind": "risk_adjusted_rate", "estimate": 2.1,
              "interval": {"level": 0.95, "lower": 1.58, "upper": 2.72, "method": "byar"},
              "observed": 56, "expected": 61.2, "denominator": 2310, "standardised_ratio": 0.92, "crude": 2.42},
    "comparison": {"status": "rated", "benchmark": {"scope": "England", "value": 2.29}, "position": "within",
                   "band": "as_expected"},
    "words": {"summary": "Within the range expected for a hospital treating these patients.",
              "certainty": "Enough operations to notice a death rate about 40 percent above the one expected."},
}  # fmt: skip


def row(summary: str = "", **compared: Any) -> dict[str, Any]:
    """The specification's published row, with this comparison and this sentence of the API."""
    found = deepcopy(PUBLISHED)
    found["comparison"] |= compared
    if summary:
        found["words"]["summary"] = summary
    return found


def absent(reason: str) -> dict[str, Any]:
    kept = {name: PUBLISHED[name] for name in ("id", "indicator", "subject", "period")}
    return {**kept, "status": "suppressed", "absence": {"reason": reason, "explanation": "Too few to publish."}}


def test_a_number_is_padded_and_never_stands_without_its_range() -> None:
    assert with_range(PUBLISHED) == "2.10% (range 1.58% to 2.72%)"


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        ({"level": 0.95, "upper": 2.72, "method": "byar"}, "2.10% (range up to 2.72%)"),
        ({"level": 0.95, "lower": 1.58, "method": "byar"}, "2.10% (range from 1.58%)"),
        (None, "2.10% (no range can be given)"),
    ],
)
def test_a_missing_limit_is_said(interval: dict[str, Any] | None, shown: str) -> None:
    found = deepcopy(PUBLISHED)
    del found["value"]["interval"]
    if interval is not None:
        found["value"]["interval"] = interval
    assert with_range(found) == shown


@pytest.mark.parametrize(
    ("number", "unit", "decimals", "shown"),
    [(2, "percent", 2, "2.00%"), (1, "ratio", 2, "1.00"), (1234.5, "per_100000", 1, "1,234.5 per 100,000"),
     (12, "count", 0, "12"), (3, "days", 0, "3 days")],
)  # fmt: skip
def test_figures_in_their_units(number: float, unit: str, decimals: int, shown: str) -> None:
    assert figure(number, unit, decimals) == shown


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        (row(), Tag("As expected", "white")),
        (row(position="above_warning"), Tag("As expected, further from the average than most", "white")),
        (row(position="below_warning"), Tag("As expected, further from the average than most", "white")),
        (row("As expected, though further from the average than most", position="above_warning"),
         Tag("As expected, though further from the average than most", "white")),
        (row(position="above_control", band="worse_than_expected"),
         Tag("Worse than expected", "orange", "A signal to look closer, not proof of poor care.")),
        (row("Worse than expected: a signal to look closer, not proof of poor care", position="above_control",
             band="worse_than_expected"),
         Tag("Worse than expected", "orange", "A signal to look closer, not proof of poor care.")),
        (row(position="below_control", band="better_than_expected"), Tag("Better than expected", "blue")),
        (row(position="above_control", band="higher_than_expected"), Tag("Higher than expected", "white")),
        (row(position="below_control", band="lower_than_expected"), Tag("Lower than expected", "white")),
        (row(status="not_rated", reason="too_few_cases"), Tag("Cannot tell: too few operations", "grey")),
        (row("Cannot tell: too few procedures", status="not_rated", reason="too_few_cases"),
         Tag("Cannot tell: too few procedures", "grey")),
        (absent("small_numbers"), Tag("Not shown: small numbers", "grey")),
        (absent("not_published"), Tag("Not published. This says nothing about the quality of care", "grey")),
    ],
)  # fmt: skip
def test_the_label_of_a_row_is_the_specifications(given: dict[str, Any], tag: Tag) -> None:
    assert comparison(given) == tag


def test_a_signal_found_at_the_warning_limit_is_not_called_as_expected() -> None:
    found = row("Significantly higher than the statewide rate", position="above_warning", band="worse_than_expected")
    assert comparison(found).text == "Worse than expected"
    assert sentence(found) == "Significantly higher than the statewide rate"


def test_what_the_label_says_already_is_not_said_again() -> None:
    assert sentence(row("As expected")) == ""
    assert sentence(row()) == "Within the range expected for a hospital treating these patients."


def test_a_table_shows_the_rows_own_sentence_where_it_says_more_than_the_label() -> None:
    """ "New York's published sentence must appear"; what is a label already is not said twice."""
    york = row("Not significantly different from the statewide rate")
    assert line(york).own_words == "Not significantly different from the statewide rate"
    assert line(row("As expected")).own_words == ""
    assert line(row("Cannot tell: too few procedures", status="not_rated", reason="too_few_cases")).own_words == ""
    signal = row("Worse than expected: a signal to look closer, not proof of poor care", position="above_control",
                 band="worse_than_expected")  # fmt: skip
    assert line(signal).own_words == ""
    assert line(absent("small_numbers")).own_words == ""
    shown = (
        environment()
        .get_template("parts.jinja")
        .module.by_subject(  # type: ignore[attr-defined]  # a macro
            [line(york)], "t", "Table", "Hospital"
        )
    )
    assert "Not significantly different from the statewide rate" in shown


def test_an_absent_row_gives_the_apis_explanation_and_no_figure() -> None:
    shown = line(absent("small_numbers"))
    assert (shown.result, shown.summary, shown.reason) == ("", "Too few to publish.", "small_numbers")


@pytest.mark.parametrize("code", [{"band": "excellent"}, {"status": "not_rated", "reason": "bad_weather"}])
def test_an_unknown_code_is_never_shown_as_another(code: dict[str, str]) -> None:
    with pytest.raises(KeyError):
        comparison(row(**code))


@pytest.mark.parametrize(
    ("words", "listed"),
    [
        (wording.BANDS, codes.BANDS), (wording.COLOURS, codes.BANDS), (wording.NOT_RATED, NOT_RATED_REASONS),
        (wording.ABSENT, ABSENCE_REASONS), (NOT_MEANT, ABSENCE_REASONS), (wording.UNITS, codes.UNITS),
        (wording.KINDS, codes.KINDS), (wording.POLARITIES, codes.POLARITY),
    ],
    ids=lambda value: getattr(value, "name", ""),
)  # fmt: skip
def test_every_code_of_the_api_has_words(words: dict[str, Any], listed: CodeList) -> None:
    assert set(words) == set(listed.codes)


def test_words_that_are_never_used() -> None:
    said = " ".join([*wording.BANDS.values(), *wording.NOT_RATED.values(), *wording.ABSENT.values(),
                     *wording.NOTES.values()]).lower()  # fmt: skip
    for never in (
        "normal",
        "amber",
        "good",
        "bad",
        "dangerous",
        "outlier",
        "refused",
        "withheld",
        "significant",
        "average of",
    ):
        assert never not in said


def test_rows_are_in_the_order_of_names_whatever_their_values() -> None:
    rows = [deepcopy(PUBLISHED) for _ in range(3)]
    for found, name, estimate in zip(rows, ("beta", "Alpha", "gamma"), (1.0, 3.0, 2.0), strict=True):
        found["subject"] |= {"name": name, "id": name}
        found["value"]["estimate"] = estimate
    assert [one.subject for one in by_subject(rows)] == ["Alpha", "beta", "gamma"]


def test_newest_period_of_each_indicator() -> None:
    earlier = deepcopy(PUBLISHED) | {"id": "r-earlier00000"}
    earlier["period"] = {"id": "2020-04_2023-03", "start": "2020-04-01", "end": "2023-03-31"}
    newest, rest = newest_and_earlier([earlier, PUBLISHED])
    assert [one["id"] for one in newest] == ["r-m9s346q3d25v"]
    assert [one["id"] for one in rest] == ["r-earlier00000"]


@pytest.mark.parametrize(
    ("period", "words"),
    [("2023-04_2026-03", "April 2023 to March 2026"), ("2024-06_2024-06", "June 2024"), ("2011-2013", "2011-2013")],
)
def test_periods_in_words(period: str, words: str) -> None:
    assert span(period) == words
