"""What every verb works with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.ratings.casemix.casefile import CaseFile
from services.ratings.domain.checks import Found
from services.ratings.domain.outlier_policy import OutlierPolicies
from services.ratings.domain.release_policy import ReleasePolicy
from services.ratings.indicators.loading import Catalogue
from services.ratings.peers import Peers
from services.ratings.policy.loading import Disclosure
from services.ratings.store.frames import Frames, Scratch, Snapshots
from services.ratings.store.store import Store
from services.ratings.store.views import ViewFolders
from services.ratings.view.kept import Kept
from services.ratings.view.preview import Preview
from shared.kit.jobs import Jobs

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Office:
    """`clock` gives the present moment, aware; tests and rehearsals give one of their own. `tables` keeps the tables of
    disclosure control by release, with what they were made of: they are the same at every bake. `previews` keeps views
    that only their subjects may see yet, `case_files` the cases behind them, `protected` what a gate says of who
    would be hidden: it is read many times, and asked for again only where something has changed."""

    store: Store
    catalogue: Catalogue
    peers: Peers
    jobs: Jobs
    frames: Frames
    snapshots: Snapshots
    views: ViewFolders
    scratch: Scratch
    release_policy: ReleasePolicy
    outliers: OutlierPolicies
    disclosure: Disclosure
    clock: Clock = wall_clock
    tables: dict[str, tuple[Any, Any]] = field(default_factory=dict, repr=False)
    previews: Kept[Preview] = field(default_factory=lambda: Kept(2), repr=False)
    case_files: Kept[CaseFile] = field(default_factory=lambda: Kept(16), repr=False)
    protected: Kept[Found] = field(default_factory=lambda: Kept(8), repr=False)

    def baking(self) -> AbstractContextManager[None]:
        """At most one process bakes a view at a time, so that view numbers and what is hidden never cross. A process
        that loses its turn unawares, when its database crashes, fails at the flip."""
        return self.store.database.exclusive("baking")

    @classmethod
    def open(
        cls, data_dir: Path, store: Store, catalogue: Catalogue, peers: Peers, jobs: Jobs, *,
        release_policy: ReleasePolicy, outliers: OutlierPolicies, disclosure: Disclosure, clock: Clock = wall_clock,
    ) -> "Office":  # fmt: skip
        frames, snapshots = Frames(data_dir / "frames"), Snapshots(data_dir / "snapshots")
        views, scratch = ViewFolders(data_dir / "views"), Scratch(data_dir / "replays")
        return cls(
            store, catalogue, peers, jobs, frames, snapshots, views, scratch, release_policy, outliers, disclosure,
            clock,
        )  # fmt: skip
