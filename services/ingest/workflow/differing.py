"""What is new, gone or changed between two snapshots of one feed. In bounded memory: both are in order of the key, and
are compared a range of it at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import polars as pl

from services.ingest.problems import NotOfOneFeed
from services.ingest.source import Source
from services.ingest.store.database import Store
from services.ingest.store.states import Key
from services.ingest.store.tables import AT_ONCE, height_of
from services.ingest.workflow.partitions import at_least
from shared.contracts.ingest import Change, Differences, Snapshot

KIND: Final = "=kind"
KINDS: Final = ("new", "gone", "changed", "unchanged")


@dataclass(frozen=True)
class Table:
    """The rows of a snapshot."""

    file: Path

    @property
    def columns(self) -> list[str]:
        return pl.scan_parquet(self.file).collect_schema().names()

    def slices(self, key: Sequence[str], bounds: Sequence[Key]) -> Iterator[pl.DataFrame]:
        scan, height = pl.scan_parquet(self.file), height_of(self.file)
        before = [(~at_least(key, bound)).sum().alias(str(i)) for i, bound in enumerate(bounds)]
        places = [0, *(scan.select(before).collect(engine="streaming").row(0) if before else ()), height]
        for start, end in pairwise(places):
            yield scan.slice(start, end - start).collect()

    def bounds(self, key: Sequence[str], most: int) -> list[Key]:
        """The key of every `most`th row but the first."""
        return list(pl.scan_parquet(self.file).select(key).gather_every(most).collect().slice(1).iter_rows())


def of_one_feed(store: Store, later: str, earlier: str) -> tuple[Snapshot, Snapshot] | None:
    """The later and the earlier snapshot, of a feed that has both; None where one is not there. Raises NotOfOneFeed."""
    after, before = store.snapshots.all_of(later), store.snapshots.all_of(earlier)
    if not after or not before:
        return None
    for one in after:
        for other in before:
            if one.feed == other.feed:
                return one, other
    raise NotOfOneFeed


def differences(
    store: Store, source: Source, pair: tuple[Snapshot, Snapshot], page: tuple[int, int], most: int = AT_ONCE
) -> Differences:
    """Rows by what became of them; with a `page` of (a, b), b of those that are not unchanged, after the first a."""
    after, limit = page
    later, earlier = (Table(store.files.table(one.files[0].sha256)) for one in pair)
    columns = [name for name in later.columns if name in earlier.columns and name not in source.key]
    counts, changes, seen = dict.fromkeys(KINDS, 0), list[Change](), 0
    for part in _compared(earlier, later, source.key, columns, most):
        for kind, rows in part.group_by(KIND).len().iter_rows():
            counts[kind] += rows
        differing = part.filter(pl.col(KIND) != "unchanged")
        start = max(0, after - seen)
        wanted = differing.slice(start, max(0, after + limit - max(seen, after)))
        changes += [change for row in wanted.iter_rows(named=True) for change in _changes(row, source.key, columns)]
        seen += differing.height
    return Differences(
        earlier=pair[1].digest, later=pair[0].digest, **counts, changes=changes,
        columns_new=[name for name in later.columns if name not in earlier.columns],
        columns_gone=[name for name in earlier.columns if name not in later.columns],
        next=after + limit if seen > after + limit else None,
    )  # fmt: skip


def _compared(earlier: Table, later: Table, key: list[str], columns: list[str], most: int) -> Iterator[pl.DataFrame]:
    """Every key of either, in order, with `KIND` and the values as text: `<name>=` are the later ones."""
    bounds = sorted({*earlier.bounds(key, most), *later.bounds(key, most)})
    differ = [pl.col(name).ne_missing(pl.col(f"{name}=")) for name in columns]
    kind = (
        pl.when(pl.col("=before").is_null()).then(pl.lit("new"))
        .when(pl.col("=after").is_null()).then(pl.lit("gone"))
        .when(pl.any_horizontal(False, *differ)).then(pl.lit("changed"))
        .otherwise(pl.lit("unchanged"))
    )  # fmt: skip
    texts = [pl.col(name).cast(pl.String) for name in columns]
    named = [text.name.suffix("=") for text in texts]
    for old, new in zip(earlier.slices(key, bounds), later.slices(key, bounds), strict=True):
        before = old.select(*key, *texts, pl.lit(True).alias("=before"))
        after = new.select(*key, *named, pl.lit(True).alias("=after"))
        yield before.join(after, on=key, how="full", coalesce=True).sort(key).with_columns(kind.alias(KIND))


def _changes(row: dict[str, Any], key: list[str], columns: list[str]) -> Iterator[Change]:
    named, kind = {name: str(row[name]) for name in key}, row[KIND]
    if kind != "changed":
        yield Change(key=named, kind=kind)
        return
    for name in columns:
        if row[name] != row[f"{name}="]:
            yield Change(key=named, kind=kind, column=name, before=row[name], after=row[f"{name}="])
