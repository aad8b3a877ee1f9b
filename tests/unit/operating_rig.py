"""An invented audit whose form asks who operated: its cases, the counts of somebody else, and two indicators of it.

Of vascular surgery 2,376 operations: one consultant moves, others operate together, trainees are supervised or are not,
and hospitals send more or less of their cases.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlmodel import select

from services.ingest.pseudonyms import KEY as PSEUDONYMS
from services.ratings.indicators.loading import FOLDER
from services.ratings.models.memory import KeyringRow
from services.ratings.workflow.office import Clock, wall_clock
from shared.kit.secretfiles import make_secret
from tests.stores import Stores
from tests.unit.test_ratings_rig import Rig, rig_in, small_world

VASCULAR: Final = "vascular-surgery-mortality-30d"
SPECIALTY: Final = "vascular-surgery"
EPISODES, COUNTS = "audit-episodes", "audit-expected-cases"
MODEL: Final = "models/thirty-day-mortality.toml"
MOVER, FIRST, SECOND, SUPERVISOR, CARELESS = "9900029", "9900025", "9900026", "9900033", "9900040"
TRAINEE: Final = "9800001"
OLD_UNIT, NEW_UNIT = "ZZ005", "ZZ002"
MOVED, TOGETHER, SUPERVISED, UNSUPERVISED, NOT_TOLD = 100, 20, 10, 5, 1
PERIOD: Final = (date(2023, 4, 1), date(2026, 3, 31))
ALMOST, LOW, UNCOUNTED, ABOVE = "ZZ001", "ZZ012", "ZZ005", "ZZ008"
COUNTED: Final = {ALMOST: 664, LOW: 520, ABOVE: 200}
"""Cases that somebody else has counted, of hospitals that did not send as many; UNCOUNTED has no count."""
PARTNERS: Final = bytes([2]) * 32
"""With it ZZ010 is hidden beside the hospital of whoever is not named: not one of the hospitals above."""
REGISTERS: Final = ("candour-demo-providers", "candour-demo-consultants")


def indicators_in(folder: Path, minimum: str = "0.8", attribution: str = 'attribution = "2026.1"') -> Path:
    """The packaged indicator of vascular surgery, on the audit's own feed, as the only one."""
    (folder / "models").mkdir(parents=True)
    (folder / MODEL).write_bytes((FOLDER / MODEL).read_bytes())
    text = (FOLDER / f"{VASCULAR}.toml").read_text()
    for old, new in (
        ('feed = "candour-demo"\n', f'feed = "{EPISODES}"\nexpected_counts = "{COUNTS}"\n'),
        ("minimum_power = 0.5 }", f"minimum_power = 0.5, minimum_ascertainment = {minimum} }}"),
        ("units = [", f"{attribution}\nunits = ["),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / f"{VASCULAR}.toml").write_text(text)
    return folder


def cases() -> pl.DataFrame:
    """As the hospitals sent them at first: the columns of the source, every operator a consultant but for the few."""
    own = small_world().episodes.filter(pl.col("specialty") == SPECIALTY).sort("date", "episode")
    nth = pl.int_range(pl.len()).over("consultant")
    last = pl.len().over("consultant") - nth
    who = pl.col("consultant")

    def some(consultant: str, count: int, after: int = 0) -> pl.Expr:
        return (who == consultant) & (nth >= after) & (nth < after + count)

    alone, untold = some(CARELESS, UNSUPERVISED), some(CARELESS, NOT_TOLD, UNSUPERVISED)
    supervised, together = some(SUPERVISOR, SUPERVISED), some(FIRST, TOGETHER)
    told = own.with_columns(
        pl.when((who == MOVER) & (last <= MOVED)).then(pl.lit(NEW_UNIT)).otherwise("provider").alias("provider"),
        pl.when(supervised | alone).then(pl.lit(TRAINEE)).otherwise(who).alias("operator"),
        pl.when(supervised | alone).then(pl.lit("trainee")).when(~untold).then(pl.lit("consultant"))
        .alias("consultant_grade"),
        pl.when(together).then(pl.lit(SECOND)).when(supervised).then(who).alias("second_consultant"),
        pl.when(together).then(pl.lit("operated")).when(supervised).then(pl.lit("supervised")).alias("second_role"),
        (pl.lit("P") + pl.col("episode").str.slice(3)).alias("patient"),
    )  # fmt: skip
    return told.select(
        "episode", "patient", "provider", "specialty", "date", pl.col("operator").alias("consultant"),
        "consultant_grade", "second_consultant", "second_role", "age_band", "sex", "urgency", "comorbidity",
        "died_30_days",
    )  # fmt: skip


def expected_counts(sent: pl.DataFrame, **other: int) -> pl.DataFrame:
    """As many as were sent, but for those of COUNTED and `other`; none of UNCOUNTED."""
    counted = sent.group_by("provider", "specialty").agg(pl.len().alias("cases")).sort("provider")
    told = {**COUNTED, **other}
    cases = [told.get(unit, number) for unit, number in counted.select("provider", "cases").iter_rows()]
    dated = counted.with_columns(
        pl.Series("cases", cases), pl.lit(PERIOD[0]).alias("period_start"), pl.lit(PERIOD[1]).alias("period_end")
    )
    return dated.filter(pl.col("provider") != UNCOUNTED).select(
        "provider", "specialty", "period_start", "period_end", "cases"
    )


def declare_ground(rig: Rig) -> None:
    """Nobody in it exists; rows of patients are not taken before somebody has said why they may be."""
    ground: dict[str, Any] = {"kind": "synthetic", "instrument": "Made by the tests: nobody in it exists"}
    said = rig.ingest.put(f"/v1/feeds/{EPISODES}", json=ground, headers={"If-Match": '"0"'}, auth=rig.person("steward"))
    assert said.status_code == 200, said.text


def load_audit(rig: Rig, sent: pl.DataFrame, counts: pl.DataFrame | None = None) -> None:
    world = small_world()
    rig.send("candour-demo-providers", world.providers.write_csv().encode())
    rig.send("candour-demo-consultants", world.consultants.write_csv().encode())
    declare_ground(rig)
    rig.send(EPISODES, sent.write_csv().encode())
    if counts is not None:
        rig.send(COUNTS, counts.write_csv().encode())
    rig.import_csv("register", world.register)
    rig.import_csv("returns", world.returns)


@contextmanager
def audit_in(
    folder: Path, stores: Stores, clock: Clock = wall_clock, policy: str = "demonstration", **files: str
) -> Iterator[Rig]:
    """The services with the indicator and no data. `files`: what its file says, as `indicators_in`."""
    make_secret(folder, PSEUDONYMS)
    indicators = indicators_in(folder / "indicators", **files)
    with rig_in(folder, stores, clock, policy, indicators_dir=indicators) as rig:
        order_partners_by(rig, PARTNERS)
        yield rig


def order_partners_by(rig: Rig, key: bytes) -> None:
    """Who of several is hidden for somebody else is drawn by a key of the service: here always the same, so that a
    test knows who is shown."""
    with rig.office.store.transaction() as tx:
        ring = tx.session.exec(select(KeyringRow)).one()
        ring.partner_order = key
        tx.session.add(ring)


def results(rig: Rig, release: str, level: str) -> dict[str, dict[str, Any]]:
    """By subject, the rows that people approve."""
    with rig.office.store.reading() as tx:
        frame = rig.office.frames.load(tx.release(release).parts["results"])
    return {row["subject"]: row for row in frame.filter(pl.col("level") == level).iter_rows(named=True)}


def shown(rig: Rig, release: str, level: str) -> dict[str, dict[str, Any]]:
    """By subject, the rows that gateways hold."""
    rows = rig.table(release, "rows").filter(pl.col("level") == level)
    return {row["consultant_id"] or row["provider_id"]: row for row in rows.iter_rows(named=True)}


def check(rig: Rig, release: str, name: str) -> dict[str, Any]:
    (found,) = (one for one in rig.gate(release)["checks"] if one["check"] == name)
    answer: dict[str, Any] = found
    return answer
