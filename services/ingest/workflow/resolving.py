"""What becomes of all that was read of a file, in bounded memory: new tables, and how many lines have each fate. It
writes nothing but files named by their content, so it may run twice, and be killed at any moment."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from services.ingest.checks import LINE
from services.ingest.domain import Correction, Outcome, Waiting
from services.ingest.fates import STATUS, SUBMISSION, resolve, state_schema, window_of
from services.ingest.reading.batches import on_each_line
from services.ingest.reading.parts import LINES, Read
from services.ingest.refusals import ASIDE
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.tables import AT_ONCE, height_of, in_order_of_line
from services.ingest.workflow.mending import mended
from services.ingest.workflow.partitions import Held, Rows, parts
from services.ingest.workflow.progress import Told
from shared.contracts.ingest import Fate


@dataclass
class Tally:
    """What the parts of one submission came to so far; lines are kept in files of `folder`."""

    folder: Path
    fates: Counter[Fate] = field(default_factory=Counter)
    aside: list[Path] = field(default_factory=list)
    overtaken: list[Path] = field(default_factory=list)

    def keep(self, files: list[Path], frame: pl.DataFrame, name: str) -> None:
        if not frame.is_empty():
            files.append(self.folder / f"{name}-{len(files)}")
            frame.write_parquet(files[-1], compression="lz4")


@dataclass(frozen=True)
class Resolving:
    """One submission's. About `most` rows are held at a time; `told` hears how many of how many are compared."""

    store: Store
    source: Source
    waiting: Waiting
    told: Told
    most: int = AT_ONCE

    def outcome(self, digest: str, read: Read, state: str | None) -> Outcome:
        """The fates of the rows of what was `read`, named `digest`, against the feed's `state`. Raises OSError."""
        files, folder = self.store.files, self.store.files.reading(digest)
        with files.scratching() as scratch:
            tally = Tally(scratch)
            rows = Rows([folder / piece.name for piece in read.rows if piece.rows], read.height)
            set_aside = [folder / piece.name for piece in read.aside if piece.rows]
            if self.waiting.mends is not None:
                rows, refused = mended(self.store, self.source, self.waiting, rows, scratch)
                set_aside += refused
            held = Held(None if state is None else files.table(state), self.source)
            after = files.keep_frames(self._states(rows, held, tally), state_schema(self.source))
            fates = read.fates(tally.fates, sum(height_of(file) for file in set_aside))
            aside = self._kept_in_order(set_aside + tally.aside)
            corrections = tuple(self._corrections(tally))
            return Outcome(read.encoding, fates, aside, after, corrections, digest)

    def _states(self, rows: Rows, held: Held, tally: Tally) -> Iterator[pl.DataFrame]:
        """The new state, part by part; what else there is goes to the tally."""
        sha256, supersedes, done = self.waiting.sha256, self.waiting.supersedes, 0
        whole = supersedes and self.waiting.whole_period and rows.files
        window = window_of(pl.scan_parquet(list(rows.files)), self.source) if whole else None
        for some, state in parts(rows, held, tally.folder, self.most):
            resolution = resolve(some, state, sha256, supersedes, self.source, window)
            tally.fates.update(resolution.fates)
            tally.keep(tally.aside, resolution.aside, "aside")
            tally.keep(tally.overtaken, resolution.overtaken, "overtaken")
            done += some.height
            self.told(done, rows.height)
            yield resolution.state

    def _kept_in_order(self, files: list[Path]) -> str:
        return self.store.files.keep_frames(in_order_of_line(files, ASIDE, self.most), ASIDE)

    def _corrections(self, tally: Tally) -> Iterator[Correction]:
        """One for each earlier submission whose lines stood until now. One that waits itself is decided anew anyway."""
        if not tally.overtaken:
            return
        every = pl.scan_parquet(tally.overtaken)
        counted = every.group_by(SUBMISSION, STATUS).agg(pl.col(LINES).sum()).collect().sort(SUBMISSION, STATUS)
        left: dict[str, dict[Fate, int]] = {}
        for sha256, status, lines in counted.iter_rows():
            left.setdefault(sha256, {})[Fate(status)] = lines
        for sha256, fates in left.items():
            for _, aside in self.store.submitted(sha256, self.waiting.feed):
                if aside is not None:
                    now = _set_aside_now(every, sha256, tally.folder)
                    yield Correction(sha256, self._kept_in_order([self.store.files.table(aside), now]), fates)


def _set_aside_now(overtaken: pl.LazyFrame, sha256: str, folder: Path) -> Path:
    """Lines of this submission that stood until now."""
    now = folder / f"now-{sha256}"
    mine = overtaken.filter(pl.col(SUBMISSION) == sha256).collect()
    on_each_line(mine.select(ASIDE.names()), mine.select(LINE, LINES)).write_parquet(now)
    return now
