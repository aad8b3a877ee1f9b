"""The benchmark's own code at a size for every day: what it finds is right, and what it tells has the agreed shape."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks import __main__ as command
from benchmarks import disclosure
from benchmarks.outcome import Outcome
from benchmarks.rate import picture, rate, world
from benchmarks.rate.contenders import WAYS, Answer
from benchmarks.rate.kernels import place_all, rate_all
from cli.demonstration.sizes import Sizes
from services.ratings.casemix.contingency import contingency
from services.ratings.casemix.rating import rate_table
from services.ratings.methods.risk import expected_by, fit_logistic

EPISODES, CONSULTANTS = 50_000, 300


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rate") / "episodes.parquet"
    world.write_episodes(path, EPISODES, CONSULTANTS)
    return path


@pytest.fixture(scope="module")
def answers(file: Path) -> dict[str, Answer]:
    found = {way: find(file) for way, find in WAYS.items() if way != "glum on rows, default tolerance"}
    return found | {"glum on rows, default tolerance": found["glum on rows"]}


def as_run(answer: Answer, seconds: float) -> rate.Run:
    found = {name: answer.consultants[name].to_numpy() for name in answer.consultants.columns if name != "consultant"}
    consultants = np.column_stack([found[name] for name in ("cases", "observed", "expected")]) if found else np.zeros(0)
    numbers = {"coefficients": answer.coefficients, "standard_errors": answer.standard_errors}
    return rate.Run(seconds, seconds, 100.0, 0.5, (seconds,), numbers | {"consultants": consultants})


def test_all_ways_find_the_same(answers: dict[str, Answer]) -> None:
    own = answers["embedded"]
    assert len(own.coefficients) == 168
    assert own.consultants.height == CONSULTANTS
    assert own.consultants["cases"].sum() == EPISODES
    assert own.consultants["expected"].sum() == pytest.approx(own.consultants["observed"].sum(), abs=1e-6)
    np.testing.assert_allclose(answers["glum on patterns"].coefficients, own.coefficients, atol=1e-10, rtol=0)
    np.testing.assert_allclose(answers["embedded, subset"].coefficients, own.coefficients, atol=1e-10, rtol=0)
    oracle = answers["statsmodels on a subset"]  # which is everything here
    np.testing.assert_allclose(oracle.coefficients, own.coefficients, atol=1e-6, rtol=0)
    np.testing.assert_allclose(oracle.standard_errors, own.standard_errors, atol=1e-6, rtol=0)
    for way in ("glum on patterns", "glum on rows"):
        other = answers[way].consultants
        assert other["consultant"].equals(own.consultants["consultant"])
        assert other["observed"].equals(own.consultants["observed"])
        np.testing.assert_allclose(other["expected"], own.consultants["expected"], atol=1e-3, rtol=0)


def test_a_process_of_its_own_tells_time_and_memory(file: Path, answers: dict[str, Answer]) -> None:
    run = rate.measured("embedded", file, runs=1)
    assert run.seconds > 0
    assert run.peak_mebibytes > 50
    assert run.answer["coefficients"].tolist() == pytest.approx(answers["embedded"].coefficients.tolist(), abs=1e-12)


def test_the_outcome_has_the_agreed_shape(
    answers: dict[str, Answer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = {way: as_run(answer, 1.0 + number) for number, (way, answer) in enumerate(answers.items())}
    sizes = {1000: {"bare read": 1.0, "embedded": 2.0}, 10_000: {"bare read": 10.0, "embedded": 20.0}}
    found = rate.outcome(runs, sizes, rate_all(60) | {"peak_mebibytes": 1.0}, place_all(30) | {"peak_mebibytes": 1.0})
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setitem(command.BENCHMARKS, "rate", lambda: found)
    assert command.main(["rate", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"name", "ratios", "figures", "versions"}
    assert told["name"] == "rate"
    assert told["ratios"]["embedded / bare read"] == 2.0
    assert all(isinstance(value, float) for value in told["ratios"].values())
    assert set(rate.LIMITS) <= set(told["ratios"])
    assert told["figures"]["parameters"] == 168
    assert told["figures"]["exponent"] == pytest.approx(1.0)
    assert told["versions"]["polars"] == pl.__version__
    assert json.loads((tmp_path / "rate.json").read_text()) == told
    assert command.main(["rate"]) == 0
    assert "glum on rows" in capsys.readouterr().out


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["speed"])
    assert ended.value.code == 2


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    picture.draw({10: {"embedded": 1.0}, 100: {"embedded": 10.0}}, tmp_path / "cost.svg")
    assert "exponent 1.00" in (tmp_path / "cost.svg").read_text()


def test_an_outcome_names_what_it_ran_on() -> None:
    assert {"python", "machine", "glum", "statsmodels"} <= set(Outcome("x", {}, {}).as_json()["versions"])


def test_a_table_is_rated_as_the_counts_are(file: Path) -> None:
    """Without a level of each hospital, and against the release's own route."""
    table = contingency(pl.scan_parquet(file), world.UNITS, world.LEVELS, world.OUTCOME)
    assert table is not None
    terms = world.TERMS[1:]
    rated = rate_table(table, terms)
    counts = table.frame()
    model = fit_logistic(counts, terms)
    np.testing.assert_allclose(rated.model.coefficients, model.coefficients, atol=1e-11, rtol=0)
    np.testing.assert_allclose(rated.model.standard_errors, model.standard_errors, atol=1e-11, rtol=0)
    by_consultant = expected_by(counts, model, "consultant")
    own = rated.units.group_by("consultant").agg(pl.col("cases", "observed", "expected").sum()).sort("consultant")
    assert own.select("consultant", "cases", "observed").equals(by_consultant.select("consultant", "cases", "observed"))
    np.testing.assert_allclose(own["expected"], by_consultant["expected"], rtol=1e-10)
    assert rated.units["ratio"].to_list() == (rated.units["observed"] / rated.units["expected"]).to_list()


def test_a_small_country_is_decided_and_its_price_is_told() -> None:
    outcome = disclosure.run(Sizes.small())
    figures = outcome.figures
    assert outcome.ratios["unsafe cells"] == 0
    assert (figures["people"], figures["units"]) == (60, 30)
    assert figures["refused"] == 2 == figures["units affected"]
    assert figures["quarantine sets"] == 58
    assert 0 <= figures["share of totals fixed"] <= figures["share of totals fixed by cases alone"] < 1
