"""A withdrawal in the whole demonstration (3,500 consultants, 510,000 episodes), with three releases that can be read:
how long until a gateway shows new, minimal views of all of them, and how long the gateway takes to hide what must go at
once. And what the rule costs that country.

Through running services: `candour up` with one gateway. Hiding is measured on that gateway's own compiled views, one
key after the other, in all three releases, as `Live.apply` does it: on the clock, and in time of a processor, which
tells what a gateway does from what it waits for where others have the processor just then.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import polars as pl
from rich.table import Table

from benchmarks.load.job import percentile
from benchmarks.outcome import Outcome
from cli import demo, release, releasing
from cli.calls import Service
from cli.demonstration.sizes import Sizes
from cli.recording import withdrawal
from services.gateway.view.queries import ViewRows
from tests.system.history import Person, people_of
from tests.system.house import House

LIMITS: Final = {
    "new views of three releases, most / 10 s": "at most 1",
    "hiding at once in three releases, most / 5 ms": "at most 1",
}
RELEASES: Final = 3
WITHDRAWALS: Final = 10
HIDDEN: Final = 500
PATIENCE_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.02


def run(sizes: Sizes | None = None) -> Outcome:
    """Ratios: each over its limit."""
    with tempfile.TemporaryDirectory() as name:
        house = House(Path(name))
        house.up()
        try:
            releases = list(_published(house, sizes or Sizes()))
            with house.reader() as reader:
                people = people_of(reader, releases[-1])
            costs = _costs(house)
            views = [_withdrawn(house, one, releases) for one in people[:WITHDRAWALS]]
            hiding = _hidden(house)
        finally:
            house.down()
    clock, processor = zip(*hiding, strict=True)
    ratios = dict(zip(LIMITS, (max(views) / 10, max(clock) / 5), strict=True))
    figures = {
        "required": LIMITS, "costs": costs, "seconds until new views are shown": sorted(views),
        "milliseconds to hide": {
            "median": percentile(clock, 0.5), "p99": percentile(clock, 0.99), "most": max(clock),
            "most of a processor": max(processor), "keys": len(hiding),
        },
    }  # fmt: skip
    return Outcome("minimal_view", ratios, figures, [_table(costs, views, clock, processor)])


def _service(house: House, name: str, account: str) -> Service:
    return Service(name, account, house.accounts[account], house.url(name))


def _published(house: House, sizes: Sizes) -> Iterator[str]:
    first = demo.load_into(house.urls, house.accounts, lambda _: None, sizes=sizes)
    house.wait_published(first)
    yield first
    for number in range(1, RELEASES):
        draft = release.new_draft(_service(house, "ratings", "analyst"), f"again-{number}", first[:10], None)
        name = str(draft["release"])
        releasing.take_through(lambda account: _service(house, "ratings", account), name, demo.TITLE, demo.NOTE)
        house.wait_published(name)
        yield name


def _withdrawn(house: House, person: Person, releases: list[str]) -> float:
    """Seconds from the acknowledgement until the gateway's live views of all releases know it."""
    programme = person.indicator.removesuffix("-mortality-30d") + "-consultant-outcomes"
    revision = withdrawal(_service(house, "consent", "officer"), person.gmc, programme)["revision"]
    began = time.perf_counter()
    while not _known(house, int(revision), len(releases)):
        assert time.perf_counter() - began < PATIENCE_SECONDS, "there is no new view"
        time.sleep(LOOK_SECONDS)
    return time.perf_counter() - began


def _known(house: House, revision: int, releases: int) -> bool:
    index = house.data / "gateway" / "views" / "index.json"
    found = pl.read_json(index)["views"][0]
    return len(found) == releases and all(one["consent_revision"] >= revision for one in found)


def _costs(house: House) -> dict[str, Any]:
    """Of the newest release, from the view and the frames that it was baked from."""
    index = pl.read_json(house.data / "gateway" / "views" / "index.json")["views"][0]
    newest = max(index, key=lambda one: str(one["release"]))
    folder = house.data / "ratings" / "views" / newest["release"] / newest["manifest_sha256"]
    rows = pl.read_parquet(folder / "rows.parquet").filter(pl.col("partition").is_not_null())
    with_people = rows.filter(level="consultant")["indicator_id"].unique()
    units = rows.filter((pl.col("level") == "provider") & pl.col("indicator_id").is_in(with_people.to_list()))
    shown = rows.filter(level="consultant")
    roster = _roster(house, newest["release"])
    secret, people = roster.filter(secret="yes"), roster.select("indicator", "consultant").n_unique()
    secrets = secret.select("indicator", "consultant").n_unique()
    return {
        "units": units.height, "units with a secret": secret.select("indicator", "provider").n_unique(),
        "people": people, "secrets": secrets, "partners hidden": people - secrets - shown.height,
        "totals withheld": units.filter(status="not_published").height,
        "totals suppressed": units.filter(status="suppressed").height,
        "share of totals fixed": round(units.filter(partition="fixed").height / units.height, 3),
    }  # fmt: skip


def _roster(house: House, name: str) -> pl.DataFrame:
    answer = _service(house, "ratings", "steward").ask("GET", f"/v1/releases/{name}/roster")
    return pl.read_csv(answer.content, infer_schema=False)


def _hidden(house: House) -> list[tuple[float, float]]:
    """Milliseconds that each of many keys takes in every live view, on the clock and of a processor, on connections
    that have hidden nothing yet."""
    views = [ViewRows(path) for path in sorted((house.data / "gateway" / "views").glob("*/*/view.sqlite"))]
    keys = [one[0] for one in views[0].connection.execute("select distinct key from quarantine order by key")]
    took = []
    for key in keys[:: max(1, len(keys) // HIDDEN)]:
        for view in views:
            view.connection.execute("delete from temp.hidden")
        began, used = time.perf_counter(), time.thread_time()
        for view in views:
            view.hide([key])
        took.append(((time.perf_counter() - began) * 1000, (time.thread_time() - used) * 1000))
    for view in views:
        view.close()
    return took


def _table(costs: dict[str, Any], views: list[float], clock: Sequence[float], processor: Sequence[float]) -> Table:
    table = Table("what", "how much", title="A withdrawal in the whole demonstration, three releases")
    for name, value in costs.items():
        table.add_row(name, str(value))
    table.add_row("new views shown after, s: median, most", f"{percentile(views, 0.5):.1f}, {max(views):.1f}")
    table.add_row("hidden at once, ms: median, most", f"{percentile(clock, 0.5):.2f}, {max(clock):.2f}")
    table.add_row("of a processor, ms: most", f"{max(processor):.2f}")
    return table
