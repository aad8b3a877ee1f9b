"""Who the subjects of a release are: its registers read, put in order, and cut to those that it lists."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from services.ratings.assembly.practices import Practices, doctors_of, held_back
from services.ratings.assembly.registers import (
    checked_registers,
    consultants_of_register,
    in_order,
    listed,
    providers_of_counts,
    providers_of_register,
)
from services.ratings.assembly.schema import ONLY_WHERE_THERE_ARE
from services.ratings.assembly.succession import links_of, successions_of
from services.ratings.indicators.definition import Definition
from services.ratings.indicators.plain import Columns
from shared.contracts.ingest import Snapshot, SnapshotKind

Frames = list[pl.DataFrame]
NAMES_NOBODY = {SnapshotKind.EPISODES, SnapshotKind.POPULATIONS}


@dataclass
class _Read:
    """Each feed once, in the order in which the indicators first name it: that is the order of precedence. `audited`:
    the codes that an audit itself sends; a keeper's register is of everybody, whether or not an audit asks them."""

    providers: Frames = field(default_factory=list)
    rows: Frames = field(default_factory=list)
    consultants: Frames = field(default_factory=list)
    successions: Frames = field(default_factory=list)
    audited: set[str] = field(default_factory=set)


def registers_of(
    definitions: Iterable[Definition], snapshots: dict[str, Any], file_of: Callable[[str], Path], results: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The frames `providers`, `consultants` and, where they have a row, `successions` and `register_differences`; and
    `results`, in which practices have only the figures that the indicator's rule allows.

    Raises BuildRefused where a subject has no name, a practice has figures of ours, or successions lead in a circle."""
    known = {feed: Snapshot.model_validate(one) for feed, one in snapshots.items()}
    definitions = list(definitions)
    read = _read(definitions, known, file_of)
    together = in_order(read.providers, read.rows)
    rules = dict(_rules_for_practices(definitions, known, file_of))
    places, people = checked_registers([together.providers], read.consultants, results, rules)
    links = links_of(read.successions, max(one.created for one in known.values()).date())
    successions = successions_of(links, places["id"].to_list())
    kept = listed(places, successions, {*results["provider_id"].drop_nulls(), *read.audited})
    ids = kept["id"].to_list()
    frames = {
        "providers": kept, "consultants": people,
        "results": held_back(results, places, rules),
        "successions": successions.filter(pl.col("provider").is_in(ids) & pl.col("successor").is_in(ids)),
        "register_differences": together.differences.filter(pl.col("id").is_in(ids)),
    }  # fmt: skip
    return {name: frame for name, frame in frames.items() if frame.height or name not in ONLY_WHERE_THERE_ARE}


def _rules_for_practices(
    definitions: Iterable[Definition], known: dict[str, Snapshot], file_of: Callable[[str], Path]
) -> Iterator[tuple[str, Practices]]:
    """By indicator. Where nobody has counted doctors yet, no practice is known to have any."""
    for one in definitions:
        if (rule := one.practices) is not None:
            counted = doctors_of(pl.read_parquet(file_of(rule.feed)), rule.doctors) if rule.feed in known else {}
            yield one.id, Practices(rule.fewest_doctors, counted)


def _read(definitions: Iterable[Definition], known: dict[str, Snapshot], file_of: Callable[[str], Path]) -> _Read:
    found, seen = _Read(), set[tuple[str, ...]]()
    for definition, feed in _feeds(definitions):
        source, synthetic = definition.source, definition.status == "synthetic"
        columns = (feed,) if feed in source.registers else (feed, source.columns.provider, source.columns.name)
        if columns in seen or feed not in known or known[feed].kind in NAMES_NOBODY:
            continue
        seen.add(columns)
        kind, frame = known[feed].kind, pl.read_parquet(file_of(feed))
        if kind is SnapshotKind.CONSULTANTS:
            found.consultants.append(consultants_of_register(frame))
        elif kind is SnapshotKind.SUCCESSIONS:
            found.successions.append(frame)
        elif kind is SnapshotKind.PROVIDERS:
            keeper = source.register_keeper or source.publisher
            found.providers.append(providers_of_register(frame, keeper, synthetic))
            found.audited |= _audited(found.providers[-1], definition)
        else:
            rows = _canonical(frame, source.columns)
            kinds = source.provider_kinds, source.provider_kind
            found.rows.append(providers_of_counts(rows, source.publisher, *kinds, synthetic=synthetic))
            found.audited |= _audited(found.rows[-1], definition)
    return found


def _audited(places: pl.DataFrame, definition: Definition) -> set[str]:
    """Whom an audit lists whether or not this release has a result of theirs: nobody of another keeper's register."""
    return set() if definition.source.register_keeper is not None else set(places["id"])


def _canonical(frame: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    """The columns that say of whom and when a row is, under the names that they have everywhere."""
    named = {"provider": columns.provider, "provider_name": columns.name, "region": columns.region,
             "aggregate": columns.aggregate, "period_start": columns.year or columns.start,
             "period_end": columns.year or columns.end}  # fmt: skip
    return frame.select(pl.col(theirs).alias(ours) for ours, theirs in named.items() if theirs in frame.columns)


def _feeds(definitions: Iterable[Definition]) -> Iterator[tuple[Definition, str]]:
    """Registers before the feeds of the figures: names of the rows themselves are the last resort."""
    definitions = list(definitions)
    yield from ((one, feed) for one in definitions for feed in one.source.registers)
    yield from ((one, one.source.feed) for one in definitions)
