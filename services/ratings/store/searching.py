"""One number looked for in everything that ratings keeps: frames, snapshots, views and tables."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
from sqlmodel import col, select

from services.ratings.models import (
    AuditRow,
    HiddenSinceRow,
    NamedRow,
    PointerRow,
    ReleaseRow,
    ReplayRow,
    SecretSinceRow,
)
from services.ratings.store.store import Store
from shared.kit.finding import rows_with, stands_in

Row = dict[str, Any]


def parts(store: Store) -> dict[str, list[Row]]:
    """What each kept frame is, by digest: a part of which release. One that is of none was a step of a build."""
    found: dict[str, list[Row]] = {}
    with store.database.reading() as session:
        for row in session.exec(select(ReleaseRow).order_by(col(ReleaseRow.created))):
            for part, digest in row.parts.items():
                told = {"release": row.id, "status": row.status, "part": part}
                found.setdefault(digest.removeprefix("sha256:"), []).append(told)
    return found


def in_frames(folder: Path, number: str) -> Iterator[tuple[str, Row]]:
    """Digest and row, of every frame."""
    for path in sorted(folder.glob("*.parquet")):
        for row in rows_with(path, number):
            yield path.stem, row


def counted(folder: Path, number: str) -> Iterator[tuple[str, int]]:
    """Name and rows of every file that has any: their rows are ingest's to give."""
    for path in sorted(folder.rglob("*.parquet")):
        rows = sum(1 for _ in rows_with(path, number))
        if rows:
            yield path.relative_to(folder).as_posix().removesuffix(".parquet"), rows


def in_views(folder: Path, number: str) -> Iterator[tuple[str, str, str, Row]]:
    """Release, view, part and row."""
    for path in sorted(folder.glob("*/*/*.parquet")):
        for row in rows_with(path, number):
            yield path.parent.parent.name, path.parent.name, path.stem, row


def keyed(folder: Path, keys: set[str]) -> Iterator[tuple[str, str, int]]:
    """Release, view, and how many of its rows are hidden the moment that somebody of these keys is."""
    for path in sorted(folder.glob("*/*/quarantine.parquet")):
        rows = pl.scan_parquet(path).filter(pl.col("key").is_in(sorted(keys))).select(pl.len()).collect().item()
        if rows:
            yield path.parent.parent.name, path.parent.name, rows


def shown(store: Store, number: str) -> Iterator[Row]:
    """Indicators and periods in which the person has a row in a live view."""
    with store.database.reading() as session:
        for row in session.exec(select(PointerRow).order_by(col(PointerRow.release))):
            for indicator, period, person in row.shown or []:
                if person == number:
                    yield {"release": row.release, "view": row.view, "indicator": indicator, "period": period}


def hidden(store: Store, number: str) -> list[Row]:
    """Indicators and periods in which no view shows the person, and since which bake."""
    with store.database.reading() as session:
        rows = session.exec(select(HiddenSinceRow).where(HiddenSinceRow.consultant == number))
        return [{"indicator": row.indicator, "period": row.period, "since_bake": row.since} for row in rows]


def secret(store: Store, number: str) -> list[Row]:
    """Indicators and periods in which the person may not be shown, whoever decided it, and since which bake."""
    with store.database.reading() as session:
        rows = session.exec(select(SecretSinceRow).where(SecretSinceRow.consultant == number))
        return [{"indicator": row.indicator, "period": row.period, "since_bake": row.since} for row in rows]


def named(store: Store, number: str) -> list[Row]:
    """Programmes in which the person could be named at the last bake, and under which key."""
    with store.database.reading() as session:
        rows = session.exec(select(NamedRow).where(NamedRow.consultant == number))
        return [{"programme": row.programme, "key": row.key} for row in rows]


def quoted(store: Store, number: str) -> Iterator[tuple[str, Row]]:
    """Entries of the audit, and reports, in which the number stands: table and what tells the entry from others."""
    with store.database.reading() as session:
        for entry in session.exec(select(AuditRow).order_by(col(AuditRow.number))):
            if stands_in(number, entry.detail):
                at = {"at": entry.at.isoformat(), "actor": entry.actor, "action": entry.action}
                yield "audit", at | {"release": entry.release, "detail": _only(entry.detail, number)}
        for row in session.exec(select(ReplayRow)):
            if stands_in(number, [row.report, row.refusal]):
                yield "replays", {"release": row.release, "run": row.run, "found": _only(row.report or {}, number)}
        for release in session.exec(select(ReleaseRow)):
            if stands_in(number, [release.requested, release.failure, release.stages]):
                yield "releases", {"release": release.id, "status": release.status}


def _only(value: Any, number: str) -> Any:
    """Of lists only the members that have the number, of objects only such fields: others' are not this person's."""
    if isinstance(value, dict):
        return {name: _only(part, number) for name, part in value.items() if stands_in(number, part)}
    return [_only(part, number) for part in value if stands_in(number, part)] if isinstance(value, list) else value
