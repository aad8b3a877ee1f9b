"""Which organisation took the place of which: chains followed to their ends, circles refused.

A link that no register can name at one end is followed and not shown. Figures are never added up over a link: a row
stays about the organisation that it was published about, and is found under its heir."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeAlias

import polars as pl

from services.ratings.assembly.schema import BuildRefused, as_declared

Links: TypeAlias = Mapping[str, Mapping[str, date | None]]
"""By the organisation that ended, its successors, and since when."""
NO_SUCCESSIONS: Final = as_declared([], "successions")
SHOWN_CODES: Final = 20


def links_of(frames: Sequence[pl.DataFrame], as_of: date) -> Links:
    """`provider`, `successor` and, where the source has it, `since`; in order of precedence: the first that knows a
    link gives its day, a later one where the first has none. What is planned for a day after `as_of` has not happened.
    A line without a successor is about none.
    """
    found: dict[str, dict[str, date | None]] = {}
    for frame in (frame.drop_nulls(["provider", "successor"]) for frame in frames):
        since = frame["since"].to_list() if "since" in frame.columns else [None] * frame.height
        for provider, successor, day in zip(frame["provider"], frame["successor"], since, strict=True):
            if day is None or day <= as_of:
                after = found.setdefault(provider, {})
                after[successor] = after.get(successor) or day
    return found


def successions_of(links: Links, known: Collection[str]) -> pl.DataFrame:
    """Every organisation with each one that came after it, however many steps later, where registers know both.

    `since`: the day on which that one took over, null where no source says it; a day of an earlier step is never told
    as a later one's. `heir`: whether results of `provider` are found under `successor`: the last known one of a chain
    without a fork. Where an organisation was split its results stay under its own code, and its successors are only
    named. Raises BuildRefused, naming the codes, where a chain leads back to where it began.
    """
    _refuse_circles(links)
    listed = set(known)
    rows = [row for provider in sorted(links) if provider in listed for row in _after(links, provider, listed)]
    columns = ("provider", "successor", "since", "heir")
    schema = dict(zip(columns, (pl.String, pl.String, pl.Date, pl.Boolean), strict=True))
    return as_declared([pl.DataFrame(rows, schema=schema, orient="row")], "successions")


def _after(links: Links, provider: str, known: set[str]) -> Iterator[tuple[str, str, date | None, bool]]:
    found: dict[str, date | None] = {}
    due = [provider]
    while due:
        for successor, day in sorted(links.get(due.pop(0), {}).items()):
            if successor not in found:
                found[successor] = day
                due.append(successor)
    heir = _heir(links, provider, known)
    yield from ((provider, one, day, one == heir) for one, day in found.items() if one in known)


def _heir(links: Links, provider: str, known: set[str]) -> str | None:
    """The last known organisation before the chain ends or forks."""
    heir, at = None, provider
    while len(links.get(at, {})) == 1:
        (at,) = links[at]
        heir = at if at in known else heir
    return heir


def _refuse_circles(links: Links) -> None:
    """A walk through every link, each but once."""
    done: set[str] = set()
    for start in sorted(links):
        path: dict[str, Iterator[str]] = {}
        at: str | None = start
        while at is not None:
            if at not in path and at not in done:
                path[at] = iter(sorted(links.get(at, {})))
            if at in done or (following := next(path[at], None)) is None:
                done.add(at)
                path.pop(at, None)
                at = next(reversed(path), None)
            elif following in path:
                raise BuildRefused(f"successions lead in a circle: {_in_words([*path], following)}")
            else:
                at = following


def _in_words(path: list[str], back: str) -> str:
    circle = path[path.index(back) :]
    shown = circle if len(circle) <= SHOWN_CODES else [*circle[:SHOWN_CODES], "…"]
    return " → ".join([*shown, back])
