"""Words for the names of other methods: every name that the ratings service can give has its own, none a code."""

import re

import numpy as np
import pytest

from services.gateway.site.pages.results import robustness_facts
from services.gateway.site.paths import path_words
from services.ratings.methods.intervals import IntervalRule
from services.ratings.methods.overdispersion import DispersionRows
from services.ratings.methods.paths import Alternatives, TargetTest, walk
from services.ratings.methods.scales import Effect, Scale

EVERYTHING = Alternatives(tuple(IntervalRule), tuple(TargetTest), tuple(Scale), tuple(DispersionRows), tuple(Effect))


def every_name() -> list[str]:
    observed = np.arange(5, 25)
    own = list(walk(observed, np.full(20, 14.0), EVERYTHING))
    return own + [f"without_{factor}_{name}" for factor in ("comorbidity", "log_of_age") for name in own]


def test_every_path_has_words_of_its_own() -> None:
    names = every_name()
    said = [path_words(name) for name in names]
    assert len(names) > 60
    assert len(set(said)) == len(names)
    for name, words in zip(names, said, strict=True):
        assert words.casefold() != name.replace("_", " ")
        assert re.match("[A-Z]", words)
        assert not re.search("_|tails|winsor|deciles|target|poisson|then byar", words)


def test_a_model_without_a_factor_is_said_first() -> None:
    assert path_words("without_comorbidity_interval_exact_below_10_then_byar") == (
        "Without comorbidity in the risk model, interval around the result, exact below 10 events and Byar’s from "
        "there on"
    )
    assert path_words("without_comorbidity_count_tails_none") == (
        "Without comorbidity in the risk model, chance of a count so far from the expected, no allowance for spread "
        "between hospitals"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [("log_all_geometric", "Log all geometric"), ("without_age_bootstrap", "Without age bootstrap"), ("", "")],
)
def test_a_part_that_has_no_words_yet_is_shown_as_it_is(name: str, said: str) -> None:
    assert path_words(name) == said
    row = {"comparison": {"robustness": {"agreeing": 1, "paths": 2, "differing": [name]}}}
    assert robustness_facts(row)[1] == ("Methods that do not", said)
