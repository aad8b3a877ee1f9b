"""Writing down what people of the office did."""

from datetime import datetime

from services.consent.store import Writing, trails
from services.consent.store.trails import Trace
from services.consent.workflow.office import stamp


def keep_trail(tx: Writing, at: datetime, trace: Trace) -> None:
    """In the transaction of what was done."""
    trails.add(tx.session, stamp(at), trace)
