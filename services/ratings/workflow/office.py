"""What every verb works with."""

import threading
from dataclasses import dataclass, field
from pathlib import Path

from services.ratings.indicators.loading import Catalogue
from services.ratings.peers import Peers
from services.ratings.store.frames import Frames, Snapshots
from services.ratings.store.store import Store
from services.ratings.store.views import ViewFolders
from shared.kit.jobs import Jobs


@dataclass(frozen=True)
class Office:
    """`baking`: at most one view is baked at a time, so that view numbers and what is hidden never cross."""

    store: Store
    catalogue: Catalogue
    peers: Peers
    jobs: Jobs
    frames: Frames
    snapshots: Snapshots
    views: ViewFolders
    baking: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, data_dir: Path, store: Store, catalogue: Catalogue, peers: Peers, jobs: Jobs) -> "Office":
        folders = Frames(data_dir / "frames"), Snapshots(data_dir / "snapshots"), ViewFolders(data_dir / "views")
        return cls(store, catalogue, peers, jobs, *folders)
