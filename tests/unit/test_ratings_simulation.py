"""The simulator: every rule's verdict where the truth is known, and that a wrong rule is seen to be wrong.

CI draws little (`small`); CANDOUR_SIMULATION=full draws as much as the recorded run.
"""

import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import orjson
import pytest
from scipy.stats import t

from cli.pictures.simulation import PICTURES
from cli.simulate import SEED, print_report, write_worlds
from services.ratings.indicators.loading import FileRefused, parse_indicator
from services.ratings.methods.arrays import FloatArray, IntArray, TextArray
from services.ratings.methods.dispersion_limits import additive_test
from services.ratings.methods.funnel import positions
from services.ratings.methods.levels import CONTROL, WARNING
from services.ratings.methods.overdispersion import DispersionRows, dispersion_ratio
from services.ratings.methods.poisson_binomial import poisson_binomial
from services.ratings.simulation import __main__ as program
from services.ratings.simulation.false_alarms import measure
from services.ratings.simulation.lines import Line, Verdict
from services.ratings.simulation.own_case_levels import mass
from services.ratings.simulation.place_coverage import WORLDS
from services.ratings.simulation.promises import promised_share, winsorised_variance
from services.ratings.simulation.report import simulated
from services.ratings.simulation.rules import Rule, dispersion_rules
from services.ratings.simulation.run_lengths import Chart, RiskMix, charted
from services.ratings.simulation.sizes import SIZES
from services.ratings.simulation.truth import WorldUnreadable, worlds_in
from services.ratings.simulation.worlds import SETTINGS, drawn
from tests.unit.test_ratings_indicators import DEMO, NEW_YORK, changed, text_of

SIZE = os.environ.get("CANDOUR_SIMULATION", "small")
OURS = ("count_tails_all", "count_tails_winsorised_10_consistent")
SETTING = {setting.name: setting for setting in SETTINGS}
SPREAD, NULL = SETTING["additive_log_normal_0.2"], SETTING["null"]


def quiet(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("worlds")
    write_worlds(folder, SIZE, SEED)
    made = {"size": SIZE, **simulated(folder, SIZES[SIZE], SEED, quiet)}
    document: dict[str, Any] = json.loads(orjson.dumps(made))
    return document


def lines_of(report: dict[str, Any], **wanted: str) -> Iterator[dict[str, Any]]:
    yield from (line for line in report["lines"] if all(line[name] == value for name, value in wanted.items()))


def test_nothing_is_off(report: dict[str, Any]) -> None:
    off = [(line["rule"], line["world"], line["figure"], line["measured"]) for line in lines_of(report, verdict="off")]
    assert off == []
    assert report["ok"]


@pytest.mark.parametrize("rule", OURS)
def test_the_rules_of_our_own_indicators_hold_their_levels(report: dict[str, Any], rule: str) -> None:
    """Under the null, under gamma and under log-normal spread, at 65 and at 8 expected events."""
    promised = [line for line in lines_of(report, part="dispersion", rule=rule) if line["promised"] is not None]
    assert {line["world"] for line in promised} >= {
        "null",
        "additive_gamma_0.2",
        "additive_log_normal_0.2",
        "small_null",
    }
    assert {line["verdict"] for line in promised} <= {"kept", "conservative", "above_nominal_within_price"}
    assert all(0 < line["error"] < 0.01 for line in promised)


@pytest.mark.parametrize("rows", ["truncated_deciles", "winsorised_10"])
@pytest.mark.parametrize("rule", ["count_tails_{}", "log_{}_additive", "square_root_{}_additive"])
def test_uncorrected_trimming_is_off_wherever_true_ratios_spread(report: dict[str, Any], rule: str, rows: str) -> None:
    for world in ("additive_log_normal_0.2", "additive_gamma_0.2"):
        lines = list(lines_of(report, part="dispersion", rule=rule.format(rows), world=world))
        assert [line["verdict"] for line in lines] == ["off_for_reproduction_only"] * 2


def test_every_rule_that_an_indicator_may_name_is_measured_in_every_world(report: dict[str, Any]) -> None:
    measured = {(line["rule"], line["world"]) for line in lines_of(report, part="dispersion")}
    rules = {rule.name for rule in dispersion_rules()}
    assert len(rules) == 5 + 2 * (4 * 2 + 1)
    assert measured == {(rule, world) for rule in rules for world in SETTING}


def test_the_printed_figures_are_found_again(report: dict[str, Any]) -> None:
    """Section 2.4 of the method page: four shares where true ratios spread by .2, two finds, and the null."""
    lines = list(lines_of(report, part="published"))
    assert len(lines) == 10
    assert {line["verdict"] for line in lines} == {"kept"}


def test_exact_levels_are_within_their_bounds_and_target_limits_are_not(report: dict[str, Any]) -> None:
    worst = list(lines_of(report, part="volume", world="0.5 to 200 expected events"))
    off = {line["rule"] for line in worst if line["verdict"] != "kept"}
    assert off == {"target_exact_poisson", "log_none", "square_root_none"} | (
        {"interval_byar"} if SIZE == "full" else off & {"interval_byar"}
    )
    own = list(lines_of(report, part="volume", rule="own_cases"))
    assert len(own) == 40
    assert {line["verdict"] for line in own} == {"kept"}


def test_own_cases_find_more_than_a_poisson_count_of_the_same_mean(report: dict[str, Any]) -> None:
    def finds(rule: str) -> dict[str, float]:
        return {line["world"]: line["measured"] for line in lines_of(report, part="detection", rule=rule)}

    own, poisson = finds("own_cases"), finds("own_cases_as_poisson")
    assert all(own[world] >= poisson[world] for world in own)
    assert sum(own.values()) > sum(poisson.values()) + 0.1


def test_finds_are_the_power_on_the_row(report: dict[str, Any]) -> None:
    """Section 2.9: power for a doubling at E = 5 is .416960, at 20 .956771."""
    found = {line["world"]: line for line in lines_of(report, part="detection", rule="count_tails_none",
                                                      figure="above_95")}  # fmt: skip
    assert found["5 expected events"]["measured"] == pytest.approx(0.416960, abs=5e-7)
    assert found["20 expected events"]["measured"] == pytest.approx(0.956771, abs=5e-7)
    assert all(line["computed"] is not None and line["verdict"] == "kept" for line in found.values())


@pytest.mark.parametrize("rule", ["place_intervals", "place_intervals_known_variance"])
def test_published_places_hold_what_they_say(report: dict[str, Any], rule: str) -> None:
    """With the variance that a release estimates from the same counts, and with the true one."""
    lines = list(lines_of(report, part="coverage", rule=rule, figure="coverage_95"))
    promised = [line for line in lines if line["promised"] is not None]
    assert len(lines) == 1 + len(promised) == len(WORLDS)
    assert {line["promised"] for line in promised} == {0.95}
    assert {line["verdict"] for line in promised} <= {"kept", "conservative"}
    assert all(0 < line["error"] < 0.05 for line in promised)


def test_places_by_the_flat_prior_are_for_reproduction_only(report: dict[str, Any]) -> None:
    """Where true ratios spread by .1 or .25 and counts are small, far fewer than 95% hold the true place."""
    lines = {line["world"]: line for line in lines_of(report, part="coverage", rule="place_intervals_flat")}
    assert {line["refused_for_ours"] for line in lines.values()} == {True}
    for spread in ("0.1", "0.25"):
        line = lines[f"60 providers, spread {spread}, 5 to 80 expected"]
        assert line["measured"] < 0.9
        assert line["verdict"] == "off_for_reproduction_only"


def test_a_report_can_be_read(report: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    print_report({**report, "lines": [*report["lines"], {**report["lines"][0], "verdict": "off"}]})
    printed = capsys.readouterr().out
    assert "Coverage of the intervals" in printed
    assert printed.splitlines()[-1].startswith("OFF: ")
    assert all(len(line) < 200 for line in printed.splitlines())


def test_the_command_gives_the_same_report_and_draws_it(report: dict[str, Any], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli", "simulate", "--size", SIZE, "--json", "--pictures", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert orjson.dumps(json.loads(done.stdout)) == orjson.dumps(report)
    assert b"dispersion rules, null" in done.stderr
    for name in PICTURES:
        picture = ElementTree.parse(tmp_path / f"{name}.svg").getroot()
        assert picture.tag == "{http://www.w3.org/2000/svg}svg"
        assert len(list(picture.iter("{http://www.w3.org/2000/svg}text"))) > 8


def off_lines(wrong: Rule, setting: str) -> list[Line]:
    return [line for line in measure([wrong], [SETTING[setting]], 40, 7, quiet) if line.verdict is Verdict.OFF]


def rule_of(positions_of: Any, rows: DispersionRows = DispersionRows.NONE, meets: str = "null") -> Rule:
    return Rule("wrong", rows, positions_of, frozenset({meets}), refused_for_ours=False)


def too_narrow(observed: IntArray, expected: FloatArray) -> TextArray:
    """Limits at 1.64 where 1.96 was promised, and at 2.58 where 3.09 was."""
    z = (observed - expected) / np.sqrt(expected)
    return positions(z > 1.64, z > 2.58, z < -1.64, z < -2.58)


def swapped_variance(observed: IntArray, expected: FloatArray) -> TextArray:
    """s taken for s squared: limits at exp(-/+ z/E)."""
    z = np.log(np.maximum(observed, 0.5) / expected) * expected
    return positions(z > 1.96, z > 3.0902, z < -1.96, z < -3.0902)


def no_spread(observed: IntArray, expected: FloatArray) -> TextArray:
    """Promises to allow for spread between providers, and does not."""
    return additive_test(observed, expected, 0.0)


@pytest.mark.parametrize(
    ("wrong", "setting"),
    [
        (rule_of(too_narrow), "null"),
        (rule_of(swapped_variance), "null"),
        (rule_of(no_spread, DispersionRows.WINSORISED_10_CONSISTENT, "additive"), "additive_log_normal_0.2"),
    ],
    ids=["limits at 1.64", "swapped variance", "spread forgotten"],
)
def test_a_wrong_rule_is_off(wrong: Rule, setting: str) -> None:
    assert {line.figure for line in off_lines(wrong, setting)} == {"outside_95", "outside_99_8"}


def test_the_right_rule_in_its_place_is_not() -> None:
    right = next(rule for rule in dispersion_rules() if rule.name == "count_tails_winsorised_10_consistent")
    assert off_lines(right, "additive_log_normal_0.2") == []


def test_a_wrong_threshold_of_a_chart_is_off() -> None:
    mix = RiskMix(np.array([0.01, 0.05, 0.2]), np.array([60, 30, 10]))
    computed = Chart(2.0, 2.0, 2.0).computed(mix)
    right, wrong = (charted(Chart(2.0, h, 2.0), mix, 600, 3) for h in (2.0, 1.6))
    for lengths, verdict in ((right, Verdict.KEPT), (wrong, Verdict.OFF)):
        error = float(lengths.std(ddof=1)) / math.sqrt(600)
        line = Line("cusum", "chart", "", "", float(lengths.mean()), error, computed=computed)
        assert line.verdict is verdict


def test_every_verdict_has_its_line() -> None:
    line = Line("part", "rule", "world", "outside_95", 0.05, 0.001, 0.05, 0.05)
    assert line.verdict is Verdict.KEPT
    assert replace(line, measured=0.0531).verdict is Verdict.OFF
    assert replace(line, measured=0.0531, refused_for_ours=True).verdict is Verdict.REPRODUCTION_ONLY
    assert replace(line, measured=0.0469).verdict is Verdict.CONSERVATIVE
    assert replace(line, at_least=True, measured=0.0469).verdict is Verdict.OFF
    assert replace(line, promised=0.06, measured=0.0531).verdict is Verdict.WITHIN_PRICE
    assert replace(line, promised=0.06, measured=0.0529).verdict is not Verdict.WITHIN_PRICE
    assert replace(line, promised=None).verdict is Verdict.NOT_PROMISED
    assert replace(line, computed=0.046).verdict is Verdict.OFF
    assert replace(line, error=0.0, measured=0.0500001).verdict is Verdict.OFF


def test_an_exit_code_says_that_something_is_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for ok, code in ((True, 0), (False, 1)):
        monkeypatch.setattr(program, "simulated", lambda *_, ok=ok: {"ok": ok})
        assert program.main([str(tmp_path)]) == code


def test_a_folder_without_worlds_is_said_to_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WorldUnreadable, match="holds no world"):
        list(worlds_in(tmp_path))
    (tmp_path / "world-000").mkdir()
    with pytest.raises(WorldUnreadable, match=r"world-000 lacks episodes\.parquet"):
        list(worlds_in(tmp_path))
    assert program.main([str(tmp_path), "--worlds", "1"]) == 2
    assert "at least 2 worlds" in capsys.readouterr().err


def test_one_seed_one_set_of_worlds() -> None:
    def observed(seed: int) -> list[bytes]:
        return [world.observed.tobytes() for world in drawn(SPREAD, 3, seed)]

    assert observed(4) == observed(4)
    assert observed(4) != observed(5)


def test_worlds_are_what_they_say() -> None:
    """Mean 65 expected events, and the counts' relative variance is 1/E plus that of the true ratios."""
    for setting, variance in ((NULL, 0.0), (SETTING["additive_gamma_0.2"], 0.04)):
        sets = list(drawn(setting, 400, 1))
        expected = np.concatenate([one.expected for one in sets])
        observed = np.concatenate([one.observed for one in sets])
        assert expected.mean() == pytest.approx(65, rel=0.02)
        excess = ((observed / expected - 1) ** 2 - 1 / expected).mean()
        assert excess == pytest.approx(variance, abs=0.001)
        assert all(one.expected.sum() == pytest.approx(one.observed.sum()) for one in sets)


def test_the_price_of_an_estimated_spread() -> None:
    """All rows: Student's t with as many degrees of freedom as providers. Winsorised: v from 40,000 sets of values."""
    assert promised_share(WARNING, DispersionRows.ALL, 150) == pytest.approx(2 * t.sf(1.959963984540054, 150))
    assert promised_share(CONTROL, DispersionRows.NONE, 150) == 0.002
    values = np.random.Generator(np.random.PCG64(1)).standard_normal((4_000, 400))
    ratios = np.array([dispersion_ratio(row, DispersionRows.WINSORISED_10_CONSISTENT) for row in values])
    assert 400 * ratios.var() == pytest.approx(winsorised_variance(), rel=0.08)


def test_two_ways_to_the_law_of_own_cases() -> None:
    risk = np.random.Generator(np.random.PCG64(2)).uniform(0.01, 0.4, 60)
    assert mass(risk) == pytest.approx(poisson_binomial(risk, np.ones(60, dtype=np.int64)).mass, abs=1e-13)


@pytest.mark.parametrize(
    ("pattern", "by", "why"),
    [
        (r'^(dispersion = .*rows = ")[a-z_0-9]+"', r'\1winsorised_10"', "underestimates"),
        (r'^(dispersion = .*rows = ")[a-z_0-9]+"', r'\1truncated_deciles"', "underestimates"),
        (r'^(limits = .*test = ")[a-z_]+"', r'\1target"', "small counts low too often"),
        (r"^limits = .*", 'limits = { interval = "byar", lower_when_negative = "zero", test = "interval" }', "byar"),
    ],
)
def test_a_rule_that_is_off_is_refused_for_ours_and_kept_for_a_reproduction(pattern: str, by: str, why: str) -> None:
    with pytest.raises(FileRefused, match=why):
        parse_indicator(changed(DEMO, pattern, by), DEMO)
    assert parse_indicator(changed(NEW_YORK, pattern, by), NEW_YORK).status == "reproduced"


def test_what_the_demonstration_names_is_allowed() -> None:
    assert parse_indicator(text_of(DEMO), DEMO).limits.test == "count_tails"
