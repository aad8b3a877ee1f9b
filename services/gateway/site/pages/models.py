"""The page of a risk model: what it allows for, how well it predicts, and for whom; a table beside each picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from services.gateway.site.charts import ratios_svg
from services.gateway.site.pages.general import HOME
from services.gateway.site.pages.results import INDICATORS, facts
from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body, period

SMALL: Final = "not shown: too few patients or events"
ON: Final = {
    "hospitals_left_out": "hospitals that were left out of the fit",
    "own_data": "the patients that the model was fitted on",
}
SHARES: Final = {"own_data": "On its own data", "left_out": "On hospitals left out of the fit"}
LINKS: Final = {"logit": "Logistic"}


@dataclass(frozen=True)
class Picture:
    """A chart and the table that follows it. `notes` says what the chart cannot show."""

    id: str
    message: str
    svg: Markup
    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: str = ""


def model(card: Body, indicator: Body, base: str) -> Page:
    context = {
        "indicator": indicator, "card": card, "facts": _facts(card), "performance": _performance(card),
        "coefficients": coefficients(card), "deciles": deciles(card), "subgroups": subgroups(card),
        "merged": [one["words"] for one in card["merged"]],
        "files": [*card["inputs"], *(f"{name}: {digest}" for name, digest in card["files"].items())],
    }  # fmt: skip
    title = f"Risk model behind: {indicator['label']}"
    crumbs = (HOME, INDICATORS, (indicator["label"], f"/indicators/{indicator['id']}"))
    return Page(
        "model.jinja", title, context, crumbs, f"{base}/indicators/{indicator['id']}/model",
        path=f"/indicators/{indicator['id']}/model", synthetic=bool(indicator["synthetic"]),
    )  # fmt: skip


def _facts(card: Body) -> list[dict[str, Any]]:
    size, name = card["size"], card["model"]
    data = f"about {size['cases']:,} cases, {size['events']:,} of them with the event"
    return facts([
        ("Model", f"{name['id']}, version {name['version']}"), ("Predicts", card["outcome"]["label"]),
        ("Kind", f"{LINKS.get(card['link'], card['link'])} regression"), ("Period", period(card["period"])),
        ("Fitted on", f"{data}, in about {size['patterns']:,} different patterns"),
        ("Method version", card["method_version"]),
    ])  # fmt: skip


def _performance(card: Body) -> list[list[str]]:
    """One row per data set; what could not be estimated says so."""
    rows = []
    for name, heading in SHARES.items():
        found = card["performance"].get(name)
        if found is None:
            continue
        test = found.get("hosmer_lemeshow")
        told = f"{test['statistic']:.1f} on {test['df']} degrees of freedom, p {test['p_value']:.3f}" if test else ""
        figures = [
            _figure(found, "c_statistic", 3), _plain(found.get("brier")), _figure(found, "slope", 2),
            _figure(found, "intercept", 2), told or "not estimated",
        ]  # fmt: skip
        rows.append([heading, *figures])
    return rows


def _figure(found: Body, name: str, decimals: int) -> str:
    return f"{found[name]:.{decimals}f}" if name in found else "not estimated"


def _plain(value: float | None) -> str:
    return "not estimated" if value is None else _two(value)


def coefficients(card: Body) -> Picture:
    """The intercept has no ratio: it is in the table only."""
    levels = [one for one in card["coefficients"] if "level" in one]
    lines = [_line(_name(one), one, "odds_ratio") for one in levels if one["status"] in ("estimated", "reference")]
    without = sum(one["status"] == "suppressed" for one in levels)
    return Picture(
        id="coefficients", message="How much each characteristic raises or lowers the odds of the event",
        svg=_svg(lines, "Odds ratio, reference level = 1"),
        caption="Odds ratios with their 95% ranges. A hollow circle is the level that the others are compared with.",
        heads=("Factor", "Level", "Odds ratio (95% range)", "Log odds (standard error)"),
        rows=[_coefficient(one) for one in card["coefficients"]],
        notes=f"{without} {SMALL}." if without else "",
    )  # fmt: skip


def _coefficient(one: Body) -> list[str]:
    named = [words(one["factor"]), one.get("level", "")]
    if one["status"] != "estimated":
        said = {"reference": "reference level", "no_cases": "no cases", "suppressed": SMALL}
        text = f"counted with {one['into']}" if one["status"] == "merged" else said[one["status"]]
        return [*named, text, ""]
    odds = f"{one['odds_ratio']:.2f} {_range(one)}" if "odds_ratio" in one else ""
    return [*named, odds, f"{one['estimate']:.3f} ({_two(one['standard_error'])})"]


def deciles(card: Body) -> Picture:
    found = card["calibration"]["deciles"]
    names = {one["group"]: _tenth(one["group"]) for one in found}
    rows = [[names[one["group"]], _risk(one.get("risk_percent", {})), *_counts(one)] for one in found]
    return Picture(
        id="deciles", message="Observed over predicted, by tenths of risk",
        svg=_svg([_line(names[one["group"]], one, "ratio") for one in found], "Observed over predicted"),
        caption=f"Patients in ten groups of rising risk, among {ON[card['calibration']['on']]}. "
        "Where the model is right, the range holds 1.",
        heads=("Tenth", "Predicted risk", "Cases", "Events", "Observed divided by predicted (95% range)"), rows=rows,
        notes=_untold(found),
    )  # fmt: skip


def subgroups(card: Body) -> Picture:
    found = card["calibration"]["subgroups"]
    rows = [[words(one["factor"]), one["group"], *_counts(one)] for one in found]
    return Picture(
        id="subgroups", message="Observed over predicted, for each group of patients",
        svg=_svg([_line(_name(one), one, "ratio") for one in found], "Observed over predicted"),
        caption=f"Every level of every factor, among {ON[card['calibration']['on']]}. "
        "Where the model is right for a group, the range holds 1.",
        heads=("Factor", "Level", "Cases", "Events", "Observed divided by predicted (95% range)"), rows=rows,
        notes=_untold(found),
    )  # fmt: skip


def _svg(lines: Sequence[Mapping[str, Any]], title: str) -> Markup:
    if not any("ratio" in line for line in lines):
        return Markup("")
    return Markup(ratios_svg(lines, title))  # noqa: S704  # made by our renderer, checked there


def _line(label: str, one: Body, field: str) -> dict[str, Any]:
    if field not in one:
        return {"label": label, "reference": one["status"] == "reference"}
    return {"label": label, "ratio": one[field], "lower": one["interval"]["lower"], "upper": one["interval"]["upper"]}


def _counts(one: Body) -> list[str]:
    if one["status"] != "published":
        return ["", "", SMALL]
    return [f"about {one['cases']:,}", f"about {one['events']:,}", f"{one['ratio']:.2f} {_range(one)}"]


def _range(one: Body) -> str:
    return f"(range {one['interval']['lower']:.2f} to {one['interval']['upper']:.2f})"


def _name(one: Body) -> str:
    """`age band 60-69`: a line of a chart must say its factor, too."""
    return f"{words(one['factor'])}: {one.get('level') or one['group']}"


def _tenth(group: str) -> str:
    return {"1": "1, lowest risk", "10": "10, highest risk"}.get(group, group)


def _risk(risk: Body) -> str:
    if "lower" not in risk and "upper" not in risk:
        return ""
    if "lower" not in risk:
        return f"below {_two(risk['upper'])}%"
    lower = _two(risk["lower"])
    return f"{lower}% to {_two(risk['upper'])}%" if "upper" in risk else f"above {lower}%"


def _two(value: float) -> str:
    """Two significant digits, a trailing nought among them."""
    return f"{value:#.2g}".removesuffix(".")


def _untold(found: Sequence[Body]) -> str:
    count = sum(one["status"] != "published" for one in found)
    return f"{count} of {len(found)} {SMALL}." if count else ""


def words(name: str) -> str:
    """`age_band` as `age band`."""
    return name.replace("_", " ")
