"""The envelope of a list: data, meta, links; and the cut of a list that is sorted by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from services.gateway.api.answer import Body
from services.gateway.api.asking import ConsultantsQuery, ProvidersQuery, ResultsQuery, pairs
from services.gateway.api.cursors import Cursors, query_hash
from services.gateway.api.plan import PAGING, Plan
from services.gateway.view.opened import OpenView
from services.gateway.view.selection import Key

Named = tuple[str, str]
Paged = ResultsQuery | ProvidersQuery | ConsultantsQuery


@dataclass(frozen=True)
class Listing:
    """A list at `path` of a release. Its query hash binds a cursor to this very question, in
    whatever form; `suffix` is the form in the address."""

    view: OpenView
    cursors: Cursors
    path: str
    query: Paged
    suffix: str = ""

    @property
    def hash(self) -> str:
        return query_hash([self.path, pairs(self.query, PAGING)])

    @property
    def self_address(self) -> str:
        return address(self.view.release, self.path + self.suffix, pairs(self.query))

    def after(self) -> Key | None:
        """The key to go on after. Raises CursorNotValid."""
        if self.query.cursor is None:
            return None
        return self.cursors.read(self.query.cursor, self.view.release, self.hash)

    def links(self, last: Key | None) -> Body:
        """`last`: the key of the last entry shown, where there are more."""
        links = {"self": self.self_address}
        if last is not None:
            links["next"] = self.next_address(last)
        return links

    def next_address(self, last: Key) -> str:
        cursor = self.cursors.write(self.view.release, self.hash, last)
        found = [*pairs(self.query, frozenset({"cursor"})), ("cursor", cursor)]
        return address(self.view.release, self.path + self.suffix, found)

    def meta(self, total: int, returned: int, sort: str, depends: bool) -> Body:
        meta: Body = {"release": self.view.release}
        if depends:
            meta["view"] = self.view.manifest.view
        return meta | {"total": total, "returned": returned, "limit": self.query.limit, "sort": sort}

    def cut(self, found: list[Named]) -> tuple[list[Named], Key | None]:
        """The page of a list sorted by (name, id), and the key of its last entry where there are more."""
        after = self.after()
        rest = found if after is None else [one for one in found if one > (after[0], after[1])]
        shown = rest[: self.query.limit]
        return shown, shown[-1] if len(rest) > len(shown) else None

    def body(self, data: list[Body], total: int, last: Key | None, depends: bool) -> Body:
        meta = self.meta(total, len(data), "name,id", depends)
        if not total:
            meta["why_empty"] = "nothing_matches"
        return {"data": data, "meta": meta, "links": self.links(last)}


def address(release: str, path: str, query: Sequence[tuple[str, str]] = ()) -> str:
    """An absolute path under the dated release, so that paging cannot straddle releases."""
    return f"/v1/releases/{release}{path}" + (f"?{urlencode(query, safe=',[]')}" if query else "")


def why_empty(view: OpenView, asked: Plan) -> str:
    """From the public definitions alone: what nobody may know must not show in a reason either."""
    known: Any = view.definitions.indicators
    entries = [known[one] for one in asked.wanted.of("indicator") if one in known]
    levels, periods = asked.wanted.of("level"), asked.wanted.of("period")
    if entries and levels and not any(level in entry.levels for entry in entries for level in levels):
        return "not_at_this_level"
    if entries and periods and not any(period in entry.periods for entry in entries for period in periods):
        return "not_in_this_period"
    return "nothing_matches"
