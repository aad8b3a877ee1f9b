"""The job that turns the newest snapshots into results. Each step may run twice: what it makes is named by content."""

import time
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

import polars as pl

from services.ratings.assembly.plain import from_published
from services.ratings.assembly.recipes import Origin, from_counts, from_patterns
from services.ratings.assembly.schema import FRAMES, OF_CASES, BuildRefused, Computed, as_declared, to_keep
from services.ratings.casemix.counting import UNITS, count_patterns
from services.ratings.indicators.loading import Loaded
from services.ratings.view.fates import DISCLOSURE_RULE
from services.ratings.workflow.made_with import made_with
from services.ratings.workflow.office import Office
from services.ratings.workflow.operating import read_episodes, with_cases_sent
from services.ratings.workflow.registering import registers_of
from services.ratings.workflow.releases import BUILD_JOB
from shared.contracts.releases import BuildState
from shared.kit.jobs import Step
from shared.kit.logs import log
from shared.kit.problems import Problem

T = TypeVar("T")
COMPUTED = tuple(field.name for field in fields(Computed))  # the frames that each indicator adds to
FAILURES = (Problem, ValueError, ArithmeticError)  # of data, peers and fits: said in the release, not in a log
Json = dict[str, Any]


class Builder:
    """Makes results out of snapshots, into the frames of its office: for a release, and for a replay of one."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def register(self) -> None:
        """As the job `build_release`, whose only argument is the release."""

        def build(
            release: str,
        ) -> None:  # a plain function: durable jobs keep a mark on it, which a method cannot carry
            self.build(release)

        self.office.jobs.register(BUILD_JOB, build)

    def build(self, release: str) -> None:
        """Run to the end, or say in the release why not. An unforeseen error is said too, and raised."""
        step = self.office.jobs.step
        try:
            begun = step("look", self.look, release)
            if begun is None:
                return
            frozen = step("snapshots", self.freeze, begun["indicators"], begun["explicit"])
            whole = self.make(step, frozen["indicators"], frozen["snapshots"], begun["explicit"])
            whole["stages"].insert(0, frozen["stage"])
            step("finish", self.finish, release, frozen["snapshots"], whole, begun.get("made_with"))
        except FAILURES as error:
            step("fail", self.fail, release, str(error))
        except Exception as error:
            log.error("build_failed", release=release, kind=type(error).__name__)
            step("fail", self.fail, release, f"An error of ours: {type(error).__name__}.")
            raise

    def make(self, step: Step, indicators: list[str], snapshots: Json, explicit: bool) -> Json:
        """All parts of the results, each kept as a frame; `step` runs each stage as a step of the caller's job."""
        counted = step("patterns", self.count, indicators, snapshots)
        done = [step(f"compute {one}", self.compute, one, snapshots, counted["counts"], explicit) for one in indicators]
        whole = step("assemble", self.assemble, done, snapshots)
        return {**whole, "stages": [one["stage"] for one in (counted, *done, whole)]}

    def look(self, release: str) -> Json | None:
        """What was asked for, and with what it is begun; None where another run has finished this build."""
        with self.office.store.reading() as tx:
            row = tx.release(release)
        if row.build != BuildState.RUNNING.value:
            return None
        explicit = row.requested.get("indicators")
        indicators = explicit or list(self.office.catalogue.indicators)
        with_what = made_with(self.office.catalogue, indicators)
        return {"indicators": indicators, "explicit": explicit is not None, "made_with": with_what}

    def freeze(self, indicators: list[str], explicit: bool) -> Json:
        """Snapshots of every feed needed, downloaded. Indicators whose feeds are empty are left out, or refused."""

        def work() -> Json:
            catalogue = self.office.catalogue
            found = {feed: self.office.peers.freeze(feed) for feed in catalogue.feeds_of(indicators)}
            empty = [feed for feed, snapshot in found.items() if snapshot is None]
            usable = [one for one in indicators if not _needed(catalogue[one]) & set(empty)]
            if (explicit and len(usable) < len(indicators)) or not usable:
                raise BuildRefused(f"no accepted rows in: {', '.join(empty)}")
            wanted = set(catalogue.feeds_of(usable))
            snapshots = {feed: one for feed, one in found.items() if one is not None and feed in wanted}
            for snapshot in snapshots.values():
                self.office.peers.fetch(snapshot, self.office.snapshots)
            dumped = {feed: snapshot.model_dump(mode="json") for feed, snapshot in snapshots.items()}
            return {"indicators": sorted(set(usable)), "snapshots": dumped}

        return _timed("snapshots", work)

    def count(self, indicators: list[str], snapshots: Json) -> Json:
        """One group-by for each feed, period and model, however many indicators share it."""

        def work() -> Json:
            counts: dict[str, str] = {}
            for one in indicators:
                loaded = self.office.catalogue[one]
                if loaded.model is not None and (key := _count_key(loaded)) not in counts:
                    assert loaded.definition.period is not None
                    episodes = read_episodes(self._file(snapshots, loaded.definition.source.feed), loaded)
                    frame = count_patterns(episodes, loaded.model, loaded.definition.period)
                    counts[key] = self.office.frames.keep(frame, [*UNITS, *loaded.model.columns])
            return {"counts": counts}

        return _timed("patterns", work)

    def compute(self, indicator: str, snapshots: Json, counts: dict[str, str], explicit: bool) -> Json:
        """Results of one indicator; no parts where the feed has no row of it and nobody asked for it by name."""

        def work() -> Json:
            loaded = self.office.catalogue[indicator]
            origin = Origin((snapshots[loaded.definition.source.feed]["digest"],), loaded.files)
            if loaded.model is not None:
                frame = self.office.frames.load(counts[_count_key(loaded)])
                computed = from_patterns(frame, loaded.definition, loaded.model, origin)
            else:
                frame = pl.read_parquet(self._file(snapshots, loaded.definition.source.feed))
                plain = loaded.definition.figure is not None
                computed = (
                    from_published(frame, loaded.definition) if plain else from_counts(frame, loaded.definition, origin)
                )
            if computed is None and explicit:
                raise BuildRefused(f"no rows for {indicator} in {loaded.definition.source.feed}")
            parts = self._kept(computed, loaded, snapshots) if computed else {}
            return {"indicator": indicator, "parts": parts}

        return _timed(f"compute {indicator}", work)

    def assemble(self, done: list[Json], snapshots: Json) -> Json:
        """Everything put together in key order, names looked up, and kept by digest."""

        def work() -> Json:
            present = [one for one in done if one["parts"]]
            if not present:
                raise BuildRefused("no accepted row belongs to any indicator")
            frames = {
                name: as_declared(
                    [self.office.frames.load(one["parts"][name]) for one in present if name in one["parts"]], name
                )
                for name in COMPUTED
            }
            frames |= self._of_cases(present)
            indicators = [one["indicator"] for one in present]
            definitions = [self.office.catalogue[one].definition for one in indicators]
            frames |= registers_of(definitions, snapshots, partial(self._file, snapshots), frames["results"])
            kept = {name: to_keep(frame, name) for name, frame in frames.items()}
            parts = {name: self.office.frames.keep(frame, FRAMES[name][1]) for name, frame in kept.items()}
            return {"indicators": indicators, "parts": parts, "results": frames["results"].height}

        return _timed("assemble", work)

    def finish(self, release: str, snapshots: Json, whole: Json, begun_with: Json | None) -> None:
        """Raises BuildRefused where code or files are others than at the beginning: a restart came between."""
        with_what = made_with(self.office.catalogue, whole["indicators"])
        if begun_with is None or not _goes_on(begun_with, with_what):
            raise BuildRefused("the code or a reviewed file was exchanged during the build: build it again")
        with self.office.store.transaction() as tx:
            row = tx.release(release)
            if row.build != BuildState.RUNNING.value:
                return
            row.build = BuildState.DONE.value
            row.indicators, row.results = whole["indicators"], whole["results"]
            row.parts, row.results_digest = whole["parts"], whole["parts"]["results"]
            row.inputs = [snapshots[feed] for feed in sorted(snapshots)]
            row.stages, row.made_with = whole["stages"], with_what
            row.disclosure = self.office.disclosure.pinned(DISCLOSURE_RULE)
            tx.add(row)
            tx.record("ratings", "release.built", release, results_digest=row.results_digest)

    def fail(self, release: str, reason: str) -> None:
        with self.office.store.transaction() as tx:
            row = tx.release(release)
            if row.build == BuildState.RUNNING.value:
                row.build, row.failure = BuildState.FAILED.value, reason
                tx.add(row)
                tx.record("ratings", "release.build_failed", release, reason=reason)

    def _of_cases(self, present: list[Json]) -> dict[str, pl.DataFrame]:
        """Who operated, and how many cases were sent, each only where some indicator asks for it."""
        kept = {name: [one["parts"][name] for one in present if name in one["parts"]] for name in OF_CASES}
        loaded = {name: [self.office.frames.load(one) for one in digests] for name, digests in kept.items() if digests}
        return {name: frame for name, some in loaded.items() if (frame := as_declared(some, name)).height}

    def _kept(self, computed: Computed, loaded: Loaded, snapshots: Json) -> dict[str, str]:
        """The frames of an indicator, under the gate of case ascertainment, by digest."""
        source = loaded.definition.source
        counts = self._file(snapshots, source.expected_counts) if source.expected_counts in snapshots else None
        computed, beside = with_cases_sent(computed, loaded, self._file(snapshots, source.feed), counts)
        frames = {name: getattr(computed, name) for name in COMPUTED}
        frames |= {name: as_declared([frame], name) for name, frame in beside.items()}
        return {name: self.office.frames.keep(frame, FRAMES[name][1]) for name, frame in frames.items()}

    def _file(self, snapshots: Json, feed: str) -> Any:
        return self.office.snapshots.path(snapshots[feed]["files"][0]["sha256"])


def _goes_on(begun: Json, now: Json) -> bool:
    """Whether nothing of `now` is other than it was: there may be fewer files, of indicators without any row."""
    kept = {name: begun["files"].get(name) for name in now["files"]}
    return {**begun, "files": kept} == now


def _needed(loaded: Loaded) -> set[str]:
    """Feeds without which an indicator cannot be built: registers too, where its rows have no names of their own."""
    source = loaded.definition.source
    return {source.feed, *source.registers} if loaded.model is not None else {source.feed}


def _count_key(loaded: Loaded) -> str:
    definition, model = loaded.definition, loaded.model
    assert definition.period is not None
    assert model is not None
    period = f"{definition.period.start}/{definition.period.end}"
    rules = f" attribution {definition.attribution}" if definition.attribution else ""
    return f"{definition.source.feed} {model.id} {model.version} {period}{rules}"


def _timed(name: str, work: Callable[[], Json]) -> Json:
    """What `work` returns, with the stage and its seconds."""
    began = time.perf_counter()
    made = work()
    return {**made, "stage": {"name": name, "seconds": round(time.perf_counter() - began, 3)}}
