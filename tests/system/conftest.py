"""Houses that several tests share: starting one takes seconds, and most tests only read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import demo
from cli.demonstration.sizes import Sizes
from tests.system.house import ROOT, House

NY = ROOT.parent / "shared" / "data" / "ny-cardiac"


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
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Two gateways, and a published demonstration of 1,300 consultants (about a third of the full one)."""
    for house in standing(House(tmp_path_factory.mktemp("demo"), gateways=2)):
        sizes = Sizes(hospitals=60, consultants=1300, episodes=150_000)
        house.demo_release = demo.load_into(house.urls, house.accounts, lambda _text: None, sizes=sizes)
        house.wait_published(house.demo_release)
        yield house
