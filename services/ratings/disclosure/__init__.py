"""Disclosure control, pure: which rows and totals of an indicator and period are not shown, so that nobody who is
withheld can be worked out from what is. No file, clock, database or network; nothing of ratings but this package."""

from services.ratings.disclosure.deciding import Decision, Eligible, decide
from services.ratings.disclosure.fixed import fixed_units
from services.ratings.disclosure.memory import Memory
from services.ratings.disclosure.policy import MEASURES, Policy, Widths
from services.ratings.disclosure.quarantine import Quarantine, quarantines
from services.ratings.disclosure.reorganising import reorganised
from services.ratings.disclosure.safety import acceptable, interval, is_safe, unsafe
from services.ratings.disclosure.table import Cell, Table

__all__ = [
    "MEASURES",
    "Cell",
    "Decision",
    "Eligible",
    "Memory",
    "Policy",
    "Quarantine",
    "Table",
    "Widths",
    "acceptable",
    "decide",
    "fixed_units",
    "interval",
    "is_safe",
    "quarantines",
    "reorganised",
    "unsafe",
]
