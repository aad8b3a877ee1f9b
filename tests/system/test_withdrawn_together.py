"""One, two and three people of one unit withdraw at once. Whoever reads everything from the acknowledgement on, while
gateways hide and new views come, can work out none of them: by the rule's own measure, and by the audit's, which knows
nothing of the rule's code.
"""

import csv
import io
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from cli.recording import withdrawal
from services.ratings.disclosure import Cell, Decision, Memory, Table, Widths, unsafe
from tests.system.house import CANDOUR, ROOT, House
from tests.system.twins import Person, cells_of, copied, publish, service, wait_for_view, with_a_draft

Unit = tuple[str, str]  # indicator, provider


@dataclass
class Reading:
    """Who and what one whole answer showed, and when it was asked for."""

    asked: float
    people: frozenset[tuple[str, str]]
    units: frozenset[Unit]


@dataclass
class Reader:
    """Reads all results of a release again and again, and keeps what it was shown."""

    house: House
    release: str
    readings: list[Reading] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            with self.house.reader() as reader:
                while not self.stopping.is_set():
                    with suppress(httpx.RemoteProtocolError, httpx.ReadError):  # an answer cut off by a withdrawal
                        self._read(reader)
        except BaseException as error:
            self.failures.append(error)

    def _read(self, reader: httpx.Client) -> None:
        asked = time.monotonic()
        answer = reader.get(f"/v1/releases/{self.release}/results.csv")
        if answer.status_code == 503:  # the barrier could not ask consent: nobody was told anything
            return
        rows = list(csv.DictReader(io.StringIO(answer.raise_for_status().text)))
        shown = [
            (row["level"], row["indicator_id"], row[f"{row['level']}_id"])
            for row in rows
            if row["status"] == "published"
        ]
        self.readings.append(
            Reading(
                asked,
                frozenset((indicator, who) for level, indicator, who in shown if level == "consultant"),
                frozenset((indicator, where) for level, indicator, where in shown if level == "provider"),
            )
        )

    def stop(self) -> None:
        self.stopping.set()
        self.thread.join(60)
        assert not self.failures, self.failures


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    folder = tmp_path_factory.mktemp("together")
    (folder / "source").mkdir()
    release = with_a_draft(folder / "source")
    house = copied(folder / "source", folder / "house")
    try:
        publish(house, release)
        yield house, release
    finally:
        assert house.down() == 0


def table_of(house: House, release: str, indicator: str) -> Table:
    cells = cells_of(house, release).filter(indicator=indicator)
    columns = ("consultant", "provider", "cases", "observed", "expected")
    return Table(
        tuple(Cell(who, unit, tuple(map(float, sizes))) for who, unit, *sizes in cells.select(columns).iter_rows())
    )


def judged(table: Table, indicator: str, secret: str, secrets: frozenset[str], readings: list[Reading]) -> list[str]:
    """The measures in which a secret is not safe from whoever has these answers, all of them together."""
    people = {who for one in readings for kind, who in one.people if kind == indicator}
    units = {where for one in readings for kind, where in one.units if kind == indicator}
    state = Decision(table.people - people, (table.units - units,))
    found = unsafe([table], secrets, state, Memory(), Widths())
    return sorted({measure for _, who, _, measure in found if who == secret})


@pytest.mark.parametrize("many", [1, 2, 3])
def test_nobody_is_to_be_had_from_all_that_is_told_from_the_acknowledgement_on(
    shown: tuple[House, str], tmp_path: Path, many: int
) -> None:
    house, release = shown
    reader = Reader(house, release)
    reader.thread.start()
    indicator, unit = _unit(house, release, many)
    table = table_of(house, release, indicator)
    people = [Person(who, indicator) for who in sorted(table.people_in(unit))[:many]]
    officer, acknowledged, revision = service(house, "consent", "officer"), {}, 0
    for one in people:
        revision = int(withdrawal(officer, one.gmc, one.programme)["revision"])
        acknowledged[one.gmc] = time.monotonic()
    saved = tmp_path / "at-once.json"
    audited = many == 3  # the independent audit takes a minute each time: of the hardest of the three
    reports = [_audited(house, release, tmp_path, "--save", str(saved))] if audited else []
    wait_for_view(house, release, revision)
    reports += [_audited(house, release, tmp_path, "--since", str(saved))] if audited else []
    at = len(reader.readings)
    until = time.monotonic() + 60
    while len(reader.readings) < at + 3:
        assert time.monotonic() < until, "the reader reads nothing"
        time.sleep(0.05)
    reader.stop()
    secrets = _secrets(house, release, indicator, tmp_path)
    for who, since in acknowledged.items():
        later = [one for one in reader.readings if one.asked > since]
        assert len(later) >= 3
        assert not any((indicator, who) in one.people for one in later)
        assert judged(table, indicator, who, secrets, later) == []
        everything = judged(table, indicator, who, secrets, reader.readings)
        assert everything, "a reading from before the withdrawal shows the figures themselves: the judge is not blind"
    for report in reports:
        assert report["findings"] == []


def _unit(house: House, release: str, many: int) -> Unit:
    """Another team each time, with more people than withdraw."""
    teams = cells_of(house, release).group_by("indicator", "provider").len().sort("indicator", "provider")
    found = [(indicator, unit) for indicator, unit, people in teams.iter_rows() if people == many + 2]
    return found[many % len(found)]


def _roster(house: House, release: str, folder: Path) -> Path:
    file = folder / "roster.csv"
    file.write_text(house.run("release", "roster", release).stdout)
    return file


def _secrets(house: House, release: str, indicator: str, folder: Path) -> frozenset[str]:
    lines = csv.DictReader(_roster(house, release, folder).open())
    return frozenset(row["consultant"] for row in lines if row["indicator"] == indicator and row["secret"] == "yes")


def _audited(house: House, release: str, folder: Path, *options: str) -> dict[str, list[object]]:
    """The report of the independent audit, of what a gateway tells now and of what was kept before."""
    roster = _roster(house, release, folder)
    done = subprocess.run(
        [*CANDOUR, "audit-disclosure", house.url(), "--roster", str(roster), "--single", "20", "--json", *options],
        cwd=ROOT, env=house.environment(), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, list[object]] = json.loads(done.stdout)
    return report
