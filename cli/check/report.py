"""A judgement in words, and as JSON."""

from collections.abc import Iterator
from typing import Any, Final

from cli.check.found import Violation
from cli.check.judging import Judgement
from cli.check.lines import Read, Sent, Write

SHOWN: Final = 5  # violations in words; --json has all that were kept
LAWS: Final = {
    "G0": "what was acknowledged is kept, in order",
    "G1": "no answer that began after `recorded` shows the person",
    "G2": "no byte is sent after `effective`",
}


def as_json(judgement: Judgement) -> dict[str, Any]:
    return {
        "verdict": judgement.verdict,
        "figures": judgement.figures,
        "faults": judgement.faults,
        "breaches": judgement.breaches,
        "unknown": judgement.unknown,
        "violations": [_violation(one) for one in judgement.violations],
    }


def _violation(one: Violation) -> dict[str, Any]:
    found = {"law": one.law, "c": one.c, "detail": one.detail}
    pair = {name: _operation(part) for name, part in (("first", one.first), ("second", one.second)) if part is not None}
    return found | pair | {"smallest": [_operation(part) for part in one.smallest]}


def _operation(one: Write | Read | Sent) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude_none=True)


def in_words(judgement: Judgement) -> Iterator[str]:
    """The last line is the verdict, with the figures."""
    for one in judgement.violations[:SHOWN]:
        yield from _told(one)
    more = sum(judgement.breaches.values()) - SHOWN
    if more > 0:
        yield f"and {more:,} more"
    for why in judgement.unknown:
        yield f"UNKNOWN: {why}"
    for law, breaches in judgement.breaches.items():
        yield f"{law} ({LAWS[law]}): {breaches:,} violations"
    if judgement.faults:
        yield "faults: " + ", ".join(f"{kind} {number:,}" for kind, number in judgement.faults.items())
    yield f"{judgement.verdict}: {_figures(judgement.figures)}"


def _told(one: Violation) -> Iterator[str]:
    yield f"{one.law}, {one.c or 'the ledger'}: {one.detail}"
    for part in one.smallest:
        yield f"  line {part.line}: {_briefly(part)}"


def _briefly(one: Write | Read | Sent) -> str:
    if isinstance(one, Sent):
        return f"{one.at:.6f} {one.proc} sent {_people(one.shown)}"
    when = f"{one.inv:.6f} to {'never' if one.end is None else f'{one.end:.6f}'}"
    if isinstance(one, Read):
        return (
            f"{when} {one.proc} read {one.route or 'something'} of {one.gateway or 'a gateway'}: {_people(one.shown)}"
        )
    numbered = "" if one.revision is None else f", revision {one.revision}"
    compared = "" if one.expects is None else f", expecting {one.expects}"
    return f"{when} {one.proc} {one.f} {one.c}: {one.outcome}{numbered}{compared}"


def _people(shown: list[str]) -> str:
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} others" if len(shown) > 3 else "")


def _figures(found: dict[str, int | float]) -> str:
    return (
        f"{found['withdrawals']:,} withdrawals and {found['grants']:,} grants of {found['people']:,} people "
        f"({found['unanswered_writes']:,} unanswered, {found['effective']:,} in force everywhere), "
        f"{found['reads']:,} reads ({found['answered']:,} answered), {found['chunks']:,} chunks; "
        f"{found['granted_share']:.1%} of {found['granted_reads']:,} reads in definitely granted time show the person"
    )
