"""Which rows a reader asks for, in the names of the API and the columns of the view."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

COLUMN_OF: Final[Mapping[str, str]] = {
    "indicator": "indicator_id",
    "provider": "provider_id",
    "consultant": "consultant_id",
    "level": "level",
    "kind": "provider_kind",
    "region": "region",
    "period": "period_id",
    "status": "status",
    "band": "band",
    "position": "position",
    "partition": "partition",
}
Order = Literal["subject", "name"]
KEY_OF: Final[Mapping[Order, tuple[str, ...]]] = {
    "subject": ("level", "subject_id", "indicator_id", "period_id", "id"),
    "name": ("subject_name", "level", "subject_id", "indicator_id", "period_id", "id"),
}
Key = tuple[str, ...]


@dataclass(frozen=True)
class Selection:
    """Filters of the rows: several values of one field mean or, several fields and. Limits never match absent rows."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    at_least: float | None = None
    at_most: float | None = None

    def conditions(self) -> Iterator[tuple[str, tuple[object, ...]]]:
        """SQL conditions with their parameters; column names come from COLUMN_OF only (KeyError otherwise). An
        organisation's rows are also those that were published about it and are found under its successor."""
        for name, allowed in self.values.items():
            if not allowed:
                continue
            column, marks = COLUMN_OF[name], ", ".join("?" * len(allowed))
            if name == "provider":
                yield f"({column} in ({marks}) or reported_as_id in ({marks}))", (*allowed, *allowed)
            else:
                yield f"{column} in ({marks})", allowed
        if self.at_least is not None:
            yield "estimate >= ?", (self.at_least,)
        if self.at_most is not None:
            yield "estimate <= ?", (self.at_most,)

    def of(self, name: str) -> tuple[str, ...]:
        return self.values.get(name, ())

    def narrowed(self, name: str, value: str) -> "Selection":
        """The same filters, and `name` must be `value`: nothing matches where another value was asked for."""
        asked = self.values.get(name, ())
        kept = (value,) if not asked or value in asked else ("",)  # no row has an empty subject or indicator
        return Selection({**self.values, name: kept}, self.at_least, self.at_most)
