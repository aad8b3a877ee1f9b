"""The job that computes a release again from its recorded snapshots, into a folder of its own, and compares."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import polars as pl

from services.ratings.models import ReleaseRow
from services.ratings.workflow.building import FAILURES, Builder
from services.ratings.workflow.made_with import made_with
from services.ratings.workflow.office import Office
from services.ratings.workflow.replaying import REPLAY_JOB, scratch_name
from shared.contracts.ingest import Snapshot
from shared.contracts.replay import (
    Compared,
    ReplayedFile,
    ReplayedPart,
    ReplayInput,
    ReplayReport,
    ReplayState,
    Verdict,
)
from shared.kit.frames import ordered_digest, snapshot_name
from shared.kit.jobs import Step
from shared.kit.logs import log
from shared.kit.peers import PeerRefused

Json = dict[str, Any]


class ReplayRefused(ValueError):
    """A run that would compare nothing worth comparing; the message says why and what to do."""


class Replayer:
    """Each step may run twice, and in another process than the one before it."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def register(self) -> None:
        """As the job `replay_release`, whose arguments are the release and the number of the run."""

        def replay(release: str, run: str) -> None:
            self.replay(release, int(run))

        self.office.jobs.register(REPLAY_JOB, replay)

    def replay(self, release: str, run: int) -> None:
        """Run to the end, or say in the run why not. An unforeseen error is said too, and raised."""
        step = self._telling(release, run)
        try:
            begun = step("look", self.look, release, run)
            if begun is None:
                return
            step("inputs", self.gather, begun["snapshots"])
            scratch = self.office.scratch.frames(scratch_name(release, run))
            builder = Builder(replace(self.office, frames=scratch))
            made = builder.make(step, begun["indicators"], begun["snapshots"], True)
            step("compare", self.compare, release, run, begun, made["parts"])
        except FAILURES as error:
            step("refuse", self.refuse, release, run, str(error))
        except Exception as error:
            log.error("replay_failed", release=release, kind=type(error).__name__)
            step("refuse", self.refuse, release, run, f"An error of ours: {type(error).__name__}.")
            raise

    def _telling(self, release: str, run: int) -> Step:
        """Steps of the job that first say in the run that they have begun: people are waiting."""

        def told(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
            def work(*given: Any) -> Any:
                self._tell(release, run, name)
                return function(*given)

            return self.office.jobs.step(name, work, *arguments)

        return told

    def _tell(self, release: str, run: int, stage: str) -> None:
        with self.office.store.transaction() as tx:
            row = tx.replay(release, run)
            if row.state == ReplayState.RUNNING.value:
                row.stage = stage
                tx.add(row)

    def look(self, release: str, run: int) -> Json | None:
        """What is computed again, and with what; None where the run has ended. Raises ReplayRefused."""
        with self.office.store.reading() as tx:
            row, asked = tx.release(release), tx.replay(release, run)
        if asked.state != ReplayState.RUNNING.value:
            return None
        gone = [one for one in row.indicators if one not in self.office.catalogue.indicators]
        if gone:
            raise ReplayRefused(
                f"{', '.join(gone)} is not among the reviewed files any more: replay this release with "
                f"{_recorded(row).get('code', 'the version of Candour that made it')}."
            )
        return {
            "indicators": row.indicators, "snapshots": {one["feed"]: one for one in row.inputs},
            "made_with": made_with(self.office.catalogue, row.indicators),
        }  # fmt: skip

    def gather(self, snapshots: Json) -> Json:
        """Every recorded snapshot is here, byte by byte and row by row what its names say. Raises ReplayRefused,
        PeerUnreachable."""
        for dumped in snapshots.values():
            snapshot = Snapshot.model_validate(dumped)
            what = f"the snapshot {snapshot.digest} of {snapshot.feed}"
            try:
                self.office.peers.fetch(snapshot, self.office.snapshots)
            except PeerRefused as refused:
                raise ReplayRefused(
                    f"{what} is kept neither here nor by ingest: restore it from a backup."
                ) from refused
            for file in snapshot.files:
                if not self.office.snapshots.holds(file.sha256):
                    raise ReplayRefused(
                        f"{what} has other bytes than its name says: remove snapshots/{file.sha256}.parquet from the "
                        "folder of ratings, and replay again; it is fetched from ingest then."
                    )
            (only,) = snapshot.files
            content = ordered_digest(pl.read_parquet(self.office.snapshots.path(only.sha256)))
            if snapshot_name(snapshot.kind.value, snapshot.schema_version, content) != snapshot.digest:
                raise ReplayRefused(f"{what} has other rows than its name says: the record of its files is wrong.")
        return {"snapshots": len(snapshots)}

    def compare(self, release: str, run: int, begun: Json, parts: Mapping[str, str]) -> None:
        """Digest beside digest, kept with the run; what was computed for it is removed. Raises ReplayRefused."""
        there = set(begun["indicators"]) <= self.office.catalogue.indicators.keys()
        if not there or made_with(self.office.catalogue, begun["indicators"]) != begun["made_with"]:
            raise ReplayRefused("the code or a reviewed file was exchanged during the replay: replay it again.")
        with self.office.store.reading() as tx:
            row = tx.release(release)
        kept = {name: self.office.frames.digest_of_kept(digest) for name, digest in row.parts.items()}
        report = report_of(row, begun["made_with"], kept, parts)
        self._end(release, run, ReplayState.DONE, report=report.model_dump(mode="json"))
        if report.verdict is Verdict.DIFFERENT:
            log.error("replay_different", release=release, parts=[one.name for one in report.parts if not one.equal])

    def refuse(self, release: str, run: int, why: str) -> None:
        self._end(release, run, ReplayState.REFUSED, refusal=why)

    def _end(
        self, release: str, run: int, state: ReplayState, refusal: str | None = None, report: Json | None = None
    ) -> None:
        self.office.scratch.remove([scratch_name(release, run)])  # first: who sees the end finds nothing left over
        with self.office.store.transaction() as tx:
            row = tx.replay(release, run)
            if row.state == ReplayState.RUNNING.value:
                row.state, row.refusal, row.report = state.value, refusal, report
                row.stage, row.ended = None, datetime.now(UTC)
                tx.add(row)
                verdict = report["verdict"] if report else None
                tx.record("ratings", "release.replayed", release, run=run, verdict=verdict, refusal=refusal)


def report_of(
    row: ReleaseRow, with_what: Json, kept: Mapping[str, str | None], recomputed: Mapping[str, str]
) -> ReplayReport:
    """What the release recorded beside what is kept of it and what was computed again. The published digest of the
    results is a record of its own, and must be that of the part."""
    if row.disclosure is None:  # built before cells were kept: nothing was recorded that they could differ from
        recomputed = {name: digest for name, digest in recomputed.items() if name != "cells" or name in row.parts}
    recorded: dict[str, str | None] = {**row.parts, "results": row.results_digest}
    parts = [
        ReplayedPart(
            name=name, recorded=recorded.get(name), kept=kept.get(name), recomputed=recomputed.get(name),
            equal=len({recorded.get(name), row.parts.get(name), kept.get(name), recomputed.get(name)}) == 1,
        )
        for name in sorted(recorded.keys() | recomputed.keys())
    ]  # fmt: skip
    made = _recorded(row)
    code, method = (Compared(recorded=made.get(name), running=with_what[name]) for name in ("code", "method_version"))
    files = _files(made.get("files", {}), with_what["files"])
    return ReplayReport(
        verdict=_verdict(parts, code, method, files), code=code, method_version=method, files=files,
        inputs=[ReplayInput(feed=one["feed"], digest=one["digest"], rows=one["rows"]) for one in row.inputs],
        parts=parts, recorded_digest=_whole(recorded), digest=_whole(recomputed),
    )  # fmt: skip


def _verdict(parts: list[ReplayedPart], code: Compared, method: Compared, files: list[ReplayedFile]) -> Verdict:
    known = method.recorded is not None  # else it was built before this was kept: the parts must speak for themselves
    same_rules = method.recorded == method.running and all(one.equal for one in files)
    if all(one.equal for one in parts):
        return Verdict.SAME if same_rules or not known else Verdict.OTHER_DEFINITION
    if any(one.recorded != one.kept for one in parts) or (same_rules and code.recorded == code.running):
        return Verdict.DIFFERENT
    return Verdict.OTHER_DEFINITION


def _recorded(row: ReleaseRow) -> Json:
    return row.made_with or {}


def _files(recorded: Mapping[str, str], running: Mapping[str, str]) -> list[ReplayedFile]:
    return [
        ReplayedFile(
            name=name, recorded=recorded.get(name), running=running.get(name),
            equal=recorded.get(name) == running.get(name),
        )
        for name in sorted(recorded.keys() | running.keys())
    ]  # fmt: skip


def _whole(parts: Mapping[str, str | None]) -> str:
    """One digest for all parts, by name."""
    digest = hashlib.sha256("".join(f"{name} {parts[name]}\n" for name in sorted(parts)).encode())
    return f"sha256:{digest.hexdigest()}"
