"""The tables of ratings. Private to this service; what crosses a boundary is built from them as a contract."""

from services.ratings.models.base import RatingsTable
from services.ratings.models.before import AnswerRow, CalendarRow, GateAnswerRow, QueryRow, SeenRow, SignOffRow
from services.ratings.models.memory import (
    BakesRow,
    HiddenSinceRow,
    HiddenUnitRow,
    KeyringRow,
    SecretSinceRow,
    TotalShownRow,
)
from services.ratings.models.outliers import CaseRow, CaseStepRow
from services.ratings.models.people import SessionRow
from services.ratings.models.releases import AuditRow, PointerRow, ReleaseRow, ReplayRow

METADATA = RatingsTable.metadata
HIDDEN_UNIT, BAKES, HIDDEN_SINCE, SECRET_SINCE, TOTAL_SHOWN = (
    METADATA.tables[name] for name in ("hidden_unit", "bakes", "hidden_since", "secret_since", "total_shown")
)

__all__ = [
    "BAKES",
    "HIDDEN_SINCE",
    "HIDDEN_UNIT",
    "METADATA",
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
