"""Every query on a view. Rows to hide are in a temporary table of the one connection, and no query goes round it.

The view's own file is opened read-only; the connection belongs to the event loop's thread, so nothing can be shown
between a look at the hidden rows and the end of a page.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from services.gateway.view.places import Places
from services.gateway.view.selection import KEY_OF, Key, Order, Selection
from services.gateway.view.spelling import folded
from shared.contracts.views import ROW_COLUMNS

Row = dict[str, Any]
NOT_HIDDEN: Final = "row not in (select row from temp.hidden)"
SUBJECT: Final = ("subject_id", "subject_name")
COLUMNS: Final = (*ROW_COLUMNS, *SUBJECT)
MOST_COUNTS: Final = 200
SELECT: Final = f"select {', '.join(COLUMNS)} from rows where {NOT_HIDDEN}"  # noqa: S608  # our own names


class ViewRows:
    """The visible rows of one view."""

    def __init__(self, source: Path) -> None:
        self.connection = sqlite3.connect(f"{source.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
        for statement in ("pragma temp_store=memory", "pragma trusted_schema=off",
                          "create temp table hidden (row integer primary key)"):  # fmt: skip
            self.connection.execute(statement)
        self.fixed_providers = self._fixed_providers()
        self.hides = 0  # how often something was hidden
        self.counts: dict[object, Any] = {}  # answers to counting questions, valid until something more is hidden

    def close(self) -> None:
        self.connection.close()

    def hide(self, keys: Iterable[str]) -> list[str]:
        """Hide the quarantine sets of `keys`; the ids of rows that were visible until now."""
        found: list[str] = []
        self.counts.clear()
        for key in keys:
            sql = f"select id from rows where row in (select row from quarantine where key = ?) and {NOT_HIDDEN}"  # noqa: S608
            found += [one[0] for one in self.connection.execute(sql, (key,))]
            self.connection.execute(
                "insert or ignore into temp.hidden select row from quarantine where key = ?", (key,)
            )
        self.hides += bool(found)
        return found

    def any_of(self, ids: Collection[str], wanted: Selection) -> bool:
        """Whether the selection would match any of these rows, hidden or not."""
        conditions, values = _where(wanted)
        sql = f"select 1 from rows where id in (select value from json_each(?)){conditions} limit 1"  # noqa: S608
        return self.connection.execute(sql, (json.dumps(list(ids)), *values)).fetchone() is not None

    def visible_ids(self) -> set[str]:
        return {one[0] for one in self.connection.execute(f"select id from rows where {NOT_HIDDEN}")}  # noqa: S608

    def has_revocable(self) -> bool:
        return self.connection.execute("select 1 from rows where partition <> 'fixed' limit 1").fetchone() is not None

    def _fixed_providers(self) -> frozenset[str]:
        """Those none of whose rows, at any level, depends on anybody: hidden rows count, so no decision moves it. Rows
        published about one that was merged are its successor's, and its own."""
        sql = (
            "select id from (select provider_id as id, partition from rows "
            "union all select reported_as_id, partition from rows) "
            "where id is not null group by 1 having max(partition <> 'fixed') = 0"
        )
        return frozenset(one[0] for one in self.connection.execute(sql))

    def revocable_indicators(self, provider: str) -> list[str]:
        """Indicators of this provider's own results that a decision could hide, whatever is hidden now."""
        sql = (
            "select distinct indicator_id from rows "
            "where (provider_id = ? or reported_as_id = ?) and level = 'provider' and partition <> 'fixed' order by 1"
        )
        return [one[0] for one in self.connection.execute(sql, (provider, provider))]

    def page(self, wanted: Selection, order: Order, after: Key | None, limit: int) -> list[Row]:
        """At most `limit` rows in order, after the key of the last one shown before."""
        conditions, values = _where(wanted)
        key = ", ".join(KEY_OF[order])
        if after is not None:
            conditions += f" and ({key}) > ({', '.join('?' * len(after))})"
            values += after
        return self._rows(f"{SELECT}{conditions} order by {key} limit ?", (*values, limit))

    def total(self, wanted: Selection) -> int:
        conditions, values = _where(wanted)
        sql = f"select count(*) from rows where {NOT_HIDDEN}{conditions}"  # noqa: S608
        return int(self._counted(sql, values)[0][0])

    def absent(self, wanted: Selection) -> dict[str, int]:
        """Absent rows by public reason. Never of consultants: their absences are nobody's business."""
        conditions, values = _where(wanted)
        sql = (
            f"select reason, count(*) from rows where {NOT_HIDDEN}{conditions} "  # noqa: S608
            "and status <> 'published' and level <> 'consultant' group by reason order by reason"
        )
        return dict(self._counted(sql, values))

    def hidden_ids(self, wanted: Selection) -> list[str]:
        """Ids of hidden rows that the selection would match: for a validator, never for an answer."""
        conditions, values = _where(wanted)
        sql = f"select id from rows where row in (select row from temp.hidden){conditions} order by id"  # noqa: S608
        return [one[0] for one in self.connection.execute(sql, values)]

    def one(self, result_id: str) -> Row | None:
        found = self._rows(f"{SELECT} and id = ?", (result_id,))
        return found[0] if found else None

    def is_fixed(self, result_id: str) -> bool:
        """True where a row of this id exists and depends on nobody; false says nothing about existence."""
        sql = "select 1 from rows where id = ? and partition = 'fixed'"
        return self.connection.execute(sql, (result_id,)).fetchone() is not None

    def providers(self, wanted: Places) -> list[str]:
        """Ids of providers by name, then id."""
        words, values = wanted.conditions()
        sql = f"select id from providers where true{words} order by name, id"  # noqa: S608  # our own names
        return [one[0] for one in self.connection.execute(sql, values)]

    def consultants(self, q: str, providers: Sequence[str], specialties: Sequence[str]) -> list[tuple[str, str]]:
        """(gmc, name) of consultants with a visible row, by name, then number."""
        words, values = _search(q, "c.gmc")
        visible = f"exists (select 1 from rows where {NOT_HIDDEN} and consultant_id = c.gmc and level = 'consultant'"  # noqa: S608
        if providers:
            visible += f" and provider_id in ({', '.join('?' * len(providers))})"
        if specialties:  # of the visible row, too: a specialty in which nothing may be shown is not listed
            visible += " and coalesce(rows.specialty, c.specialty) = c.specialty"
        chosen = f" and c.specialty in ({', '.join('?' * len(specialties))})" if specialties else ""
        sql = (
            f"select distinct c.gmc, c.name from consultants c where {visible}){chosen}{words} "  # noqa: S608
            "order by c.name, c.gmc"
        )
        return self._counted(sql, (*providers, *specialties, *values))

    def consultant(self, gmc: str) -> list[Row]:
        """The visible rows of one consultant; none where nothing may be shown, whatever the cause."""
        return self._rows(
            f"{SELECT} and consultant_id = ? and level = 'consultant' order by {', '.join(KEY_OF['subject'])}", (gmc,)
        )

    def specialties(self, gmc: str) -> list[str]:
        """Those in which something of theirs may be shown."""
        sql = (
            "select specialty from consultants c where gmc = ? and exists (select 1 from rows where "  # noqa: S608
            f"consultant_id = c.gmc and level = 'consultant' and {NOT_HIDDEN} "
            "and coalesce(rows.specialty, c.specialty) = c.specialty) order by specialty"
        )
        return [one[0] for one in self.connection.execute(sql, (gmc,))]

    def _counted(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        """Remembered, because every page of a list asks for its total again; forgotten whenever rows are hidden."""
        known = self.counts.get((sql, values))
        if known is None:
            if len(self.counts) >= MOST_COUNTS:
                self.counts.clear()
            known = self.counts[sql, values] = self.connection.execute(sql, values).fetchall()
        return list(known)

    def _rows(self, sql: str, values: Sequence[object]) -> list[Row]:
        return [dict(zip(COLUMNS, found, strict=True)) for found in self.connection.execute(sql, values)]


def _where(wanted: Selection) -> tuple[str, tuple[object, ...]]:
    text = ""
    values: tuple[object, ...] = ()
    for condition, parameters in wanted.conditions():
        text += f" and {condition}"
        values += parameters
    return text, values


def _search(q: str, identity: str) -> tuple[str, tuple[object, ...]]:
    words = folded(q).split()
    if not words:
        return "", ()
    every = " and ".join("instr(folded, ?) > 0" for _ in words)
    return f" and (({every}) or {identity} = ?)", (*words, q.strip())
