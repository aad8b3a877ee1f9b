"""Houses that several tests share: starting one takes seconds, and most tests only read. One that nobody will ask any
more is ended: its processes would look for news until the end of the run."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cli import demo
from cli.demonstration.sizes import SMALL_SPECIALTIES, Sizes
from tests.system.composed import Composed
from tests.system.house import ROOT, House
from tests.system.scheduling import ALONE, ByHouse, file_of, group_of, place

HERE: Final = Path(__file__).parent
NY = ROOT.parent / "shared" / "data" / "ny-cardiac"


NY_DATE: Final = "2026-09-30"
NY_INDICATORS: Final = tuple(
    f"ny-{name}-mortality"
    for name in ("all-pci", "non-emergency-pci", "emergency-pci", "cabg", "valve-or-valve-cabg", "tavr")
)
AnyHouse = House | Composed
SHARED: Final = ExitStack()
"""The houses that the tests of one group share (tests/system/scheduling.py)."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Before those that are not asked for (`-m`) are taken out. Asked for by itself, each test runs as ever."""
    ours = [item for item in items if item.path.parent == HERE]
    items[:] = [item for item in items if item.path.parent != HERE]
    items += sorted(ours, key=lambda item: place(item.nodeid))
    for item in ours:
        if file_of(item.nodeid) in ALONE:
            item.add_marker("alone")


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    if nextitem is None or group_of(item.nodeid) != group_of(nextitem.nodeid):
        SHARED.close()


def pytest_sessionfinish() -> None:
    """A run that is broken off tears no test down, and no terminal reaches a house."""
    SHARED.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByHouse:
    return ByHouse(config, log)


@dataclass(frozen=True)
class NewYork:
    """New York's file, loaded and published in a house. `told`: what `candour load` said of it."""

    house: AnyHouse
    told: dict[str, Any]
    release: str


def new_york(house: AnyHouse, ny: Path) -> NewYork:
    told = json.loads(house.candour("load", "ny-cardiac", str(ny / "hospital_2008_2015.csv"), "--json").stdout)
    return NewYork(house, told, house.publish(NY_DATE, *NY_INDICATORS))


@pytest.fixture(scope="session")
def ny() -> Path:
    if not NY.is_dir():
        pytest.skip("../shared/data/ny-cardiac is not beside this checkout")
    return NY


def standing(house: House) -> Iterator[House]:
    """`house` while a test runs, and down again with exit code 0."""
    house.up()
    try:
        yield house
    finally:
        code = house.down()
    assert code == 0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """An empty house with two gateways."""
    yield from standing(House(tmp_path_factory.mktemp("house"), gateways=2))


@pytest.fixture(scope="session")
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """Two gateways, and a published demonstration of 1,300 consultants (about a third of the full one)."""
    house = SHARED.enter_context(contextmanager(standing)(House(tmp_path_factory.mktemp("demo"), gateways=2)))
    sizes = Sizes(hospitals=60, consultants=1300, episodes=150_000)
    house.demo_release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=sizes)
    house.wait_published(house.demo_release)
    return house


@pytest.fixture(scope="session")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The production shape, empty at first: two gateways behind the proxy, on PostgreSQL."""
    return SHARED.enter_context(Composed(tmp_path_factory.mktemp("composed")))


@pytest.fixture(scope="session")
def composed_new_york(composed: Composed, ny: Path) -> NewYork:
    return new_york(composed, ny)


@pytest.fixture(scope="session")
def composed_demo(composed: Composed, request: pytest.FixtureRequest) -> Composed:
    """The production shape with a published demonstration of 300 consultants, after New York where that is there."""
    if NY.is_dir():
        request.getfixturevalue("composed_new_york")
    sizes = Sizes(hospitals=20, consultants=300, episodes=45_000, specialties=SMALL_SPECIALTIES)
    composed.demo_release = demo.load_into(composed.urls, composed.accounts, lambda _text: None, sizes=sizes)
    composed.wait_published(composed.demo_release)
    return composed


@pytest.fixture(scope="module", params=["embedded", "production"])
def shown_house(request: pytest.FixtureRequest) -> AnyHouse:
    """A published demonstration in each shape."""
    name = "demo_house" if request.param == "embedded" else "composed_demo"
    found: AnyHouse = request.getfixturevalue(name)
    return found
