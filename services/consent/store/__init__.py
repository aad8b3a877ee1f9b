"""The consent store: every query is in this package."""

from services.consent.store.opening import Store
from services.consent.store.reading import Consultant, LedgerEnd, Reading, Wanted
from services.consent.store.writing import Writing

__all__ = ["Consultant", "LedgerEnd", "Reading", "Store", "Wanted", "Writing"]
