"""Which organisations a reader looks for: by name, by code, or by place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from services.gateway.view.spelling import district, folded, squeezed
from shared.contracts.views import ProviderEntry

TABLE: Final = (
    "create table providers (id text primary key, name text, kind text, region text, active integer, folded text, "
    "code text, postcode text, district text)"
)
ADD_PLACE: Final = "insert into providers values (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def place_row(entry: ProviderEntry) -> tuple[object, ...]:
    """A row of TABLE. `folded`: every word of its name and of where it is; `active` is null where nobody says it."""
    words = folded(" ".join(one for one in (entry.name, entry.town, entry.region) if one))
    postcode = entry.postcode or ""
    return (entry.id, entry.name, entry.kind, entry.region, entry.active, words, squeezed(entry.id),
            squeezed(postcode), district(postcode))  # fmt: skip


@dataclass(frozen=True)
class Places:
    """`q`: words that must all occur in the name, the town or the region; or a code, or how it begins; or a postcode,
    its district, or the district and how the rest begins: `PO30` is that district, and `PO3 0` a part of another."""

    q: str = ""
    kinds: Sequence[str] = ()
    regions: Sequence[str] = ()
    active: bool | None = None

    def conditions(self) -> tuple[str, tuple[object, ...]]:
        """SQL to go on a `where true` with, and its parameters."""
        text, values = self._words()
        for column, allowed in (("kind", self.kinds), ("region", self.regions)):
            if allowed:
                text += f" and {column} in ({', '.join('?' * len(allowed))})"
                values += tuple(allowed)
        if self.active is not None:
            text += " and active = ?"
            values += (int(self.active),)
        return text, values

    def _words(self) -> tuple[str, tuple[object, ...]]:
        words, code = folded(self.q).split(), squeezed(self.q)
        if not words:
            return "", ()
        every = " and ".join("instr(folded, ?) > 0" for _ in words)
        begins = "substr(code, 1, length(?)) = ?"
        where, given = _postcode(self.q.upper().split(), code)
        return f" and (({every}) or {begins} or ({where}))", (*words, code, code, *given)


def _postcode(parts: Sequence[str], whole: str) -> tuple[str, tuple[object, ...]]:
    if len(parts) == 1:
        return "postcode <> '' and (postcode = ? or district = ?)", (whole, whole)
    return "district = ? and substr(postcode, 1, length(?)) = ?", (parts[0], whole, whole)
