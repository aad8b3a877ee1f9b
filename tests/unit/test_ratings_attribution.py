"""Whose case it is: the rules as a pure function, and the file that says them."""

from pathlib import Path

import polars as pl
import pytest

from services.ratings.casemix.attribution import NotTold, attributed, how_decided, moved_cases
from services.ratings.indicators.attribution_rules import Attribution, parse_attribution
from services.ratings.indicators.loading import FOLDER, POLICIES, FileRefused, load_catalogue

TEXT = (POLICIES / "attribution.toml").read_text()
RULES = parse_attribution(TEXT)
SCHEMA = {
    "episode": pl.String, "consultant": pl.String, "consultant_grade": pl.String, "second_consultant": pl.String,
    "second_role": pl.String,
}  # fmt: skip
# first operator, grade, second, role -> responsible, rule, involved
DECISIONS = [
    ("A", "consultant", None, None, "A", "first-operator", None),
    ("A", "consultant", "B", "operated", "A", "first-operator", "B"),
    ("A", "consultant", "B", "assisted", "A", "first-operator", "B"),
    ("A", "consultant", "B", "supervised", "A", "first-operator", "B"),
    ("A", "consultant", "B", None, "A", "first-operator", "B"),
    ("A", "consultant", "A", "operated", "A", "first-operator", None),
    ("T", "trainee", "B", "supervised", "B", "supervisor", None),
    ("T", "other", "B", "supervised", "B", "supervisor", None),
    ("T", "trainee", "B", "assisted", None, "unsupervised", "B"),
    ("T", "trainee", "B", None, None, "unsupervised", "B"),
    ("T", "trainee", "T", "supervised", None, "unsupervised", None),
    ("T", "trainee", None, "supervised", None, "unsupervised", None),
    ("T", "other", None, None, None, "unsupervised", None),
    ("A", None, None, None, None, "not-told", None),
    ("A", None, "B", "supervised", None, "not-told", "B"),
    (None, "consultant", "B", "operated", None, "not-told", "B"),
    (None, None, None, None, None, "not-told", None),
    (None, "trainee", "B", "supervised", None, "not-told", "B"),
]


def episodes(rows: list[tuple[str | None, ...]] | None = None) -> pl.DataFrame:
    told = DECISIONS if rows is None else rows
    return pl.DataFrame([(f"E{number}", *row[:4]) for number, row in enumerate(told)], schema=SCHEMA, orient="row")


def decided(frame: pl.DataFrame, rules: Attribution = RULES) -> pl.DataFrame:
    return attributed(frame.lazy(), rules, frame.columns).collect()


def test_every_case_is_decided_by_the_first_rule_that_holds() -> None:
    found = decided(episodes())
    assert found.select("consultant", "attributed_by", "involved").rows() == [row[4:] for row in DECISIONS]


def test_no_case_comes_or_goes_and_none_counts_twice() -> None:
    found = decided(episodes())
    assert found["episode"].to_list() == episodes()["episode"].to_list()
    both = found.filter(pl.col("consultant") == pl.col("involved"))
    assert both.is_empty()


def test_how_cases_were_decided_adds_up_to_all_of_them() -> None:
    frame = episodes()
    told = how_decided(attributed(frame.lazy(), RULES, frame.columns), RULES)
    assert told["cases"].sum() == frame.height
    assert told.select("rule", "responsible").rows() == [
        ("first-operator", "first"), ("supervisor", "second"), ("unsupervised", "nobody"), ("not-told", "nobody"),
    ]  # fmt: skip


def test_a_rule_without_a_case_is_told_with_none() -> None:
    frame = episodes([("A", "consultant", None, None)])
    assert how_decided(attributed(frame.lazy(), RULES, frame.columns), RULES)["cases"].to_list() == [1, 0, 0, 0]


def test_a_feed_that_names_one_consultant_is_read_as_it_was() -> None:
    frame = episodes().select("episode", "consultant").lazy()
    assert attributed(frame, None, ["episode", "consultant"]) is frame


def test_two_operators_without_rules_and_rules_without_operators_are_refused() -> None:
    frame = episodes()
    with pytest.raises(NotTold, match="by which rules"):
        attributed(frame.lazy(), None, frame.columns)
    for missing in ("consultant_grade", "second_consultant", "second_role"):
        with pytest.raises(NotTold, match=missing):
            decided(frame.drop(missing))


def test_cases_that_changed_hands_are_counted_by_pair() -> None:
    before = pl.DataFrame({"episode": ["1", "2", "3", "4", "5"], "consultant": ["A", "A", "B", None, "C"]})
    after = pl.DataFrame({"episode": ["5", "1", "2", "3", "4", "6"], "consultant": [None, "B", "B", "B", "A", "A"]})
    assert moved_cases(before, after).rows() == [("A", "B", 2), ("C", None, 1), (None, "A", 1)]
    assert moved_cases(before, before).is_empty()


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('when = {}\nresponsible = "nobody"', 'when = {}\nresponsible = "first"', "may be absent"),
        ('when = {}\nresponsible = "nobody"', 'when = { first = "absent" }\nresponsible = "nobody"', "the last rule"),
        ('when = { first = "named", grade = ["consultant"] }', 'when = { grade = ["consultant"] }', "may be absent"),
        ('grade = ["consultant"]', 'grade = ["surgeon"]', "grade"),
        ('id = "supervisor"', 'id = "not-told"', "one id"),
        ('second_role = ["supervised"]', "second_role = []", "second_role"),
        ('named_beside = "most_cases"', 'named_beside = "latest"', "most_cases"),
    ],
)
def test_a_file_that_says_something_else_is_refused(old: str, new: str, why: str) -> None:
    assert TEXT.count(old) == 1
    with pytest.raises(ValueError, match=why):
        parse_attribution(TEXT.replace(old, new))


def with_rules(folder: Path, version: str) -> Path:
    (folder / "models").mkdir(parents=True)
    model = "models/thirty-day-mortality.toml"
    (folder / model).write_bytes((FOLDER / model).read_bytes())
    name = "vascular-surgery-mortality-30d.toml"
    text = (FOLDER / name).read_text()
    (folder / name).write_text(text.replace("units = [", f'attribution = "{version}"\nunits = [', 1))
    return folder


def test_an_indicator_names_the_version_of_the_rules_and_their_file_is_among_its_own(tmp_path: Path) -> None:
    (loaded,) = load_catalogue(with_rules(tmp_path / "one", RULES.version)).indicators.values()
    assert loaded.attribution == RULES
    assert loaded.files["policy/attribution.toml"].startswith("sha256:")
    with pytest.raises(FileRefused, match="of version 1999"):
        load_catalogue(with_rules(tmp_path / "two", "1999"))
    with pytest.raises(FileRefused, match=r"attribution\.toml"):
        load_catalogue(tmp_path / "one", tmp_path)


def test_indicators_that_name_no_rules_have_no_file_of_them() -> None:
    for loaded in load_catalogue().indicators.values():
        assert loaded.attribution is None
        assert not any("attribution" in name for name in loaded.files)
