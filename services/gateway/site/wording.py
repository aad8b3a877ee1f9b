"""What the pages say for what the API says (ui.md section 7): digits, short labels for codes, and nothing else.

Sentences about performance are the API's own `words`; none is composed here. A code that has no words raises KeyError:
it is never shown as another.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

Body = Mapping[str, Any]

UNITS: Final = {
    "percent": "%", "ratio": "", "per_100000": " per 100,000", "count": "", "days": " days", "points": " points",
    "word": "",
}  # fmt: skip

BANDS: Final = {
    "as_expected": "As expected",
    "better_than_expected": "Better than expected",
    "worse_than_expected": "Worse than expected",
    "depends_on_method": "Depends on method",
    "higher_than_expected": "Higher than expected",
    "lower_than_expected": "Lower than expected",
}
NOTES: Final = {
    "worse_than_expected": "A signal to look closer, not proof of poor care.",
    "depends_on_method": "Beyond the limits by the method of this indicator, but not by others that are as defensible.",
}
FURTHER_OUT: Final = {"above_warning", "below_warning"}
FURTHER: Final = ", further from the average than most"

NOT_RATED: Final = {
    "too_few_cases": "Cannot tell: too few operations",
    "reliability_below_floor": "Cannot tell: chance plays too large a part",
    "case_ascertainment_low": "Cannot tell: too many cases are missing",
    "case_ascertainment_not_published": "Cannot tell: how many cases are missing is not published",
    "methods_disagree": "Cannot tell: sound methods disagree",
    "no_cases": "Cannot tell: there were no cases",
    "no_expected": "Cannot tell: no event was expected here",
}

ABSENT: Final = {
    "small_numbers": "Not shown: small numbers",
    "not_published": "Not published. This says nothing about the quality of care",
    "not_submitted": "Not available: nothing was sent in",
    "not_given": "Not available: its publisher gives no figure",
    "data_quality": "Not available: the data failed their checks",
    "model_not_estimable": "Not available: no honest figure can be worked out",
    "not_applicable": "Does not apply: not done here",
}

OWN_WORDS: Final = {
    NOT_RATED["too_few_cases"]: "Cannot tell: too few ",
    BANDS["as_expected"] + FURTHER: "As expected, ",
}
"""Labels for which the API may have better words: the cases of this very indicator, for instance."""

COLOURS: Final = {
    "as_expected": "white", "better_than_expected": "blue", "worse_than_expected": "orange",
    "higher_than_expected": "white", "lower_than_expected": "white", "depends_on_method": "grey",
}  # fmt: skip
"""Blue, orange, grey; a neutral indicator is painted neither better nor worse."""

KINDS: Final = {
    "hospital": "Hospital", "trust": "Trust", "gp-practice": "GP practice", "pcn": "Primary care network",
    "area": "Commissioning area", "social-care": "Social care", "mental-health": "Mental health", "region": "Region",
    "country": "Country", "other": "Organisation",
}  # fmt: skip
NOUNS: Final = {"hospital": "hospital", "trust": "trust", "gp-practice": "practice", "area": "area", "region": "region"}
"""One of a kind in the middle of a sentence; any other is an organisation."""

NOT_STATED: Final = "Not stated"

POLARITIES: Final = {
    "lower_is_better": "Lower is better",
    "higher_is_better": "Higher is better",
    "neutral": "Neither higher nor lower is better",
}


LICENCES: Final = {
    "OGL-UK-3.0": "Open Government Licence 3.0", "PUBLIC_DOMAIN": "Public domain",
    "see-indicators": "Differs: the page of each indicator says its own",
}  # fmt: skip


def licence(code: str) -> str:
    """The licence by its name; one that has no name here, as its publisher writes it."""
    return LICENCES.get(code, code)


@dataclass(frozen=True)
class Tag:
    """A short label and what must be said beside it. The colour repeats what the word says and is never alone."""

    text: str
    colour: str
    note: str = ""


def figure(number: float, unit: str, decimals: int) -> str:
    """The API's number with its zeros: rounded already, so that nothing is rounded twice."""
    return f"{number:,.{decimals}f}{UNITS[unit]}"


def with_range(row: Body) -> str:
    """`2.10% (range 1.58% to 2.72%)`. A number never stands without its range, or without saying that it has none; a
    publisher's word stands as it is."""
    if "word" in row["value"]:
        return str(row["value"]["word"])
    estimate, interval = row["value"]["estimate"], row["value"].get("interval", {})
    shown = {side: _in_unit(interval[side], row) for side in ("lower", "upper") if side in interval}
    if len(shown) == 2:
        return f"{_in_unit(estimate, row)} (range {shown['lower']} to {shown['upper']})"
    if "upper" in shown:
        return f"{_in_unit(estimate, row)} (range up to {shown['upper']})"
    if "lower" in shown:
        return f"{_in_unit(estimate, row)} (range from {shown['lower']})"
    return f"{_in_unit(estimate, row)} (no range can be given)"


def _in_unit(number: float, row: Body) -> str:
    return figure(number, row["indicator"]["unit"], row["indicator"]["decimals"])


def benchmark(row: Body) -> str:
    """`England: 2.29%`; empty where there is nothing to compare with."""
    found = row.get("comparison", {}).get("benchmark", {})
    return f"{found['scope']}: {_in_unit(found['value'], row)}" if "value" in found else ""


def comparison(row: Body) -> Tag:
    """The one label of a row: its band, why it cannot be judged, or why it is not shown.

    Where the API's own sentence begins with the label, the sentence is the label, and what follows its colon the note.
    """
    label = _label(row)
    said = summary(row)
    if not said.startswith(OWN_WORDS.get(label.text, label.text)):
        return label
    if label.colour == "grey" and label.text not in BANDS.values():
        return Tag(said, label.colour)
    head, _, rest = said.partition(": ")
    return Tag(head, label.colour, f"{rest[:1].upper()}{rest[1:]}." if rest else label.note)


def summary(row: Body) -> str:
    """The API's sentence about the result, if it has one."""
    return str(row.get("words", {}).get("summary", ""))


def sentence(row: Body) -> str:
    """What the label has not said yet: the API's sentence, or why there is no figure or no comparison."""
    if row["status"] != "published":
        return str(row["absence"]["explanation"])
    said, tag = summary(row), comparison(row)
    if said and not said.startswith(tag.text):
        return said
    return str(row.get("comparison", {}).get("explanation", ""))


def own_words(row: Body) -> str:
    """The API's sentence about a figure, where the label does not say it already; nothing of our own in its place."""
    said, tag = summary(row), comparison(row)
    return "" if said.removesuffix(".") == tag.text or said.startswith(f"{tag.text}: ") else said


def _label(row: Body) -> Tag:
    if row["status"] != "published":
        return Tag(ABSENT[row["absence"]["reason"]], "grey")
    found = row.get("comparison", {"status": "none"})
    if found["status"] == "none":
        return Tag("Not compared", "grey")
    if found["status"] == "not_rated":
        return Tag(NOT_RATED[found["reason"]], "grey")
    if "band" not in found:  # a publisher's own verdict, in the publisher's own words
        return Tag(summary(row) or "Not compared", "grey")
    band = found["band"]
    further = band == "as_expected" and found["position"] in FURTHER_OUT
    return Tag(BANDS[band] + FURTHER if further else BANDS[band], COLOURS[band], NOTES.get(band, ""))


def verdict(row: Body) -> str:
    """The API's sentence about a published row, where it is not the very word that the row says."""
    said = summary(row)
    return said if row["status"] == "published" and said != row["value"].get("word") else ""


def ascertained(row: Body) -> str:
    """`97% of the cases expected were sent`; empty where nobody says how many there should be."""
    share = row.get("quality", {}).get("case_ascertainment")
    if share is None:
        return ""
    whole = int(share * 100 + 0.5)
    told = (
        "More than 99%" if whole == 100 and share < 1 else "Less than 1%" if whole == 0 and share > 0 else f"{whole}%"
    )
    return f"{told} of the cases expected were sent"


def reported(row: Body, succession: Iterable[Body] = ()) -> str:
    """`Published about A, which became B on 1 April 2012.`, of a figure that is found under a successor. `succession`:
    of either of the two, where the page has it: it knows the day."""
    subject = row["subject"]
    before = subject.get("reported_as")
    if before is None:
        return ""
    ends = {before["id"], subject["id"]}
    found = next((one for one in succession if one["id"] in ends and "since" in one), {})
    return f"Published about {before['name']}, which became {subject['name']}{since(found)}."


def noun(kind: str) -> str:
    """A provider of this kind in the middle of a sentence."""
    return NOUNS.get(kind, "organisation")


def place(provider: Body) -> str:
    """`Trust, Newport, South East`: what it is and where."""
    where = [provider.get("town", ""), provider["region"] if provider["region"] != NOT_STATED else ""]
    return ", ".join(one for one in (KINDS[provider["kind"]], *where) if one)


def since(one: Body) -> str:
    """` on 1 April 2012`, of a succession whose day is known; empty of any other."""
    return f" on {day(one['since'])}" if "since" in one else ""


NO_REPLY: Final = "No reply by "


@dataclass(frozen=True)
class Said:
    """What a subject says about a result, or about all of theirs: `who` and `when` above their own text; where nothing
    came in time, only that."""

    who: str
    text: str = ""


def said(reply: Body) -> Said | None:
    """`By the consultant, 12 October 2026` and the text; `No reply by 12 October 2026`; None where nobody was asked."""
    if reply["status"] == "not_received":
        return Said(NO_REPLY + day(reply["invited_until"]))
    if reply["status"] == "given":
        return Said(f"By the {reply['author']}, {day(reply['received'])}", str(reply["text"]))
    return None


def day(text: str | date) -> str:
    """`30 September 2026`, from an ISO date or the date part of a time."""
    found = text if isinstance(text, date) else date.fromisoformat(text[:10])
    return f"{found.day} {found:%B %Y}"


def period(body: Body) -> str:
    """`1 April 2023 to 31 March 2026`: both days included."""
    return f"{day(body['start'])} to {day(body['end'])}"


def span(period_id: str) -> str:
    """`April 2023 to March 2026` for the period `2023-04_2026-03`, `June 2024` for one month; any other id as it is."""
    found = re.fullmatch(r"(\d{4}-(?:0[1-9]|1[0-2]))_(\d{4}-(?:0[1-9]|1[0-2]))", period_id)
    if found is None:
        return period_id
    first, last = (date.fromisoformat(f"{month}-01") for month in found.groups())
    return f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def between_places(interval: Body) -> str:
    """`Somewhere between 9th and 94th of 147, the lowest first`: never one place."""
    lower, upper = ordinal(interval["lower"]), ordinal(interval["upper"])
    return f"Somewhere between {lower} and {upper} of {interval['of']:,}, the lowest first"


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`, `22nd`."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"
