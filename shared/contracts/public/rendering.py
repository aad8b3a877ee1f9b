"""One row of a view as the public body: nested, optional keys absent, never null. Pure.

The gateway serves it; ratings shows it to those whom the row is about, before anybody else can read it. A row has the
columns ROW_COLUMNS of `shared.contracts.views`, and `subject_id`: its consultant's number or its provider's code.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from shared.contracts.public.reasons import ABSENCE_REASONS, NOT_RATED_REASONS
from shared.contracts.views import IndicatorEntry

Row = Mapping[str, Any]
Body = dict[str, Any]
RANK_LEVEL: Final = 0.95


def present(**members: Any) -> Body:
    """Only what there is."""
    return {name: value for name, value in members.items() if value is not None}


def result_body(release: str, row: Row, indicator: IndicatorEntry, *, ranked: bool = False) -> Body:
    """The `result` resource (a published row with its value, or an absent one with its reason). `ranked`: with the
    interval of its place, where it has one."""
    published = row["status"] == "published"
    body = {
        "id": row["id"],
        "status": row["status"],
        "partition": row["partition"],
        "indicator": _indicator(indicator),
        "subject": subject_body(row),
        "period": {"id": row["period_id"], "start": row["period_start"], "end": row["period_end"]},
    }
    body |= _figures(row) if published else {"absence": _absence(row)}
    if ranked and published:
        body |= present(rank_interval=_rank_interval(row))
    if row["legal_basis"] is not None:
        body["basis"] = {"legal_basis": row["legal_basis"]}
    body["method"] = present(release=release, risk_model=row["risk_model"], disclosure_rule=row["disclosure_rule"])
    body["links"] = _links(release, row)
    return body


def subject_body(row: Row) -> Body:
    if row["level"] == "consultant":
        subject = {"level": "consultant", "id": row["consultant_id"], "name": row["consultant_name"]}
        if row["provider_id"] is not None:
            subject["provider"] = present(id=row["provider_id"], name=row["provider_name"])
        return subject
    merged = present(id=row["reported_as_id"], name=row["reported_as_name"])
    return {"level": row["level"], "id": row["provider_id"], "name": row["provider_name"]} | present(
        kind=row["provider_kind"], reported_as=merged or None
    )


def _indicator(entry: IndicatorEntry) -> Body:
    return {"id": entry.id, "label": entry.label, "version": entry.version, "unit": entry.unit,
            "polarity": entry.polarity, "decimals": entry.decimals}  # fmt: skip


def _figures(row: Row) -> Body:
    parts: dict[str, Callable[[Row], Body]] = {
        "value": _value, "comparison": _comparison, "certainty": _certainty, "quality": _quality, "words": _words,
    }  # fmt: skip
    body = {name: part for name, build in parts.items() if (part := build(row))}
    body["reply"] = reply_body(row)
    return body


def reply_body(row: Row) -> Body:
    """What the subject answers to this result, or by which day nothing had come."""
    status = row["reply_status"] or "none"
    return {"status": status} | present(
        author=row["reply_author"], received=row["reply_received"], text=row["reply_text"],
        invited_until=row["reply_invited_until"],
    )  # fmt: skip


def _value(row: Row) -> Body:
    person = row["level"] == "consultant"
    return present(
        kind=row["value_kind"],
        estimate=row["estimate"],
        word=row["word"],
        interval=_interval(row),
        observed=row["observed"],
        expected=row["expected"],
        denominator=row["denominator"],
        standardised_ratio=row["standardised_ratio"],
        crude=None if person else row["crude"],  # never of a person, whatever a view may hold
    )


def _interval(row: Row) -> Body | None:
    if row["interval_lower"] is None and row["interval_upper"] is None:
        return None
    return present(level=row["interval_level"], lower=row["interval_lower"], upper=row["interval_upper"],
                   method=row["interval_method"])  # fmt: skip


def _comparison(row: Row) -> Body:
    if row["comparison_status"] is None:
        return {}
    benchmark = present(scope=row["benchmark_scope"], value=row["benchmark_value"])
    body = present(status=row["comparison_status"], benchmark=benchmark or None)
    if row["comparison_status"] == "rated":
        return body | present(
            position=row["position"], band=row["band"], limits=_limits(row), robustness=_robustness(row)
        )
    reason = row["not_rated_reason"]
    return body | {"reason": reason, "explanation": explanation(reason)} | present(limits=_limits(row))


def _robustness(row: Row) -> Body | None:
    if row["robustness_paths"] is None:
        return None
    return {"paths": row["robustness_paths"], "agreeing": row["robustness_agreeing"],
            "share": row["robustness_share"], "differing": (row["robustness_differing"] or "").split()}  # fmt: skip


def _rank_interval(row: Row) -> Body | None:
    if row["rank_lower"] is None:
        return None
    return {"lower": row["rank_lower"], "upper": row["rank_upper"], "of": row["ranked_of"], "level": RANK_LEVEL}


def _limits(row: Row) -> Body | None:
    warning = present(lower=row["warning_lower"], upper=row["warning_upper"])
    control = present(lower=row["control_lower"], upper=row["control_upper"])
    if not warning and not control:
        return None
    return present(method=row["limits_method"], warning=warning or None, control=control or None)


def explanation(reason: str) -> str:
    """The plain meaning of a code for an absence or for not being compared."""
    entry = ABSENCE_REASONS.entry(reason) or NOT_RATED_REASONS.entry(reason)
    return entry.meaning if entry else "The reason has no explanation yet; see the code list."


def _certainty(row: Row) -> Body:
    return present(
        reliability=row["reliability"],
        power_to_detect_doubling=row["power_to_detect_doubling"],
        min_detectable_ratio=row["min_detectable_ratio"],
    )


def _quality(row: Row) -> Body:
    return {"flags": (row["quality_flags"] or "").split()} | present(case_ascertainment=row["case_ascertainment"])


def _words(row: Row) -> Body:
    return present(summary=row["summary"], certainty=row["certainty"])


def _absence(row: Row) -> Body:
    reason = row["reason"]
    entry = ABSENCE_REASONS.entry(reason)
    return present(
        reason=reason,
        shorthand=entry.mark if entry else "[x]",
        data_absent_reason=entry.masks if entry else "unknown",
        explanation=explanation(reason),
        may_change=True,
    )


def _links(release: str, row: Row) -> Body:
    base = f"/v1/releases/{release}"
    kind = "consultants" if row["level"] == "consultant" else "providers"
    return {"self": f"{base}/results/{row['id']}", "indicator": f"{base}/indicators/{row['indicator_id']}",
            "subject": f"{base}/{kind}/{row['subject_id']}"}  # fmt: skip
