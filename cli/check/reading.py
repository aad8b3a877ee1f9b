"""Reads a history file. Writes, faults and the ledger are kept; reads are gone through again and again, never kept: so
a million of them need no memory."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from cli.check.lines import LINE, AnyLine, Effective, Entry, Fault, Group, Header, Read, Sent, Write


class NotAHistory(Exception):
    """The file cannot be judged: the message says which line, what was found and what was expected."""


@dataclass
class History:
    """A header, what must be known at once, and a way to go through the reads. `torn`: the last line was cut off, as by
    the end of the recorder."""

    header: Header
    again: Callable[[], Iterable[Read | Sent]]
    writes: list[Write] = field(default_factory=list)
    effective: list[Effective] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    torn: bool = False

    def keep(self, line: AnyLine) -> None:
        """Raises NotAHistory for a second header."""
        match line:
            case Write():
                self.writes.append(line)
            case Effective():
                self.effective.append(line)
            case Fault():
                self.faults.append(line)
            case Entry():
                self.entries.append(line)
            case Group():
                self.groups.append(line)
            case Header():
                raise NotAHistory(f"line {line.line}: a second header; one file is one history")


def history_of(lines: Iterable[AnyLine]) -> History:
    """Of lines in memory, as tests have them. Raises NotAHistory without a header."""
    header, *others = list(lines)
    if not isinstance(header, Header):
        raise NotAHistory("the first line is not a header")
    found = History(header, lambda: (one for one in others if isinstance(one, Read | Sent)))
    for line in others:
        found.keep(line)
    return found


def read_history(path: Path) -> History:
    """Raises NotAHistory, OSError."""
    lines = _lines(path)
    first = next(lines, None)
    if not isinstance(first, Header):
        raise NotAHistory(f"{path}: the first line must be a header of format 1, with what was asked for")
    found = History(first, lambda: (one for one in _lines(path) if isinstance(one, Read | Sent)))
    for line in lines:
        if line is None:
            found.torn = True
        else:
            found.keep(line)
    return found


def _lines(path: Path) -> Iterator[AnyLine | None]:
    """Every line; None in the end for one that was cut off. Raises NotAHistory."""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                line = LINE.validate_json(text)
            except ValidationError as error:
                if not text.endswith(b"\n"):
                    yield None
                    return
                raise NotAHistory(f"line {number}: {_said(error)}") from None
            line.line = number
            yield line


def _said(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])
