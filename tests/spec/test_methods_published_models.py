"""Published coefficients (methods, section 2.6): EuroSCORE II of Nashef 2012, Charlson's index, and what is refused."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from services.ratings.indicators.loading import FileRefused
from services.ratings.indicators.published import PUBLISHED, load_comorbidity_index, load_published_models
from services.ratings.methods.comorbidity import ComorbidityIndex, comorbidity_points
from services.ratings.methods.design_matrix import UnknownLevel
from services.ratings.methods.published_models import (
    Bands,
    Levels,
    OutOfRange,
    PublishedModel,
    UnknownVersion,
    published_risk,
    version_of,
)

MODELS = load_published_models()
EUROSCORE = version_of(MODELS, "euroscore-ii", "2012.1")
CHARLSON = load_comorbidity_index("charlson")
NOTHING = {
    "age": 60, "sex": "male", "creatinine_clearance": 90, "dialysis": "no", "extracardiac_arteriopathy": "no",
    "poor_mobility": "no", "previous_cardiac_surgery": "no", "chronic_lung_disease": "no", "active_endocarditis": "no",
    "critical_preoperative_state": "no", "diabetes_on_insulin": "no", "nyha": "I", "angina_ccs_4": "no",
    "ejection_fraction": 60, "recent_infarction": "no", "pulmonary_pressure": 25, "urgency": "elective",
    "weight_of_procedure": "isolated_cabg", "thoracic_aorta": "no",
}  # fmt: skip


def risk_of(**said: object) -> float:
    return float(published_risk(pl.DataFrame([NOTHING | said]), EUROSCORE)[0])


def weight_of(**said: object) -> float:
    """What these entries add to the linear predictor of a man of 60 without any risk factor."""
    found, plain = risk_of(**said), risk_of()
    return float(np.log(found / (1 - found)) - np.log(plain / (1 - plain)))


def test_euroscore_ii_worked_examples() -> None:
    assert risk_of() * 100 == pytest.approx(0.498652, abs=5e-7)
    assert risk_of(sex="female", age=70) * 100 == pytest.approx(0.823417, abs=5e-7)
    grave = risk_of(
        age=75, ejection_fraction=25, previous_cardiac_surgery="yes", urgency="emergency", weight_of_procedure="two"
    )
    assert grave * 100 == pytest.approx(15.641091, abs=5e-7)


@pytest.mark.parametrize(
    ("column", "value", "weight"),
    [
        ("age", 40, 0.0), ("age", 60, 0.0), ("age", 61, 0.0285181), ("age", 62, 2 * 0.0285181),
        ("creatinine_clearance", 50, 0.8592256), ("creatinine_clearance", 51, 0.303553),
        ("creatinine_clearance", 85, 0.303553), ("creatinine_clearance", 86, 0.0),
        ("ejection_fraction", 20, 0.9346919), ("ejection_fraction", 21, 0.8084096),
        ("ejection_fraction", 30, 0.8084096), ("ejection_fraction", 31, 0.3150652),
        ("ejection_fraction", 50, 0.3150652), ("ejection_fraction", 51, 0.0),
        ("pulmonary_pressure", 30, 0.0), ("pulmonary_pressure", 31, 0.1788899),
        ("pulmonary_pressure", 55, 0.1788899), ("pulmonary_pressure", 56, 0.3491475),
    ],
)  # fmt: skip
def test_euroscore_ii_boundaries(column: str, value: int, weight: float) -> None:
    assert weight_of(**{column: value}) == pytest.approx(weight, abs=1e-12)


@pytest.mark.parametrize(
    ("column", "level", "weight"),
    [
        ("sex", "female", 0.2196434), ("extracardiac_arteriopathy", "yes", 0.5360268),
        ("poor_mobility", "yes", 0.2407181),
        ("previous_cardiac_surgery", "yes", 1.118599), ("chronic_lung_disease", "yes", 0.1886564),
        ("active_endocarditis", "yes", 0.6194522), ("critical_preoperative_state", "yes", 1.086517),
        ("diabetes_on_insulin", "yes", 0.3542749), ("nyha", "II", 0.1070545), ("nyha", "III", 0.2958358),
        ("nyha", "IV", 0.5597929), ("angina_ccs_4", "yes", 0.2226147), ("recent_infarction", "yes", 0.1528943),
        ("urgency", "urgent", 0.3174673), ("urgency", "emergency", 0.7039121), ("urgency", "salvage", 1.362947),
        ("weight_of_procedure", "one_non_cabg", 0.0062118), ("weight_of_procedure", "two", 0.5521478),
        ("weight_of_procedure", "three_or_more", 0.9724533), ("thoracic_aorta", "yes", 0.6527205),
        ("dialysis", "yes", 0.6421508),
    ],
)  # fmt: skip
def test_euroscore_ii_coefficients(column: str, level: str, weight: float) -> None:
    assert weight_of(**{column: level}) == pytest.approx(weight, abs=1e-12)


def test_on_dialysis_the_clearance_does_not_matter_and_may_be_missing() -> None:
    for clearance in (None, 20, 200):
        assert weight_of(dialysis="yes", creatinine_clearance=clearance) == pytest.approx(0.6421508, abs=1e-12)


def test_many_rows_at_once_in_their_order() -> None:
    rows = pl.DataFrame([NOTHING | {"age": age} for age in (75, 50, 90)])
    assert published_risk(rows, EUROSCORE).tolist() == [risk_of(age=age) for age in (75, 50, 90)]


@pytest.mark.parametrize(
    ("column", "value"), [("age", 17), ("age", 111), ("ejection_fraction", 0), ("age", float("nan"))]
)
def test_a_number_outside_the_range_has_no_risk(column: str, value: float) -> None:
    with pytest.raises(OutOfRange) as refused:
        risk_of(**{column: value})
    assert refused.value.column == column


@pytest.mark.parametrize(
    ("column", "value"), [("nyha", "V"), ("sex", None), ("age", None), ("creatinine_clearance", None)]
)
def test_an_unknown_level_and_an_empty_cell_have_no_risk(column: str, value: object) -> None:
    with pytest.raises(UnknownLevel) as refused:
        published_risk(pl.DataFrame([NOTHING | {column: value}, NOTHING]).head(1), EUROSCORE)
    assert refused.value.column == column


def test_words_where_numbers_belong_are_refused() -> None:
    with pytest.raises(ValueError, match="must hold numbers"):
        risk_of(age="seventy")


def test_another_version_is_another_model() -> None:
    with pytest.raises(UnknownVersion, match=r"2011\.1.*2012\.1"):
        version_of(MODELS, "euroscore-ii", "2011.1")
    with pytest.raises(UnknownVersion, match="none"):
        version_of(MODELS, "parsonnet", "1")


def test_terms_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        Bands("x", 0, 10, (5, 4), (1.0, 2.0, 3.0))
    with pytest.raises(ValueError, match="ascend"):
        Bands("x", 0, 10, (5,), (1.0,))
    with pytest.raises(ValueError, match="reference"):
        Levels("x", "no", {"no": 1.0})
    with pytest.raises(ValueError, match="missing"):
        Levels("x", "no", {"missing": 1.0})


# Charlson


def points(version: str, *people: list[str]) -> list[int]:
    found = comorbidity_points(pl.Series(list(people), dtype=pl.List(pl.String)), CHARLSON, version)
    return [int(one) for one in found]


def test_charlson_1987_worked_examples() -> None:
    people = [["I21.9", "I50.0", "E11.9"], ["E11.9", "E11.2"], ["C34.1", "C78.0"], ["I21.9", "I21.4"]]
    assert points("charlson-1987", *people) == [3, 2, 6, 1]


@pytest.mark.parametrize(
    ("code", "first", "later"),
    [
        ("I21.9", 1, 0), ("I50.0", 1, 2), ("I70.2", 1, 0), ("I63.9", 1, 0), ("G30.0", 1, 2), ("J44.9", 1, 1),
        ("M05.3", 1, 1), ("K25.0", 1, 0), ("K70.3", 1, 2), ("E11.9", 1, 0), ("E11.2", 2, 1), ("G81.9", 2, 2),
        ("N18.5", 2, 1), ("C34.1", 2, 2), ("K72.9", 3, 4), ("C78.0", 6, 6), ("B20", 6, 4), ("Z00.0", 0, 0),
    ],
)  # fmt: skip
def test_the_weight_of_each_condition_in_both_versions(code: str, first: int, later: int) -> None:
    assert (points("charlson-1987", [code]), points("quan-2011", [code])) == ([first], [later])


def test_the_graver_form_counts_in_place_of_the_milder() -> None:
    assert points("charlson-1987", ["K70.3", "K72.9"], ["E10.9", "E14.5"], ["C50.1", "C80"]) == [3, 2, 6]
    assert points("quan-2011", ["K70.3", "K72.9"], ["E10.9", "E14.5"], ["C50.1", "C80"]) == [4, 1, 6]


def test_spelling_does_not_matter_and_nobody_is_lost() -> None:
    assert points("charlson-1987", ["i219 "], [], ["I25.2"], ["I25.1"]) == [1, 0, 1, 0]
    nobody = pl.Series([None, ["I50"]], dtype=pl.List(pl.String))
    assert comorbidity_points(nobody, CHARLSON, "charlson-1987").tolist() == [0, 1]


def test_what_is_no_code_and_what_is_no_version_are_refused() -> None:
    with pytest.raises(ValueError, match="HEART ATTACK"):
        points("charlson-1987", ["heart attack"])
    with pytest.raises(UnknownVersion, match="2020"):
        points("charlson-2020", ["I21"])


def test_an_index_must_know_the_codes_of_what_it_weighs() -> None:
    with pytest.raises(ValueError, match="no codes"):
        ComorbidityIndex("x", "y", {"mi": ("I21",)}, {"1": {"chf": 1}}, {})
    with pytest.raises(ValueError, match="two conditions"):
        ComorbidityIndex("x", "y", {"mi": ("I21",), "chf": ("I21",)}, {"1": {"chf": 1}}, {})


# Files

TEXT = (PUBLISHED / "euroscore-ii-2012.1.toml").read_text()


def loaded(folder: Path, text: str, name: str = "euroscore-ii-2012.1") -> tuple[PublishedModel, ...]:
    (folder / f"{name}.toml").write_text(text)
    return load_published_models(folder)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('link = "logit"', 'link = "probit"'),
        ('"second analyst"', '"audit analyst"'),
        ("at_least = 1", "at_least = 1\nup_to = [60]"),
        ("slope = 0.0285181", ""),
        ("up_to = [50, 85]", "up_to = [85, 50]"),
        ('version = "2012.1"', 'version = "2012.2"'),
        ('kind = "logistic"', 'kind = "logistic"\nnote = "x"'),
        ("[[term]]", "[[term"),
    ],
)
def test_a_file_that_breaks_a_rule_is_refused(old: str, new: str, tmp_path: Path) -> None:
    assert loaded(tmp_path, TEXT) == MODELS
    with pytest.raises(FileRefused):
        loaded(tmp_path, TEXT.replace(old, new, 1))


def test_a_range_of_codes_must_be_one(tmp_path: Path) -> None:
    text = (PUBLISHED / "charlson.toml").read_text()
    (tmp_path / "charlson.toml").write_text(text.replace('"I60-I69"', '"I69-I60"'))
    with pytest.raises(FileRefused, match="range"):
        load_comorbidity_index("charlson", tmp_path)
    with pytest.raises(FileRefused, match="no comorbidity index"):
        load_comorbidity_index("elixhauser", tmp_path)
