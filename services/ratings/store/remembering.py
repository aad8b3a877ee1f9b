"""What disclosure control remembers from bake to bake, of every indicator and period."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Final

from sqlmodel import col, select

from services.ratings.disclosure import Memory
from services.ratings.models import (
    BAKES,
    HIDDEN_SINCE,
    NAMED,
    SECRET_SINCE,
    TOTAL_SHOWN,
    BakesRow,
    NamedRow,
    ReleaseRow,
    SecretSinceRow,
    TotalShownRow,
)
from services.ratings.store.store import Transaction
from services.ratings.view.baking import Permitted
from services.ratings.view.roster import IndicatorPeriod
from shared.kit.bulk import insert_rows

OF_KEY: Final = ("indicator", "period")
Numbers = dict[IndicatorPeriod, dict[str, int]]


def memories(tx: Transaction) -> dict[IndicatorPeriod, Memory]:
    """Of every indicator and period of which anything is remembered. Totals are kept by release and unit, as
    `Table.key` puts them together."""
    session = tx.session
    hidden: Numbers = defaultdict(dict)
    secret: Numbers = defaultdict(dict)
    shown: Numbers = defaultdict(dict)
    for indicator, period, who, since in session.execute(select(*HIDDEN_SINCE.c)):
        hidden[indicator, period][who] = since
    returning: dict[IndicatorPeriod, set[str]] = defaultdict(set)
    for other in session.exec(select(SecretSinceRow)):
        secret[other.indicator, other.period][other.consultant] = other.since
        if other.kept_back:
            returning[other.indicator, other.period].add(other.consultant)
    for total in session.exec(select(TotalShownRow)):
        shown[total.indicator, total.period][f"{total.release} {total.provider}"] = total.until
    bakes = {(row.indicator, row.period): row.bakes for row in session.exec(select(BakesRow))}
    keys = hidden.keys() | secret.keys() | shown.keys() | bakes.keys()
    return {
        key: Memory(hidden[key], secret[key], shown[key], bakes.get(key, 0), frozenset(returning[key])) for key in keys
    }


def remember(tx: Transaction, found: Mapping[IndicatorPeriod, Memory]) -> None:
    """In place of what was remembered of these indicators and periods."""
    add, execute = partial(insert_rows, tx.session), tx.session.execute
    for indicator, period in found:
        for table in (HIDDEN_SINCE, SECRET_SINCE, TOTAL_SHOWN, BAKES):
            execute(table.delete().where(table.c.indicator == indicator, table.c.period == period))
    add(HIDDEN_SINCE, (*OF_KEY, "consultant", "since"), _numbers({key: one.hidden_since for key, one in found.items()}))
    secrets = [
        (*key, who, since, who in one.returning)
        for key, one in found.items()
        for who, since in one.secret_since.items()
    ]
    add(SECRET_SINCE, (*OF_KEY, "consultant", "since", "kept_back"), sorted(secrets))
    totals = [
        (*key, *name.split(" ", 1), until) for key, one in found.items() for name, until in one.shown_until.items()
    ]
    add(TOTAL_SHOWN, (*OF_KEY, "release", "provider", "until"), sorted(totals))
    add(BAKES, (*OF_KEY, "bakes"), [(*key, one.bakes) for key, one in sorted(found.items())])


def _numbers(found: Mapping[IndicatorPeriod, Mapping[str, int]]) -> list[tuple[str, str, str, int]]:
    return sorted((*key, one, since) for key, people in found.items() for one, since in people.items())


def some_return(tx: Transaction, indicators: Collection[str]) -> bool:
    """Whether anybody with results of these may be named again, and is hidden by the newest views all the same."""
    waiting = select(SecretSinceRow).where(col(SecretSinceRow.indicator).in_(indicators), col(SecretSinceRow.kept_back))
    return tx.session.exec(waiting.limit(1)).first() is not None


def keys_of_named(tx: Transaction) -> dict[tuple[str, str], str]:
    """Programme and key to person, of everybody who could be named at the last bake."""
    return {(programme, key): who for programme, who, key in tx.session.execute(select(*NAMED.c))}


def person_of(tx: Transaction, key: str) -> str | None:
    """Who could be named under this key at the last bake."""
    return tx.session.exec(select(NamedRow.consultant).where(NamedRow.key == key)).first()


def keep_named(tx: Transaction, permitted: Permitted) -> None:
    """In place of who could be named in these programmes."""
    rows = [(programme, who, one.key) for programme, named in permitted.items() for who, one in named.items()]
    for programme in permitted:
        tx.session.execute(NAMED.delete().where(NAMED.c.programme == programme))
    insert_rows(tx.session, NAMED, ("programme", "consultant", "key"), sorted(rows))


def ever_published(tx: Transaction, besides: Iterable[str] = ()) -> list[ReleaseRow]:
    """In the order of their publication, also those that were taken down since; last those `besides` of which nothing
    has been published yet."""
    rows = tx.session.exec(select(ReleaseRow).where(col(ReleaseRow.published).is_not(None)))
    found = sorted(rows, key=lambda row: (row.published, row.id))
    known = {row.id for row in found}
    return [*found, *(tx.release(one) for one in besides if one not in known)]
