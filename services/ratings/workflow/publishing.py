"""Publication: the permissions of this moment, a view on disk, and one transaction that makes all of it true."""

from datetime import datetime, timedelta

from services.ratings.domain.life_cycle import REINSTATED, check_step
from services.ratings.models import ReleaseRow
from services.ratings.problems import StepNotAllowed
from services.ratings.store.remembering import ever_published
from services.ratings.store.store import Transaction
from services.ratings.workflow.baking import Prepared, prepare_view
from services.ratings.workflow.calendar import check_day
from services.ratings.workflow.checking import gate_of
from services.ratings.workflow.gate import check_signed
from services.ratings.workflow.measuring import look
from services.ratings.workflow.office import Office
from services.ratings.workflow.releases import described, standing
from shared.contracts.releases import ReadableView, ReadableViews, Release, ReleaseStatus


def publish(office: Office, release: str, person: str) -> Release:
    """Durable and visible to gateways when it returns; the release published before stays readable, as superseded.

    Raises NotFound, StepNotAllowed, SamePerson, NotAnnounced, BeforeItsDay, GateNotAnswered, NotSigned, BakedMeanwhile,
    and PeerUnreachable where consent does not answer: then nothing has changed. A decision of consent that was taken
    since it was signed is simply in the view: what was signed are the results.
    """
    with office.baking():
        with office.store.reading() as tx:
            _check_publishable(office, tx, release, person)
            now = _moment(office, tx)
        permissions = office.peers.permissions()
        looked = look(office, release, permissions, decide=False)
        with office.store.reading() as tx:
            check_signed(gate_of(office, tx, tx.release(release), looked), "publisher", person)
        prepared = prepare_view(office, release, permissions, now)
        _refuse_exposed(prepared)
        with office.store.transaction() as tx:
            row = _check_publishable(office, tx, release, person)
            check_signed(gate_of(office, tx, row, looked), "publisher", person)
            _supersede(tx, row, person)
            row.status, row.publisher, row.published = ReleaseStatus.PUBLISHED.value, person, now
            prepared.flip(tx)
            tx.add(row)
            tx.record(
                person, "release.publication", release, view=prepared.view,
                consent_revision=prepared.permissions.revision,
            )  # fmt: skip
            told = described(tx, row)
        prepared.forget_former(office)
        return told


def _check_publishable(office: Office, tx: Transaction, release: str, person: str) -> ReleaseRow:
    row = tx.release(release)
    check_step(standing(row), "publication", person)
    check_day(office, tx, row)
    return row


def _moment(office: Office, tx: Transaction) -> datetime:
    """Now, and later than every publication before, also where the clock was set back: which release is current again
    after another was taken down, and what totals may be told of which, follow from the order of publication."""
    now, former = office.clock(), ever_published(tx)
    last = former[-1].published if former else None
    return now if last is None else max(now, last + timedelta.resolution)


def _refuse_exposed(prepared: Prepared) -> None:
    """Raises StepNotAllowed where somebody who may not be shown could be worked out, whatever is hidden."""
    if exposed := sorted({indicator for indicator, _ in prepared.exposed}):
        raise StepNotAllowed(
            f"In {', '.join(exposed)} too few people are measured to cover those who may not be shown: build the "
            "release without it."
        )


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
