"""The counts of methods 3, source by source, from the publishers' own files through ingest and our methods."""

import json
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from services.ratings.methods import METHOD_VERSION
from services.ratings.proof.__main__ import main
from services.ratings.proof.agreement import Agreement, Claim, Frames
from services.ratings.proof.proms import COUNT_ONLY, OXFORD
from services.ratings.proof.suite import Recipe, entries_of

ORDER = [
    "ny-cardiac", "nhs-shmi", "nhs-proms", "us-cms-star-rating", "us-cms-outcomes", "phe-prevalence",
    "us-medicare-az", "uk-cardiac-surgery", "ca-hospitals",
]  # fmt: skip


class Line(NamedTuple):
    """What a section of the specification says: words of the line, rows, how many must agree, how many do."""

    section: str
    source: str
    words: str
    rows: int
    required: int
    reached: int


SPECIFICATION = [
    Line("3.1", "ny-cardiac", "each statewide row", 31, 31, 31),
    Line("3.1", "ny-cardiac", "verdicts", 1578, 1578, 1578),
    Line("3.1", "ny-cardiac", "risk-adjusted rates", 1578, 1578, 1578),
    Line("3.1", "ny-cardiac", "lower limits", 1578, 1578, 1578),
    Line("3.1", "ny-cardiac", "upper limits", 1578, 1578, 1578),
    Line("3.1", "ny-cardiac", "CABG 2011", 41, 41, 41),
    Line("3.1", "ny-cardiac", "CABG 2003: adjusted rate = OMR / EMR", 37, 37, 37),
    Line("3.1", "ny-cardiac", "CABG 2003: adjusted rate from deaths", 37, 37, 37),
    Line("3.2", "nhs-shmi", "value", 1010, 1010, 1010),
    Line("3.2", "nhs-shmi", "99.8% limits: exact Poisson", 1010, 1010, 1010),
    Line("3.2", "nhs-shmi", "95% limits with overdispersion", 1010, 1010, 1010),
    Line("3.2", "nhs-shmi", "bands by the limits with overdispersion", 1010, 1010, 1010),
    Line("3.2", "nhs-shmi", "bands by the exact Poisson limits", 147, 147, 147),
    Line("3.2", "nhs-shmi", "phi, tau squared and the bands", 7, 7, 7),
    Line("3.3", "nhs-proms", "Oxford Hip Score: providers with the published records and", 82, 81, 81),
    Line("3.3", "nhs-proms", "EQ-5D Index", 87, 87, 87),
    Line("3.3", "nhs-proms", "EQ VAS", 91, 88, 88),
    Line("3.3", "nhs-proms", "all providers with the published record count", 100, 81, 81),
    Line("3.3", "nhs-proms", "outlier classes, hip replacement primary", 695, 695, 695),
    Line("3.3", "nhs-proms", "outlier classes, all procedures", 2861, 2858, 2858),
    Line("3.4", "us-cms-star-rating", "values of the five groups", 4536, 4536, 4536),
    Line("3.4", "us-cms-star-rating", "measures counted", 4536, 4536, 4536),
    Line("3.4", "us-cms-star-rating", "weights shared out", 4536, 4536, 4536),
    Line("3.4", "us-cms-star-rating", "summary value", 4536, 4536, 4536),
    Line("3.4", "us-cms-star-rating", "which hospitals are rated", 4536, 4536, 4536),
    Line("3.4", "us-cms-star-rating", "number of groups with three measures", 3355, 3355, 3355),
    Line("3.4", "us-cms-star-rating", "stars 1 to 5", 3355, 3355, 3355),
    Line("3.5", "us-cms-outcomes", "Better, Worse or No Different", 21544, 21544, 21544),
    Line("3.5", "phe-prevalence", "Wilson 95% limits", 240, 240, 240),
    Line("3.5", "phe-prevalence", "standard error", 240, 240, 240),
    Line("3.6", "us-medicare-az", "Poisson model", 8, 8, 8),
    Line("3.6", "us-medicare-az", "rows kept, phi, tau squared and hospitals outside", 14, 14, 14),
    Line("3.6", "us-medicare-az", "nine by name", 54, 54, 54),
    Line("3.6", "us-medicare-az", "two by name", 54, 54, 54),
    Line("3.7", "uk-cardiac-surgery", "risk model", 12, 12, 12),
    Line("3.7", "uk-cardiac-surgery", "six surgeons", 6, 6, 6),
    Line("3.7", "uk-cardiac-surgery", "CUSUM", 14, 14, 14),
    # the specification's 2,252 counted deaths of rows without cases into the condition's rate
    Line("3.8", "ca-hospitals", "ratings", 2327, 2262, 2262),
    Line("3.8", "ca-hospitals", "no row is rated Better", 2327, 2327, 2327),
]


@pytest.mark.parametrize("stated", SPECIFICATION, ids=lambda stated: f"{stated.section} {stated.words}")
def test_the_counts_of_the_specification(agreements: list[Agreement], stated: Line) -> None:
    [found] = [one for one in agreements if one.claim.source == stated.source and stated.words in one.claim.what]
    assert (found.rows, found.claim.required, found.reached) == stated[3:], found.why
    assert found.ok
    assert len(found.exceptions) == stated.rows - stated.reached


def test_no_line_is_left_out(agreements: list[Agreement]) -> None:
    assert len(agreements) == len(SPECIFICATION)
    assert list(dict.fromkeys(one.claim.source for one in agreements)) == ORDER


def test_every_exception_says_why(agreements: list[Agreement]) -> None:
    assert [one.claim.what for one in agreements if one.exceptions and not one.why] == []


def test_the_exceptions_by_name(agreements: list[Agreement]) -> None:
    named = {one.claim.what: set(one.exceptions) for one in agreements if one.claim.named}
    assert sorted(sorted(keys) for keys in named.values()) == [
        ["NT218 Total Hip Replacement Oxford Hip Score", "NT348 Total Hip Replacement EQ VAS",
         "NVC09 Total Hip Replacement Oxford Hip Score"],
        ["NT443", "RAE", "RBD"],
        ["RAP"],
    ]  # fmt: skip


def test_where_only_the_count_agrees_the_others_have_other_records(agreements: list[Agreement]) -> None:
    """RAP is the one provider with the same unadjusted gain; the other 18 have another."""
    exceptions = {one.claim: set(one.exceptions) for one in agreements}
    assert len(exceptions[COUNT_ONLY]) == 19
    assert exceptions[COUNT_ONLY] & exceptions[OXFORD.claim] == {"RAP"}
    assert COUNT_ONLY.of - OXFORD.claim.of == len(exceptions[COUNT_ONLY] - {"RAP"})


def test_the_specification_is_the_claims(recipes: list[Recipe]) -> None:
    claims: list[Claim] = [claim for recipe in recipes for claim in recipe.claims]
    assert sorted((one.source, one.of, one.required) for one in claims) == sorted(
        (stated.source, stated.rows, stated.required) for stated in SPECIFICATION
    )


def test_every_file_that_ingest_reads_is_compared(frames: Frames, recipes: list[Recipe]) -> None:
    assert entries_of(recipes) == sorted(frames)


def test_the_command_prints_the_table(
    folder: Path, agreements: list[Agreement], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder)]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table == {"method_version": METHOD_VERSION, "rows": [one.as_row() for one in agreements]}


def test_the_command_tells_what_is_not_there(
    tmp_path: Path, frames: Frames, capsys: pytest.CaptureFixture[str]
) -> None:
    frames["prevalence"].write_parquet(tmp_path / "prevalence.parquet")
    assert main([str(tmp_path)]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["source"] for row in rows if row["ok"]} == {"phe-prevalence"}
    assert {row["why"] for row in rows if row["source"] == "ca-hospitals"} == {"There is no california to compare."}


@pytest.mark.parametrize("arguments", [[], ["one", "two"], ["no-such-folder"]])
def test_the_command_without_a_folder(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("usage: ")


def test_the_order_of_rows_changes_nothing(frames: Frames, recipes: list[Recipe], agreements: list[Agreement]) -> None:
    shuffled: Frames = {entry: frame.sample(fraction=1.0, shuffle=True, seed=1) for entry, frame in frames.items()}
    assert all(isinstance(frame, pl.DataFrame) for frame in shuffled.values())
    found = {one.claim: (one.rows, one.reached, one.exceptions) for recipe in recipes for one in recipe.run(shuffled)}
    assert found == {one.claim: (one.rows, one.reached, one.exceptions) for one in agreements}
