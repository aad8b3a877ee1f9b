"""The ledger as its checker reads it: page by page, and the whole chain by code that did not write it."""

from dataclasses import dataclass
from typing import Final

from services.consent.ledger import Entry
from services.consent.store import LedgerEnd
from services.consent.verify_ledger import Finding, verify
from services.consent.workflow.office import Office
from shared.contracts.consent import AuditEntry, AuditPage

PAGE: Final = 100


@dataclass(frozen=True)
class Leaf:
    """Entries in order, and after which revision the page before and the next one begin; None where there is none."""

    entries: list[Entry]
    end: LedgerEnd
    earlier: int | None
    later: int | None


@dataclass(frozen=True)
class Checked:
    sound: bool
    sentence: str


def page(office: Office, after: int | None) -> Leaf:
    """The events after a revision, or the newest."""
    with office.reading() as tx:
        end = tx.end()
        begin = max(0, end.revision - PAGE) if after is None else min(after, end.revision)
        entries = tx.entries(begin, begin + PAGE)
    later = begin + PAGE if begin + PAGE < end.revision else None
    return Leaf(entries, end, max(0, begin - PAGE) if begin else None, later)


def page_of(office: Office, after: int) -> AuditPage:
    """The same as it leaves the service, every column of every event."""
    found = page(office, after)
    entries = [AuditEntry.model_validate(vars(one) | {"purpose": str(one.purpose)}) for one in found.entries]
    head = f"sha256:{found.end.ledger_head}"
    return AuditPage(store_id=found.end.store_id, revision=found.end.revision, ledger_head=head, entries=entries)


def checked(office: Office) -> Checked:
    """Reads everything there is, beside the service's own connections. A journal that is a moment behind is looked at
    again."""
    url = office.store.database.engine.url.render_as_string(hide_password=False)
    finding = verify(url, office.keeper.journal.file.parent)
    if finding.behind:
        finding = verify(url, office.keeper.journal.file.parent)
    return Checked(finding.sound, _said(finding))


def _said(finding: Finding) -> str:
    if finding.sound:
        return f"The ledger holds: {finding.entries:,} entries, each checked, and the journal has the same."
    return f"The ledger is broken at revision {finding.broken}: {finding.why}."
