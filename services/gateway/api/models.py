"""The body of a model card. Pure; nothing in it depends on a decision of a person."""

from typing import Any, Final

from shared.contracts.cards import Coefficient, Group, ModelCard, Performance
from shared.contracts.public.rendering import present

Body = dict[str, Any]
LEVEL: Final = 0.95
SMALL: Final = "small_numbers"


def model_body(release: str, card: ModelCard) -> Body:
    base = f"/v1/releases/{release}/indicators/{card.indicator}"
    return {
        "release": release,
        "indicator": card.indicator,
        "period": {"id": card.period, "start": card.period_start.isoformat(), "end": card.period_end.isoformat()},
        "model": {"id": card.model, "version": card.model_version},
        "outcome": {"column": card.outcome, "label": card.outcome_label},
        "link": card.link, "method": card.method, "method_version": card.method_version,
        "inputs": card.inputs, "files": card.files,
        "size": {"cases": card.cases, "events": card.events, "patterns": card.patterns},
        "coefficients": [_coefficient(one) for one in card.coefficients],
        "merged": [one.model_dump() for one in card.merged],
        "calibration": {
            "on": card.on, "folds": card.folds, "words": card.words[card.on],
            "deciles": [_group(one) for one in card.deciles], "subgroups": [_group(one) for one in card.subgroups],
        },
        "performance": {"own_data": _performance(card.own_data)}
        | present(left_out=_performance(card.left_out) if card.left_out else None),
        "disclosure": card.disclosure.model_dump(),
        "words": {name: text for name, text in card.words.items() if name not in ("hospitals_left_out", "own_data")},
        "links": {"self": f"{base}/model", "indicator": base},
    }  # fmt: skip


def _coefficient(one: Coefficient) -> Body:
    return present(
        factor=one.factor, level=one.level, status=one.status, reason=SMALL if one.status == "suppressed" else None,
        estimate=one.estimate, standard_error=one.standard_error, odds_ratio=one.odds_ratio,
        interval=_interval(one.lower, one.upper), into=one.into,
    )  # fmt: skip


def _group(one: Group) -> Body:
    risk = present(lower=one.risk_from, upper=one.risk_to)
    return present(
        factor=one.factor, group=one.group, status=one.status, reason=SMALL if one.status == "suppressed" else None,
        risk_percent=risk or None, cases=one.cases, events=one.events, ratio=one.ratio,
        interval=_interval(one.lower, one.upper),
    )  # fmt: skip


def _interval(lower: float | None, upper: float | None) -> Body | None:
    return None if lower is None or upper is None else {"level": LEVEL, "lower": lower, "upper": upper}


def _performance(one: Performance) -> Body:
    return present(
        c_statistic=one.c_statistic, brier=one.brier, slope=one.slope, intercept=one.intercept,
        hosmer_lemeshow=one.hosmer_lemeshow.model_dump() if one.hosmer_lemeshow else None,
    )  # fmt: skip
