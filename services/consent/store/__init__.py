"""The consent store: every query is in this package."""

from services.consent.store.alike import Alike
from services.consent.store.enrolling import Newcomer
from services.consent.store.heads import Told
from services.consent.store.holding import TableBallast
from services.consent.store.opening import Store
from services.consent.store.people import Enrolled, Person, Wanted
from services.consent.store.processes import Process
from services.consent.store.reading import LedgerEnd, Reading
from services.consent.store.rows import number_of
from services.consent.store.writing import Writing

__all__ = [
    "Alike",
    "Enrolled",
    "LedgerEnd",
    "Newcomer",
    "Person",
    "Process",
    "Reading",
    "Store",
    "TableBallast",
    "Told",
    "Wanted",
    "Writing",
    "number_of",
]
