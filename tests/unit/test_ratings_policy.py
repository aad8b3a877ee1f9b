"""The policy of disclosure: what its files may say, and that nothing is guessed."""

import shutil
from pathlib import Path

import pytest

from services.ratings.disclosure import Policy
from services.ratings.indicators.loading import FileRefused, load_catalogue
from services.ratings.policy.loading import FOLDER, Disclosure, load_disclosure, pinned_of

CATALOGUE = load_catalogue()
TOTAL = """
[[totals]]
indicator = "vascular-surgery-mortality-30d"
period = "2023-04_2026-03"
node = "ZZ001"
measure = "cases"
value = 412
rounding = 5
source = "Annual report, table 3"
dated = 2026-06-30
"""


def load(folder: Path, *, demonstration: bool = True) -> Disclosure:
    return load_disclosure(folder, CATALOGUE, demonstration=demonstration)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("disclosure.toml", "external_totals.toml"):
        shutil.copy(FOLDER / name, tmp_path / name)
    return tmp_path


def changed(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new))


def test_what_is_shipped_are_the_defaults_of_the_rule(folder: Path) -> None:
    found = load(folder)
    assert found.policy == Policy()
    assert found.externals == ()
    assert found.nodes("vascular-surgery-mortality-30d", "2023-04_2026-03") == frozenset()


def test_a_file_that_nobody_has_verified_serves_demonstrations_only(folder: Path) -> None:
    with pytest.raises(FileRefused, match="nobody has verified"):
        load(folder, demonstration=False)
    changed(folder, "disclosure.toml", 'version = "2026.2"', 'version = "2026.2"\nverified_by = "second analyst"')
    assert load(folder, demonstration=False).settled.verified_by == "second analyst"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("k = 1 ", "k = -1 "), ("p = 0.2 ", "p = nan "), ("cases = 10.0", "cases = -1.0"), ("cases = 10.0, ", ""),
        ('protect = "totals"', 'protect = "nobody"'), ("max_hidden = 1.0", "max_hidden = 1.5"),
        ("small = 10", "tiny = 10"), ("small = 10", "small = 10.5"), ("dated = 2026-07-01", 'dated = "soon"'),
        ("k = 1 ", "k = = 1 "),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_meant_stops_the_service(folder: Path, old: str, new: str) -> None:
    changed(folder, "disclosure.toml", old, new)
    with pytest.raises(FileRefused, match=r"disclosure\.toml"):
        load(folder)


def test_a_missing_file_is_not_taken_for_an_empty_one(folder: Path) -> None:
    (folder / "external_totals.toml").unlink()
    with pytest.raises(FileRefused, match=r"external_totals\.toml"):
        load(folder)


def test_totals_of_others_are_known_by_indicator_and_period(folder: Path) -> None:
    before = load(folder)
    changed(folder, "external_totals.toml", "totals = []", TOTAL)
    found = load(folder)
    assert found.nodes("vascular-surgery-mortality-30d", "2023-04_2026-03") == {"ZZ001"}
    assert found.nodes("vascular-surgery-mortality-30d", "2020-04_2023-03") == frozenset()
    assert found.digest("rule") != before.digest("rule") != before.digest("another rule")
    for old, new in (("vascular", "no-such"), ("value = 412", "value = -1"), ('"cases"', '"deaths"')):
        changed(folder, "external_totals.toml", old, new)
        with pytest.raises(FileRefused, match=r"external_totals\.toml"):
            load(folder)
        changed(folder, "external_totals.toml", new, old)


def test_what_a_release_keeps_of_it_can_be_read_again(folder: Path) -> None:
    changed(folder, "external_totals.toml", "totals = []", TOTAL)
    found = load(folder)
    kept = pinned_of(found.pinned("2026.2"))
    assert kept is not None
    assert (kept.rule, kept.settled, tuple(kept.externals)) == ("2026.2", found.settled, found.externals)
    assert kept.nodes("vascular-surgery-mortality-30d", "2023-04_2026-03") == {"ZZ001"}
    assert pinned_of(None) is None
