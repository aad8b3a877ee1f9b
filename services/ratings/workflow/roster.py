"""The roster of a release, for those who check what could be inferred of it: who works where, and with which figures.

It is the truth, so it never leaves the house but to the data steward and the auditor. Who is a secret is said as of
now, without a reason: whoever may not be named, and whoever has no figures to show whatever they decided.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import polars as pl

from services.ratings.indicators.definition import Definition
from services.ratings.problems import NoCells
from services.ratings.workflow.baking import permitted_for
from services.ratings.workflow.office import Office
from shared.contracts.consent import Named

HEADER: Final = (
    "release", "indicator", "period", "provider", "consultant", "cases", "observed", "expected", "secret",
)  # fmt: skip
Line = tuple[str | int, ...]


def roster_of(office: Office, release: str) -> list[Line]:
    """One line for every indicator, period, hospital and consultant. Raises NotFound, NoCells, PeerUnreachable,
    PeerRefused."""
    with office.store.reading() as tx:
        row = tx.release(release)
        parts, indicators = dict(row.parts), list(row.indicators)
    if "cells" not in parts:
        raise NoCells(release)
    permitted = permitted_for(office, indicators, office.peers.permissions())
    cells, results = office.frames.load(parts["cells"]), office.frames.load(parts["results"])
    people = results.filter(pl.col("level") == "consultant")
    found: list[Line] = []
    for one in sorted(cells["indicator"].unique()):
        definition = office.catalogue[one].definition
        own = pl.col("indicator") == one
        bare = set(_without_figures(people.filter(own), definition))
        found += _lines(release, cells.filter(own), permitted.get(definition.programme or "", {}), bare)
    return found


def _without_figures(people: pl.DataFrame, definition: Definition) -> Iterator[tuple[str, str]]:
    """Period and number of those of whom nothing can be shown."""
    for row in people.iter_rows(named=True):
        few = row["cases"] < definition.minimum_cases or definition.suppresses(row["cases"], row["observed"], 0)
        if few or row["status"] != "published":
            yield row["period_id"], row["subject"]


def _lines(release: str, cells: pl.DataFrame, named: Mapping[str, Named], bare: set[tuple[str, str]]) -> Iterator[Line]:
    ordered = cells.sort("period_id", "provider", "consultant")
    for row in ordered.iter_rows(named=True):
        who, period = row["consultant"], row["period_id"]
        secret = who not in named or (period, who) in bare
        yield (release, row["indicator"], period, row["provider"], who, row["cases"], row["observed"],
               repr(row["expected"]), "yes" if secret else "no")  # fmt: skip
