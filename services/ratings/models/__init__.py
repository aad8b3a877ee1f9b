"""The tables of ratings. Private to this service; what crosses a boundary is built from them as a contract."""

from services.ratings.models.base import RatingsTable
from services.ratings.models.before import AnswerRow, CalendarRow, GateAnswerRow, QueryRow, SeenRow, SignOffRow
from services.ratings.models.memory import (
    BakesRow,
    HiddenSinceRow,
    HiddenUnitRow,
    KeyringRow,
    NamedRow,
    SecretSinceRow,
    TotalShownRow,
)
from services.ratings.models.outliers import CaseRow, CaseStepRow
from services.ratings.models.people import SessionRow
from services.ratings.models.releases import AuditRow, PointerRow, ReleaseRow, ReplayRow

METADATA = RatingsTable.metadata
BAKES, HIDDEN_SINCE, SECRET_SINCE, TOTAL_SHOWN, NAMED = (
    METADATA.tables[name] for name in ("bakes", "hidden_since", "secret_since", "total_shown", "named")
)

__all__ = [
    "BAKES",
    "HIDDEN_SINCE",
    "METADATA",
    "NAMED",
    "SECRET_SINCE",
    "TOTAL_SHOWN",
    "AnswerRow",
    "AuditRow",
    "BakesRow",
    "CalendarRow",
    "CaseRow",
    "CaseStepRow",
    "GateAnswerRow",
    "HiddenSinceRow",
    "HiddenUnitRow",
    "KeyringRow",
    "NamedRow",
    "PointerRow",
    "QueryRow",
    "RatingsTable",
    "ReleaseRow",
    "ReplayRow",
    "SecretSinceRow",
    "SeenRow",
    "SessionRow",
    "SignOffRow",
    "TotalShownRow",
]
