"""Bakes views into folders and flips pointers. A view is whole on disk before anybody can be told of it, and all views
that depend on one decision go live together."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Final

import polars as pl

from services.ratings.models import PointerRow, ReleaseRow
from services.ratings.policy.loading import pinned_of
from services.ratings.problems import BakedMeanwhile
from services.ratings.store.answers import Said, beside, said
from services.ratings.store.remembering import keep_named, remember
from services.ratings.store.store import LiveViews, Transaction
from services.ratings.view.baking import Ingredients, Part, Permitted, bake
from services.ratings.view.beside import Beside
from services.ratings.view.fates import DISCLOSURE_RULE, EARLIER_RULE
from services.ratings.view.roster import IndicatorPeriod
from services.ratings.workflow.deciding import Decided, Situation, built_of, decide_all, situation_of, withdrawn_since
from services.ratings.workflow.made_with import made_with
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions, Purpose
from shared.contracts.views import VIEW_SCHEMA, Correction, ViewFile, ViewManifest
from shared.kit.files import sha256_of

MANIFEST: Final = "manifest.json"
ROWS: Final = "rows.parquet"
Parts = Mapping[str, Part]


@dataclass(frozen=True)
class PreparedView:
    """A view on disk that no pointer names yet. `former` is the manifest of its release's view that was live when this
    one was baked. `shown` is who has a row: what is remembered of a view must not need its folder. `said`: what
    subjects had said and reviewers accepted."""

    release: str
    view: int
    manifest_sha256: str
    former: str | None
    shown: list[list[str]]
    permissions_digest: str
    said: Said


@dataclass(frozen=True)
class Prepared:
    """Views on disk, and what must be remembered when they go live. `knows`: the live views of all releases when they
    were baked. `publishing`: the release of which nothing is live yet, if any."""

    views: tuple[PreparedView, ...]
    knows: LiveViews
    permissions: Permissions
    permitted: Permitted
    decided: Decided
    disclosure: str
    publishing: str | None = None

    @property
    def view(self) -> int | None:
        """The number of the view of the release that is being published."""
        return next((one.view for one in self.views if one.release == self.publishing), None)

    @property
    def exposed(self) -> list[IndicatorPeriod]:
        """Of the release that is being published, what must not be: somebody in it cannot be covered."""
        shown = self.decided.fates(self.publishing) if self.publishing else {}
        return [key for key in self.decided.exposed if key in shown]

    def flip(self, tx: Transaction) -> None:
        """Make all of them live, in the caller's transaction. Raises BakedMeanwhile where another view of any release
        went live, or away, since these were baked: who may be hidden behind whom depends on all of them; and where a
        text or a flag that stands beside their figures has changed since, for every view of a release has the same."""
        changed = [one.release for one in self.views if said(tx, one.release) != one.said]
        if tx.live_views() != self.knows or changed:
            raise BakedMeanwhile(", ".join(changed or [one.release for one in self.views]))
        remember(tx, self.decided.memory())
        keep_named(tx, self.permitted)
        for one in self.views:
            self._flip(tx, one)

    def _flip(self, tx: Transaction, one: PreparedView) -> None:
        row = tx.pointer(one.release)
        if row is not None:
            tx.drop(row)
        tx.add(
            PointerRow(
                release=one.release, view=one.view, consent_store=self.permissions.store_id,
                consent_revision=self.permissions.revision, permissions=one.permissions_digest,
                manifest_sha256=one.manifest_sha256, baked=datetime.now(UTC), shown=one.shown,
                disclosure=self.disclosure,
            )
        )  # fmt: skip
        if one.release != self.publishing:
            revision = self.permissions.revision
            tx.record("ratings", "release.baked", one.release, view=one.view, consent_revision=revision)

    def forget_former(self, office: Office) -> None:
        """Remove the views that these have replaced, once their transaction is durable."""
        for one in self.views:
            if one.former is not None:
                office.views.remove(one.release, one.former)


@dataclass(frozen=True, eq=False)
class _Read:
    """What one transaction says of everything that is or will be readable."""

    situation: Situation
    rows: Mapping[str, ReleaseRow]
    beside: Mapping[str, Beside]
    said: Mapping[str, Said]
    current: str | None
    knows: LiveViews


def prepare_view(office: Office, release: str, permissions: Permissions, published: datetime) -> Prepared:
    """Bake the first view of a release that is to be published, and every other view that changes with it. Call with
    `office.baking()` held. Raises PeerUnreachable, PeerRefused."""
    return _prepared(office, permissions, {release}, release, published)


def prepare_views(office: Office, due: Collection[str], permissions: Permissions) -> Prepared:
    """Bake the next views of these readable releases, and of every other whose rows, or what goes with whom, change
    with them; write them down. Call with `office.baking()` held. Raises PeerUnreachable, PeerRefused."""
    return _prepared(office, permissions, due)


def _prepared(
    office: Office, permissions: Permissions, due: Collection[str], publishing: str | None = None,
    published: datetime | None = None,
) -> Prepared:  # fmt: skip
    read = _read(office, publishing)
    indicators = sorted({one for row in read.rows.values() for one in row.indicators})
    permitted = permitted_for(office, indicators, permissions)
    withdrawn = withdrawn_since(office, read.situation, permissions)
    decided = decide_all(office, read.situation, permitted, withdrawn)
    views = []
    for release, row in read.rows.items():
        own = permitted_for(office, row.indicators, permissions)
        parts = bake(_ingredients(office, row, own, decided, read.beside[release]))
        pointer = read.situation.pointers.get(release)
        if release not in due and pointer is not None and _is_live(office, pointer, parts):
            continue
        manifest = _manifest(office, row, permissions, parts).model_copy(
            update={"view": pointer.view + 1 if pointer else 1, "published": row.published or published,
                    "supersedes": row.supersedes if row.published else read.current or row.supersedes}
        )  # fmt: skip
        views.append(
            PreparedView(
                release=release, view=manifest.view, manifest_sha256=_written(office, manifest, parts),
                former=pointer.manifest_sha256 if pointer else None,
                shown=shown_in_rows(pl.read_parquet(BytesIO(parts[ROWS].data))),
                permissions_digest=digest_of(own), said=read.said[release],
            )
        )  # fmt: skip
    digest = office.disclosure.digest(DISCLOSURE_RULE)
    return Prepared(tuple(views), read.knows, permissions, permitted, decided, digest, publishing)


def _read(office: Office, publishing: str | None) -> _Read:
    with office.store.reading() as tx:
        situation = situation_of(office, tx, [publishing] if publishing else [])
        rows = {release: tx.release(release) for release in situation.rosters}
        told = {release: beside(tx, row, office.frames.load(row.parts["results"])) for release, row in rows.items()}
        heard = {release: said(tx, release) for release in rows}
        current = tx.published()
        return _Read(situation, rows, told, heard, current.id if current else None, tx.live_views())


def ingredients_of(office: Office, tx: Transaction, row: ReleaseRow, permitted: Permitted) -> Ingredients:
    """What a view of a finished release is baked from at this moment, when exactly these people may be named."""
    decided = decide_all(office, situation_of(office, tx, [row.id]), permitted, [], row.id)
    return _ingredients(office, row, permitted, decided, beside(tx, row, office.frames.load(row.parts["results"])))


def _ingredients(
    office: Office, row: ReleaseRow, permitted: Permitted, decided: Decided, said_beside: Beside
) -> Ingredients:
    pinned = pinned_of(row.disclosure)
    return Ingredients(
        built_of(office, row), office.catalogue, permitted, decided.fates(row.id), row.salt, _registers_of(row),
        pinned.rule if pinned else EARLIER_RULE, said_beside,
    )  # fmt: skip


def _is_live(office: Office, pointer: PointerRow, parts: Parts) -> bool:
    """Whether the live view has exactly these parts."""
    try:
        told = (office.views.path(pointer.release, pointer.manifest_sha256) / MANIFEST).read_bytes()
    except FileNotFoundError:
        return False
    return ViewManifest.model_validate_json(told).files == _files(parts)


def _manifest(office: Office, row: ReleaseRow, permissions: Permissions, parts: Parts) -> ViewManifest:
    """But for its number and the publication."""
    assert row.results_digest is not None  # only a finished build can be approved
    with_what = row.made_with or made_with(office.catalogue, [])  # what made the results, not what bakes them now
    return ViewManifest(
        view_schema=VIEW_SCHEMA, release=row.id, view=1, consent_store=permissions.store_id,
        consent_revision=permissions.revision, published=row.created,
        correction=Correction.model_validate(row.correction) if row.correction else None,
        synthetic=any(office.catalogue[one].definition.status == "synthetic" for one in row.indicators),
        method_version=with_what["method_version"], inputs=sorted(one["digest"] for one in row.inputs),
        results_digest=row.results_digest, code=with_what["code"], files=_files(parts),
    )  # fmt: skip


def _written(office: Office, manifest: ViewManifest, parts: Parts) -> str:
    """Durable when it returns; the SHA-256 of the manifest."""
    written = manifest.model_dump_json(indent=1).encode()
    return office.views.write(manifest.release, {name: part.data for name, part in parts.items()}, written)


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


def shown_in_rows(rows: pl.DataFrame) -> list[list[str]]:
    """Indicator, period and consultant of every row that is a consultant's."""
    people = rows.filter(pl.col("level") == "consultant").select("indicator_id", "period_id", "consultant_id")
    return [list(one) for one in people.unique().sort(pl.all()).iter_rows()]


def _registers_of(row: ReleaseRow) -> date:
    """The day on which the newest of the release's snapshots was frozen."""
    return max(datetime.fromisoformat(one["created"]) for one in row.inputs).date()


def _files(parts: Parts) -> list[ViewFile]:
    return [
        ViewFile(name=name, sha256=sha256_of(part.data), bytes=len(part.data), rows=part.rows)
        for name, part in sorted(parts.items())
    ]
