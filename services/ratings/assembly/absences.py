"""Why a published figure is absent: what its publisher says, in the words that the public has for it."""

from typing import Final

NOT_GIVEN: Final = "not_given"
DATA_QUALITY: Final = "data_quality"
NOT_APPLICABLE: Final = "not_applicable"

OF_PUBLISHERS: Final = {
    "suppressed": "small_numbers", "small_numbers": "small_numbers", "insufficient_records": "small_numbers",
    "withheld": "not_published",
    "not_collected": "not_submitted",
    "not_applicable": NOT_APPLICABLE, "no_procedures": NOT_APPLICABLE,
    "not_available": NOT_GIVEN, "not_known": NOT_GIVEN, "missing": NOT_GIVEN,
}  # fmt: skip
"""Every reason of ingest's closed list. Where a publisher gives none, no reason is made up: `not_given`."""

STATUS_OF: Final = {
    "small_numbers": "suppressed", "not_published": "not_published", "not_submitted": "not_available",
    NOT_APPLICABLE: "not_available", NOT_GIVEN: "not_available", DATA_QUALITY: "not_available",
}  # fmt: skip
