"""The proof of a finding: the equations that bound the figure, by address and value. Pure."""

from typing import Final

from cli.disclosure.asked import Judged
from cli.disclosure.findings import Equation, Finding
from cli.disclosure.policy import Policy
from cli.disclosure.systems import System
from cli.disclosure.tables import Knowledge, Table, Told
from cli.disclosure.tree import ROOT

SHOWN_TERMS: Final = 40


def shown(table: Table, person: str, measure: str, told: Told) -> Finding:
    """Of somebody who may not be named, and is."""
    words = f"{measure} of a consultant who may not be named: {_span(told.span.low, told.span.high)}"
    return Finding("shown", words, _at(table) | {"consultant": person, "measure": measure},
                   (Equation(words, told.where),), (told.span.low, told.span.high), None, 0.0)  # fmt: skip


def interval(table: Table, known: System, judged: Judged, first: int, policy: Policy) -> Finding:
    """Of a figure, for those who know most of it."""
    target, measure, span = judged.target, judged.measure, judged.span
    need, place = policy.need(measure, target.truth), " and ".join(target.units)
    who = f"consultant {', '.join(judged.insiders)}, who knows their own figures" if judged.insiders else "anybody"
    words = (
        f"{who} knows that {measure} of consultant {target.person} at {place} lie between {_number(span.low)} and "
        f"{_number(span.high)}; at least {_number(target.truth + need)} had to be possible"
        f"{_below(target.truth, need)}"
    )
    at = _at(table) | {"consultant": target.person, "provider": place, "measure": measure}
    if judged.insiders:
        at["insiders"] = ", ".join(judged.insiders)
    return Finding("derivable", words, at, tuple(_equations(table, known, judged, first)), (span.low, span.high),
                   need, judged.fraction)  # fmt: skip


def _below(truth: float, need: float) -> str:
    return f", and at most {_number(max(0.0, truth - need))}" if truth > 0 else ""


def _at(table: Table) -> dict[str, str]:
    return {"releases": ", ".join(table.releases), "indicator": table.indicator, "period": table.period}


def _equations(table: Table, known: System, judged: Judged, first: int) -> list[Equation]:
    knowledge, measure, target = table.since[first], judged.measure, judged.target
    tree = known.trees[measure]
    told: list[Equation] = []
    hint = knowledge.hints[measure].get(target.person)
    if hint is not None:
        said = f"their own row leaves {_span(hint.span.low, hint.span.high)}"
        told.append(Equation(said, hint.where))
    nodes = tree.telling(target.cells, judged.insiders)
    for node in nodes:
        told += _node(table, knowledge, known, judged, node)
    if judged.insiders:
        for number in (one for who in judged.insiders for one in tree.of_person[who]):
            mine = tree.cells[number]
            told.append(Equation(f"insider {mine.person} at {mine.unit}: {_number(mine.truth)}"))
    if known.fitted and ROOT in nodes and measure in ("observed", "expected"):
        told.append(Equation("observed and expected of the whole set add up to the same: the model has an intercept"))
    if known.ratios:
        told.append(Equation("and what is printed as a ratio of observed to expected"))
    return told


def _node(table: Table, knowledge: Knowledge, known: System, judged: Judged, node: int) -> list[Equation]:
    """A total that is known, and every term of it."""
    measure, name = judged.measure, known.names[judged.measure][node]
    tree = known.trees[measure]
    span = tree.spans[node]
    if span.high == float("inf"):
        return []
    published = knowledge.units[measure].get(name)
    where = published.where if published else "; ".join(
        [one.source for one in table.externals if (one.node, one.measure) == (name, measure)]
        + ([card.where for card in knowledge.cards] if node == ROOT else [])
    )  # fmt: skip
    label = "the whole set" if node == ROOT else name
    told = [Equation(f"{measure} of {label}: {_span(span.low, span.high)}", where)]
    terms = [cell for cell in tree.cells if node in tree.chain(cell.node)]
    shown = [cell for cell in terms if cell.person in knowledge.people[measure]]
    for cell in shown[:SHOWN_TERMS]:
        where = knowledge.people[measure][cell.person].where
        told.append(
            Equation(f"minus consultant {cell.person} at {cell.unit}: {_span(cell.box.low, cell.box.high)}", where)
        )
    if len(shown) > SHOWN_TERMS:
        told.append(Equation(f"minus {len(shown) - SHOWN_TERMS:,} more who are published"))
    hidden = {cell.person for cell in terms if cell.person in known.hidden[measure]}
    told.append(Equation(f"what is left is that of {len(hidden)} hidden people"))
    return told


def _span(low: float, high: float) -> str:
    return _number(low) if high - low < 1e-9 else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return "any number" if value == float("inf") else f"{round(value, 9) + 0.0:.6g}"  # no minus before a zero
