"""What a withdrawal would hide, before it happens: counts of what the live views say already."""

from typing import Final

from services.ratings.models import ReleaseRow
from services.ratings.problems import BakedMeanwhile
from services.ratings.store.quarantined import Counted, counted
from services.ratings.store.remembering import person_of
from services.ratings.workflow.office import Office
from shared.contracts.impact import ChangedPages, Impact, ReleaseImpact
from shared.contracts.releases import ReleaseStatus

TRIES: Final = 3


def impact_of(office: Office, key: str) -> Impact:
    """Of all readable releases, under the key by which views know a person. Raises BakedMeanwhile where view after view
    went live while it counted."""
    gone = ""
    for _ in range(TRIES):
        with office.store.reading() as tx:
            readable, person = tx.readable(), person_of(tx, key)
        found = []
        for row, pointer in readable:
            try:
                view = office.views.path(row.id, pointer.manifest_sha256)
                found.append(_told(row, counted(view, key, person)))
            except FileNotFoundError:  # a newer view went live since the pointer was read
                gone = pointer.release
                break
        else:
            return Impact(rows=sum(one.rows for one in found), releases=found)
    raise BakedMeanwhile(gone)


def _told(row: ReleaseRow, of: Counted) -> ReleaseImpact:
    return ReleaseImpact(
        release=row.id, status="published" if row.status == ReleaseStatus.PUBLISHED.value else "superseded",
        rows=of.people + of.units, own=of.own, colleagues=of.people - of.own, units=of.units,
        pages=ChangedPages(consultants=of.consultant_pages, units=of.unit_pages, indicators=of.indicator_pages),
    )  # fmt: skip
