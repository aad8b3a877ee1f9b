"""Codes with their plain meaning, and the two lists whose meanings stand in the body of a row."""

from dataclasses import dataclass
from typing import Any, Final, Literal

SINCE: Final = "v1"


@dataclass(frozen=True)
class Entry:
    """`mark` stands in a table's empty cell; `sdmx` is the SDMX observation status."""

    code: str
    label: str
    meaning: str
    mark: str | None = None
    sdmx: str | None = None
    masks: str | None = None

    def body(self) -> dict[str, Any]:
        found = {"code": self.code, "label": self.label, "meaning": self.meaning, "mark": self.mark,
                 "sdmx": self.sdmx, "data_absent_reason": self.masks, "since": SINCE}  # fmt: skip
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True)
class CodeList:
    name: str
    label: str
    kind: Literal["open", "closed"]
    entries: tuple[Entry, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(entry.code for entry in self.entries)

    def entry(self, code: str) -> Entry | None:
        return next((entry for entry in self.entries if entry.code == code), None)

    def body(self) -> dict[str, Any]:
        codes = [one.body() for one in self.entries]
        links = {"self": f"/v1/codelists/{self.name}"}
        return {"name": self.name, "label": self.label, "kind": self.kind, "codes": codes, "links": links}


ABSENCE_REASONS: Final = CodeList("absence-reasons", "Why a row has no figure", "open", (
    Entry("small_numbers", "Small numbers", "Too few cases to publish without pointing at patients.", "[c]", "Q",
          "masked"),
    Entry("not_published", "Not published", "This result is not published. That says nothing about the quality of "
          "care.", "[c]", "Q", "masked"),
    Entry("not_submitted", "Not submitted", "No data came for this period.", "[x]", "L", "unknown"),
    Entry("not_given", "Not given", "The publisher of these figures gives none here, and does not say why.", "[x]", "M",
          "unknown"),
    Entry("data_quality", "Data quality", "The data failed their checks.", "[x]", "M", "error"),
    Entry("model_not_estimable", "No honest figure", "No honest figure can be computed from these data.", "[u]", "M",
          "not-performed"),
    Entry("not_applicable", "Not applicable", "This is not done here.", "[z]", "M", "not-applicable"),
))  # fmt: skip
NOT_RATED_REASONS: Final = CodeList("not-rated-reasons", "Why a figure is not compared", "open", (
    Entry("too_few_cases", "Too few cases", "Too few cases to tell this result from chance."),
    Entry("reliability_below_floor", "Reliability too low", "Differences at this size are mostly chance."),
    Entry("case_ascertainment_low", "Cases missing", "Too many cases are missing from the data to compare fairly."),
    Entry("case_ascertainment_not_published", "Missing cases not published",
          "How many cases are missing from the data is not published for this hospital, so nobody there is compared. "
          "That says nothing about the quality of care."),
    Entry("methods_disagree", "Methods disagree", "Defensible methods place this result differently."),
    Entry("no_cases", "No cases", "There were no cases in this period."),
    Entry("no_expected", "Nothing expected", "The model expects no event here, so nothing can be compared."),
))  # fmt: skip
