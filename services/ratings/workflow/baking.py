"""Bakes views into folders and flips pointers. A view is whole on disk before anybody can be told of it."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import polars as pl

from services.ratings.assembly.schema import FRAMES, as_declared, completed
from services.ratings.models import PointerRow, ReleaseRow
from services.ratings.problems import BakedMeanwhile
from services.ratings.store.answers import Said, beside, said
from services.ratings.store.store import LiveViews, Transaction
from services.ratings.view.baking import Baked, IndicatorPeriod, Ingredients, Permitted, Secrets, bake
from services.ratings.view.built import Built
from services.ratings.view.hiding import Memory
from services.ratings.workflow.made_with import made_with
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions, Purpose
from shared.contracts.views import VIEW_SCHEMA, ViewFile, ViewManifest
from shared.kit.files import sha256_of

ROWS: Final = "rows.parquet"


@dataclass(frozen=True)
class Prepared:
    """A view on disk that no pointer names yet, and what must be remembered when one does. `former` is the manifest of
    its view that was live when this one was baked, `knows` the live views of all releases then. `shown` is who has a
    row: what is remembered of a view must not need its folder. `said`: what stands beside its figures."""

    release: str
    view: int
    manifest_sha256: str
    former: str | None
    knows: LiveViews
    said: Said
    shown: list[list[str]]
    permissions: Permissions
    permissions_digest: str
    memory: Mapping[IndicatorPeriod, Memory]

    def flip(self, tx: Transaction) -> None:
        """Make this the live view, in the caller's transaction. Raises BakedMeanwhile where another view of any release
        went live, or away, since this one was baked: who may be hidden behind whom depends on all of them; and where a
        text or a flag that stands beside its figures has changed since, for every view of a release has the same."""
        if tx.live_views() != self.knows or said(tx, self.release) != self.said:
            raise BakedMeanwhile(self.release)
        tx.remember(self.release, self.memory)
        row = tx.pointer(self.release)
        if row is not None:
            tx.drop(row)
        tx.add(
            PointerRow(
                release=self.release, view=self.view, consent_store=self.permissions.store_id,
                consent_revision=self.permissions.revision, permissions=self.permissions_digest,
                manifest_sha256=self.manifest_sha256, baked=datetime.now(UTC), shown=self.shown,
            )
        )  # fmt: skip


def ingredients_of(office: Office, tx: Transaction, row: ReleaseRow, permitted: Permitted) -> Ingredients:
    """What a view of a finished release is baked from at this moment, when exactly these people may be named."""
    others = {other.id: live for other, live in tx.readable() if other.id != row.id}
    built = built_of(office, row)
    return Ingredients(
        built,
        office.catalogue,
        permitted,
        tx.memory(row.id),
        Secrets(row.salt, tx.partner_order()),
        _registers_of(row),
        _shown_in(office, others),
        beside(tx, row, built.results),
    )


def prepare_view(office: Office, release: str, permissions: Permissions, published: datetime) -> Prepared:
    """Bake the next view of a release under these permissions and write it down. Call with `office.baking()` held."""
    with office.store.reading() as tx:
        row, pointer = tx.release(release), tx.pointer(release)
        assert row.results_digest is not None  # only a finished build can be approved
        permitted = permitted_for(office, row.indicators, permissions)
        given = ingredients_of(office, tx, row, permitted)
        current = tx.published()
        knows, heard = tx.live_views(), said(tx, release)
    baked = bake(given)
    with_what = row.made_with or made_with(office.catalogue, [])  # what made the results, not what bakes them now
    manifest = ViewManifest(
        view_schema=VIEW_SCHEMA, release=row.id, view=pointer.view + 1 if pointer else 1,
        consent_store=permissions.store_id, consent_revision=permissions.revision, published=published,
        supersedes=current.id if current and row.published is None else row.supersedes,
        synthetic=any(office.catalogue[one].definition.status == "synthetic" for one in row.indicators),
        method_version=with_what["method_version"], inputs=sorted(one["digest"] for one in row.inputs),
        results_digest=row.results_digest, code=with_what["code"], files=_files(baked),
    )  # fmt: skip
    written = manifest.model_dump_json(indent=1).encode()
    kept = office.views.write(release, {name: part.data for name, part in baked.parts.items()}, written)
    return Prepared(
        release=release, view=manifest.view, manifest_sha256=kept,
        former=pointer.manifest_sha256 if pointer else None, knows=knows, said=heard,
        shown=shown_in_rows(pl.read_parquet(baked.parts[ROWS].data)), permissions=permissions,
        permissions_digest=digest_of(permitted), memory=baked.memory,
    )  # fmt: skip


def permitted_for(office: Office, indicators: list[str], permissions: Permissions) -> Permitted:
    """Who may be named, for the programmes of these indicators only."""
    wanted = {office.catalogue[one].definition.programme for one in indicators}
    return {
        listed.programme: {one.subject: one for one in listed.named}
        for listed in permissions.programmes
        if listed.programme in wanted and listed.purpose is Purpose.OWN_FIGURES
    }


def digest_of(permitted: Permitted) -> str:
    """Equal where the same people may be named, under the same keys and bases."""
    digest = hashlib.sha256()
    for programme in sorted(permitted):
        for gmc, named in sorted(permitted[programme].items()):
            digest.update(f"{programme}\0{gmc}\0{named.key}\0{named.basis.value}\n".encode())
    return digest.hexdigest()


def _shown_in(office: Office, pointers: Mapping[str, PointerRow]) -> dict[IndicatorPeriod, frozenset[str]]:
    """The people of each indicator and period who have a row in any of these live views."""
    found: dict[IndicatorPeriod, set[str]] = defaultdict(set)
    for release, pointer in pointers.items():
        shown = pointer.shown
        if shown is None:  # baked before this was kept with the pointer: then its folder bears its number
            shown = shown_in_rows(pl.read_parquet(office.views.path(release, str(pointer.view)) / ROWS))
        for indicator, period, person in shown:
            found[indicator, period].add(person)
    return {key: frozenset(people) for key, people in found.items()}


def shown_in_rows(rows: pl.DataFrame) -> list[list[str]]:
    """Indicator, period and consultant of every row that is a consultant's."""
    people = rows.filter(pl.col("level") == "consultant").select("indicator_id", "period_id", "consultant_id")
    return [list(one) for one in people.unique().sort(pl.all()).iter_rows()]


def built_of(office: Office, row: ReleaseRow) -> Built:
    """The frames of a release; what the version that built it did not compute yet is empty."""
    return Built(
        **{
            name: completed(office.frames.load(row.parts[name]), name) if name in row.parts else as_declared([], name)
            for name in FRAMES
        }
    )


def _registers_of(row: ReleaseRow) -> date:
    """The day on which the newest of the release's snapshots was frozen."""
    return max(datetime.fromisoformat(one["created"]) for one in row.inputs).date()


def _files(baked: Baked) -> list[ViewFile]:
    return [
        ViewFile(name=name, sha256=sha256_of(part.data), bytes=len(part.data), rows=part.rows)
        for name, part in sorted(baked.parts.items())
    ]
