"""PASS, VIOLATION or UNKNOWN. Pure: a history in, a judgement out; n writes and m reads take O((n + m) log n)."""

from dataclasses import dataclass, replace
from typing import Final, Literal

from cli.check.found import Violation
from cli.check.ledger import ledger_violations
from cli.check.lines import Read
from cli.check.liveness import Liveness, Watch, too_little
from cli.check.reading import History
from cli.check.reads import KEPT, Reader
from cli.check.shrinking import shrunk

Verdict = Literal["PASS", "VIOLATION", "UNKNOWN"]
SHRUNK: Final = 20  # violations whose smallest part is looked for


@dataclass(frozen=True)
class Judgement:
    """`breaches`: how often each law was broken. `violations`: at most a thousand of them, the first ones shrunk.
    `unknown`: why too little happened."""

    violations: list[Violation]
    breaches: dict[str, int]
    unknown: list[str]
    figures: dict[str, int | float]
    faults: dict[str, int]

    @property
    def verdict(self) -> Verdict:
        if any(self.breaches.values()):
            return "VIOLATION"
        return "UNKNOWN" if self.unknown else "PASS"


def judge(history: History) -> Judgement:
    """Raises NotAHistory where the reads cannot be read."""
    reader = Reader(history)
    of_ledger = list(ledger_violations(history, reader.registers))
    watch = Watch(history, reader.registers)
    for one in history.again():
        reader.take(one)
        if isinstance(one, Read):
            watch.first(one)
    for one in history.again():
        if isinstance(one, Read):
            watch.count(one)
    found = [*of_ledger, *reader.seen.violations][:KEPT]
    small = [replace(one, smallest=shrunk(one, reader.registers)) for one in found[:SHRUNK]]
    return Judgement(
        small + found[SHRUNK:],
        {"G0": len(of_ledger), "G1": reader.seen.breaches["G1"], "G2": reader.seen.breaches["G2"]},
        list(too_little(history, reader, watch.found)),
        _figures(history, reader, watch.found),
        dict(sorted(watch.found.faults.items())),
    )


def _figures(history: History, reader: Reader, liveness: Liveness) -> dict[str, int | float]:
    registers = reader.registers.values()
    return {
        "people": len(reader.registers),
        "withdrawals": sum(len({one.number for one in register.withdrawals}) for register in registers),
        "grants": sum(one.f == "grant" for register in registers for one in register.done),
        "unanswered_writes": sum(one.outcome == "info" for one in history.writes),
        "effective": len({(one.c, one.revision) for one in history.effective if one.outcome == "ok"}),
        "reads": reader.seen.reads,
        "answered": reader.seen.answered,
        "chunks": reader.seen.sent,
        "withdrawals_read": len(reader.seen.covered),
        "granted_reads": liveness.granted,
        "granted_share": round(liveness.share, 5),
        "ledger": len(history.entries),
    }
