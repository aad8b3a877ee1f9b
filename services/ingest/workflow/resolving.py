"""What becomes of all that was read of a file, in bounded memory: new tables, and how many lines have each fate. It
writes nothing but files named by their content, so it may run twice, and be killed at any moment."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from services.ingest.checks import AGGREGATE, LINE
from services.ingest.domain import Correction, Outcome, Waiting
from services.ingest.fates import STATUS, SUBMISSION, counted, resolve, standing, state_schema, window_of
from services.ingest.reading.batches import on_each_line
from services.ingest.reading.parts import LINES, Read
from services.ingest.refusals import ASIDE
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.states import Stretch, keep_state, stretches_of
from services.ingest.store.tables import AT_ONCE, height_of, in_order_of_line
from services.ingest.workflow.adding import SMALL, around, as_read, may_take_out, together
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
    """One submission's. About `most` rows are held at a time; `told` hears how many of how many are compared. Tables of
    a state are not `small` on average."""

    store: Store
    source: Source
    waiting: Waiting
    told: Told
    most: int = AT_ONCE
    small: int = SMALL

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
            held = Held(files, stretches_of(files, state, self.source.key), self.source)
            after = self._after(rows, held, tally)
            fates = read.fates(tally.fates, sum(height_of(file) for file in set_aside))
            aside = self._kept_in_order(set_aside + tally.aside)
            corrections = tuple(self._corrections(tally))
            return Outcome(
                read.encoding, fates, aside, after, corrections, digest, sheets_left_alone=read.sheets_left_alone
            )

    def _after(self, rows: Rows, held: Held, tally: Tally) -> str:
        """The digest of the new state: rows that are new and in order are taken as they were read, and so is what the
        feed has of keys before and after theirs."""
        files, key = self.store.files, self.source.key
        if (not held.stretches and not rows.files) or may_take_out(held, self.waiting):
            return self._written(rows, held, tally)
        if not rows.files:
            return keep_state(files, held.stretches, self.source)
        new = as_read(rows, key, self.waiting.sha256) if self.waiting.mends is None else None  # those are in scratch
        if new is not None and (every := together(held, new, self.small)) is not None:
            self._take_as_read(rows, new, tally)
            return keep_state(files, every, self.source)
        parted = around(rows, held, self.small)
        table = self._written(rows, replace(held, stretches=parted.touched), tally)
        written = stretches_of(files, table, key)
        return keep_state(files, [*parted.before, *written, *parted.after], self.source)

    def _take_as_read(self, rows: Rows, new: list[Stretch], tally: Tally) -> None:
        """The files of `rows` become tables of the state: all of these rows stand."""
        for frame in rows.frames([AGGREGATE, LINES]):
            tally.fates.update(counted(standing(frame, self.waiting.sha256).rename({STATUS: "fate"})))
        self.store.files.keep_pieces(dict(zip((one.table for one in new), rows.files, strict=True)))
        self.told(rows.height, rows.height)

    def _written(self, rows: Rows, held: Held, tally: Tally) -> str:
        return self.store.files.keep_frames(self._states(rows, held, tally), state_schema(self.source))

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
