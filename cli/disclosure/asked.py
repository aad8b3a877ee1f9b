"""What is asked of the hidden figures, and the narrowest answer."""

from dataclasses import dataclass

from cli.disclosure.numbers import Span

Who = tuple[str, ...]


@dataclass(frozen=True)
class Target:
    """What is judged of one person and measure: one cell, or all of their cells together."""

    person: str
    cells: tuple[int, ...]
    units: tuple[str, ...]
    truth: float


@dataclass(frozen=True)
class Judged:
    """The narrowest interval of one figure, and who knows it."""

    fraction: float
    target: Target
    measure: str
    span: Span
    insiders: Who
