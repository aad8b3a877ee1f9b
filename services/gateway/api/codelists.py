"""Every code that an answer may hold, with its plain meaning. OpenAPI enums and refusals come from the same objects."""

from collections.abc import Mapping
from typing import Final

from services.gateway.api.problempages import problem_entries
from shared.contracts.public.reasons import ABSENCE_REASONS, NOT_RATED_REASONS, CodeList, Entry

STATUS: Final = CodeList("status", "What a row is", "closed", (
    Entry("published", "Published", "The figure is given, with its interval.", sdmx="A"),
    Entry("suppressed", "Suppressed", "Too few cases to publish without pointing at patients.", "[c]", "Q"),
    Entry("not_published", "Not published", "This result is not published. That says nothing about the quality of "
          "care or about any choice.", "[c]", "Q"),
    Entry("not_available", "Not available", "There is no figure to publish; the reason says why.", "[x]", "M"),
))  # fmt: skip
POSITIONS: Final = CodeList("positions", "Where a figure lies in the funnel", "closed", (
    Entry("within", "Within the limits", "Inside the 95% warning limits."),
    Entry("above_warning", "Above the warning limit", "Above the 95% limit, inside the 99.8% limit."),
    Entry("above_control", "Above the control limit", "Above the outermost limit drawn."),
    Entry("below_warning", "Below the warning limit", "Below the 95% limit, inside the 99.8% limit."),
    Entry("below_control", "Below the control limit", "Below the outermost limit drawn."),
))  # fmt: skip
BANDS: Final = CodeList("bands", "What the position means under the indicator's polarity", "open", (
    Entry("as_expected", "As expected", "No different from what is expected for these patients."),
    Entry("better_than_expected", "Better than expected", "Beyond the limits on the welcome side."),
    Entry("worse_than_expected", "Worse than expected", "Beyond the limits on the unwelcome side. A signal to "
          "investigate, not a finding about the care."),
    Entry("depends_on_method", "Depends on method", "Beyond the control limits by the method of this indicator, but "
          "inside them by more than a fifth of the methods that are as defensible. See `robustness`."),
    Entry("higher_than_expected", "Higher than expected", "Beyond the upper limits, where neither side is welcome."),
    Entry("lower_than_expected", "Lower than expected", "Beyond the lower limits, where neither side is welcome."),
))  # fmt: skip
POLARITY: Final = CodeList("polarity", "Which way is welcome", "closed", (
    Entry("lower_is_better", "Lower is better", "A lower figure is welcome."),
    Entry("higher_is_better", "Higher is better", "A higher figure is welcome."),
    Entry("neutral", "Neutral", "Neither direction is welcome as such."),
))  # fmt: skip
UNITS: Final = CodeList("units", "What figures are counted in", "open", (
    Entry("percent", "Percent", "Events for each hundred cases."),
    Entry("ratio", "Ratio", "Observed divided by expected; 1 is as expected."),
    Entry("per_100000", "Per 100,000", "Events for each hundred thousand people."),
    Entry("count", "Count", "A number of events."),
    Entry("days", "Days", "A number of days."),
    Entry("points", "Points", "Points of the publisher's own scale."),
    Entry("word", "Word", "A word of the publisher's own list, and no number."),
))  # fmt: skip
KINDS: Final = CodeList("kinds", "Kinds of provider", "open", (
    Entry("hospital", "Hospital", "One hospital."), Entry("trust", "Trust", "An NHS trust, with all its hospitals."),
    Entry("gp-practice", "GP practice", "A general practice."),
    Entry("pcn", "Primary care network", "A group of practices."),
    Entry("area", "Commissioning area", "An area whose care is commissioned together."),
    Entry("social-care", "Social care", "A provider of social care."),
    Entry("mental-health", "Mental health", "A provider of mental health care."),
    Entry("region", "Region", "A region."), Entry("country", "Country", "A country."),
    Entry("other", "Other", "An organisation of another kind, or of none that its source says."),
))  # fmt: skip
LEVELS: Final = CodeList("levels", "Whom a figure is about", "open", (
    Entry("provider", "Provider", "An organisation."), Entry("consultant", "Consultant", "One named consultant."),
))  # fmt: skip
PARTITIONS: Final = CodeList("partitions", "Whether a withdrawal of consent could hide a row", "closed", (
    Entry("fixed", "Fixed", "No decision of any person could ever hide this row."),
    Entry("revocable", "Revocable", "A person's decision could hide this row, in every release."),
))  # fmt: skip
INTERVAL_METHODS: Final = CodeList("interval-methods", "How intervals are computed", "open", (
    Entry("byar", "Byar", "Byar's approximation to Poisson limits."),
    Entry("exact_poisson", "Exact Poisson", "Exact limits for a count of events (Garwood)."),
    Entry("exact", "Exact", "Exact limits."),
    Entry("exact_below_10_then_byar", "Exact below 10, then Byar", "Exact under ten events, Byar's approximation "
          "from ten."),
    Entry("exact_binomial", "Exact binomial", "Exact limits for a proportion (Clopper and Pearson)."),
    Entry("wilson", "Wilson", "Wilson's limits for a proportion."),
    Entry("poisson_binomial", "Poisson binomial", "Limits from the predicted risks of the same cases."),
    Entry("published", "As published", "The publisher's own limits."),
    Entry("as_published", "As published", "The publisher's own interval, shown as it is."),
    Entry("none", "None", "No interval is given."),
))  # fmt: skip
LIMIT_METHODS: Final = CodeList("limit-methods", "How funnel limits are computed", "open", (
    Entry("exact_poisson", "Exact Poisson", "Limits for chance alone, from the Poisson distribution."),
    Entry("exact", "Exact", "Limits for chance alone, from the exact distribution."),
    Entry("interval_byar", "Interval", "The figure's own interval (Byar) against the benchmark."),
    Entry("interval_exact", "Interval", "The figure's own exact interval against the benchmark."),
    Entry("interval_exact_below_10_then_byar", "Interval", "The figure's own interval, exact under ten events and "
          "Byar's from ten, against the benchmark."),
    Entry("overdispersed", "Overdispersed", "Limits widened for the variation between providers that the model does "
          "not explain."),
    Entry("published", "As published", "The publisher's own rule."),
    Entry("none", "None", "No limits: nothing is compared."),
))  # fmt: skip
LEGAL_BASES: Final = CodeList("legal-bases", "By what right a figure is published", "closed", (
    Entry("consent", "Consent", "The person agreed: https://w3id.org/dpv/legal/eu/gdpr#A6-1-a"),
    Entry("public_task", "Public task", "A task in the public interest: https://w3id.org/dpv/legal/eu/gdpr#A6-1-e"),
    Entry("not_applicable", "Not applicable", "Published by somebody else before; reproduced from what is open."),
    Entry("legal_obligation", "Legal obligation", "A duty in law: https://w3id.org/dpv/legal/eu/gdpr#A6-1-c"),
))  # fmt: skip
QUALITY_FLAGS: Final = CodeList("quality-flags", "What to know of the data behind a figure", "open", (
    Entry("disputed", "Disputed", "The subject disputes the data, and asked for this flag."),
    Entry("synthetic", "Synthetic", "Made for demonstration; about nobody."),
    Entry("dispersion_not_estimated", "Spread not estimated", "Too few providers to estimate how much they differ, so "
          "there is no reliability."),
    Entry("missing_case_mix", "Case mix incomplete", "Case mix is missing for some of the cases."),
))  # fmt: skip
CHANGE_KINDS: Final = CodeList("change-kinds", "What can happen to what is published", "open", (
    Entry("release.published", "Release published", "A release can be read from now on."),
    Entry("release.superseded", "Release superseded", "A newer release stands in its place; it can still be read."),
    Entry("release.reinstated", "Release current again", "The release in its place was taken down."),
    Entry("release.corrected", "Release corrected", "A newer release sets something right in it, and says what."),
    Entry("release.taken_down", "Release taken down", "It cannot be read any more. Please delete your copies."),
    Entry("rows.not_published", "Rows not published", "These rows are not published any more. Please delete them."),
    Entry("rows.published", "Rows published again", "These rows, once named as not published, can be read again."),
))  # fmt: skip
EMPTY_REASONS: Final = CodeList("empty-reasons", "Why a list is empty", "open", (
    Entry("not_at_this_level", "Not at this level", "None of these indicators is given at this level."),
    Entry("not_in_this_period", "Not in this period", "None of these indicators is given for this period."),
    Entry("nothing_matches", "Nothing matches", "The question is well formed; nothing published matches it."),
))  # fmt: skip
PROBLEMS: Final = CodeList("problems", "Every error", "open", tuple(
    Entry(one.code, one.title, one.what_to_do) for one in problem_entries()
))  # fmt: skip

CODELISTS: Final[Mapping[str, CodeList]] = {
    found.name: found
    for found in (
        STATUS, ABSENCE_REASONS, NOT_RATED_REASONS, POSITIONS, BANDS, POLARITY, UNITS, KINDS, LEVELS, PARTITIONS,
        INTERVAL_METHODS, LIMIT_METHODS, LEGAL_BASES, QUALITY_FLAGS, CHANGE_KINDS, EMPTY_REASONS, PROBLEMS,
    )
}  # fmt: skip
