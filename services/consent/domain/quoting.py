"""Where a text quotes a person: their number as a whole token, or their name; and that text without them."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

ERASED: Final = "[erased]"
SHORTEST_NAME: Final = 3  # shorter names are parts of too many words


@dataclass(frozen=True)
class Quoted:
    """How one person may be quoted: `number` is a consultant's number or a practice's code."""

    number: str
    name: str | None = None

    @property
    def pattern(self) -> re.Pattern[str]:
        found = [rf"(?<![0-9A-Za-z]){re.escape(self.number)}(?![0-9A-Za-z])"]
        if self.name and len(self.name) >= SHORTEST_NAME:
            found.append(rf"(?<!\w){re.escape(self.name)}(?!\w)")
        return re.compile("|".join(found), re.IGNORECASE)

    @property
    def needles(self) -> list[str]:
        """What a text must contain to quote the person, also where it is the text of JSON."""
        name = self.name if self.name and len(self.name) >= SHORTEST_NAME else None
        spelled = {json.dumps(name, ensure_ascii=plain)[1:-1] for plain in (False, True)} if name else set()
        return [self.number, *sorted(spelled)]

    def within(self, value: Any) -> bool:
        """Whether any text in this value of JSON quotes the person."""
        pattern = self.pattern
        return any(pattern.search(one) for one in _texts(value))

    def lines_of(self, value: Any) -> list[str]:
        """Every line of every text in this value that quotes the person."""
        pattern = self.pattern
        return [line for one in _texts(value) for line in one.splitlines() if pattern.search(line)]

    def without(self, value: Any) -> Any:
        """The value with each line of a text that quotes the person put out whole: it is about them."""
        return _without(value, self.pattern)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [one for pair in value.items() for part in pair for one in _texts(part)]
    return [one for part in value for one in _texts(part)] if isinstance(value, list) else []


def _without(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return "\n".join(ERASED if pattern.search(line) else line for line in value.split("\n"))
    if isinstance(value, dict):
        return {_without(key, pattern): _without(part, pattern) for key, part in value.items()}
    return [_without(part, pattern) for part in value] if isinstance(value, list) else value
