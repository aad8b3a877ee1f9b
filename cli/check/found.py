"""What was found: a breach of the law, with the two operations that contradict each other."""

from dataclasses import dataclass, field

from cli.check.lines import Read, Sent, Write


@dataclass(frozen=True)
class Violation:
    """`law`: G0, G1 or G2. `smallest`: the least of the history that still breaks it, in the order of time."""

    law: str
    c: str
    first: Write | None
    second: Write | Read | Sent | None
    detail: str
    smallest: tuple[Write | Read | Sent, ...] = field(default=())
