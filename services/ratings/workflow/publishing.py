"""Publication: the permissions of this moment, a view on disk, and one transaction that makes all of it true."""

from datetime import UTC, datetime

from services.ratings.domain.life_cycle import REINSTATED, check_step
from services.ratings.models import ReleaseRow
from services.ratings.store.store import Transaction
from services.ratings.workflow.baking import prepare_view
from services.ratings.workflow.office import Office
from services.ratings.workflow.releases import described, standing
from shared.contracts.releases import ReadableView, ReadableViews, Release, ReleaseStatus


def publish(office: Office, release: str, person: str) -> Release:
    """Durable and visible to gateways when it returns; the release published before stays readable, as superseded.

    Raises NotFound, StepNotAllowed, SamePerson, BakedMeanwhile, and PeerUnreachable where consent does not answer: then
    nothing has changed.
    """
    with office.baking():
        with office.store.reading() as tx:
            check_step(standing(tx.release(release)), "publication", person)
        now = datetime.now(UTC)
        prepared = prepare_view(office, release, office.peers.permissions(), now)
        with office.store.transaction() as tx:
            row = tx.release(release)
            check_step(standing(row), "publication", person)
            _supersede(tx, row, person)
            row.status, row.publisher, row.published = ReleaseStatus.PUBLISHED.value, person, now
            prepared.flip(tx)
            tx.add(row)
            tx.record(
                person, "release.publication", release, view=prepared.view,
                consent_revision=prepared.permissions.revision,
            )  # fmt: skip
            return described(tx, row)


def _supersede(tx: Transaction, row: ReleaseRow, person: str) -> None:
    former = tx.published()
    if former is not None:
        former.status = ReleaseStatus.SUPERSEDED.value
        row.supersedes = former.id
        tx.add(former)
        tx.record(person, "release.superseded", former.id, by=row.id)


def take_down(office: Office, release: str, person: str, reason: str) -> Release:
    """From now on nobody is told of its view: gateways that hear of it answer 410. Where it was the current one, the
    readable release that was published last before it is current again.

    Raises NotFound, StepNotAllowed.
    """
    with office.baking():
        with office.store.transaction() as tx:
            row = tx.release(release)
            check_step(standing(row), "takedown", person)
            was_current, pointer = row.status == ReleaseStatus.PUBLISHED.value, tx.pointer(release)
            row.status = ReleaseStatus.TAKEN_DOWN.value
            tx.add(row)
            if pointer is not None:
                tx.drop(pointer)
            tx.record(person, "release.takedown", release, reason=reason, view=pointer.view if pointer else None)
            if was_current:
                _reinstate(tx, person, release)
            taken_down = described(tx, row)
        if pointer is not None:
            office.views.remove(release, pointer.manifest_sha256)
    return taken_down


def _reinstate(tx: Transaction, person: str, instead_of: str) -> None:
    superseded, published = REINSTATED
    for row, _ in tx.readable():
        if row.status == superseded.value:
            row.status = published.value
            tx.add(row)
            tx.record(person, "release.reinstated", row.id, instead_of=instead_of)
            return


def readable_views(office: Office) -> ReadableViews:
    """The index that gateways follow: flipped pointers only."""
    with office.store.reading() as tx:
        return ReadableViews(
            views=[
                ReadableView(
                    release=row.id, view=pointer.view,
                    status="published" if row.status == ReleaseStatus.PUBLISHED.value else "superseded",
                    consent_revision=pointer.consent_revision, manifest_sha256=pointer.manifest_sha256,
                )
                for row, pointer in tx.readable()
            ]
        )  # fmt: skip


def view_file(office: Office, release: str, view: int, name: str) -> bytes | None:
    """A file of a live view; None for any other view or name."""
    with office.store.reading() as tx:
        pointer = tx.pointer(release)
    if pointer is None or pointer.view != view:
        return None
    folder = office.views.path(release, pointer.manifest_sha256)
    try:
        listed = {path.name for path in folder.iterdir()}
        return (folder / name).read_bytes() if name in listed else None
    except FileNotFoundError:  # a newer view went live since the pointer was read
        return None
