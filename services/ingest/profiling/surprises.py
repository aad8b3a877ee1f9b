"""What is surprising about a file: beside the last one of its feed, and in itself. Pure; thresholds are `Rules`.

None of this refuses anything. Each surprise says what was found, what was expected, and what to do about it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import Final

from services.ingest.profiling.rules import Rules, reviewed
from services.ingest.profiling.words import number, percent
from shared.contracts.profiles import ColumnProfile, Days, Profile, Surprise

GONE: Final = (
    "Find out whether they closed, merged (the register says into whom), or did not send; a figure without them is not "
    "comparable."
)
NEW: Final = "See that each is in the register, and whether it succeeds one that is gone."
COMPARED: Final = ("text", "identifier", "code", "flag", "whole", "number", "pseudonym")
Both = Callable[[Profile, Profile, Rules], Iterator[Surprise]]
Pair = Callable[[ColumnProfile, ColumnProfile, Rules], Iterator[Surprise]]


def surprises(now: Profile, before: Profile | None, rules: Rules | None = None) -> list[Surprise]:
    """Of `now` beside `before`, the last checked file of the same source (None: the first of its feed)."""
    rules = rules or reviewed()
    found = [*_set_aside(now, rules), *_totals(now, rules)]
    if before is not None:
        found += [one for rule in OF_FILES for one in rule(now, before, rules)]
        found += [
            one for left, right in _columns(now, before) for rule in OF_COLUMNS for one in rule(left, right, rules)
        ]
    return found


def _set_aside(now: Profile, rules: Rules) -> Iterator[Surprise]:
    fates = now.fates
    carrying = now.lines - fates.header - fates.footer - fates.blank
    aside = fates.quarantined + fates.conflict
    if carrying and aside / carrying > rules.set_aside.share:
        yield Surprise(
            code="many-set-aside",
            found=f"{aside:,} of {carrying:,} lines are set aside ({percent(aside / carrying)}).",
            expected=f"At most {percent(rules.set_aside.share)}.",
            do="Read what is wrong with them below. Where one cause is behind most, ask the sender for a corrected "
               "file; else mend the lines and send them again.",
        )  # fmt: skip


def _totals(now: Profile, rules: Rules) -> Iterator[Surprise]:
    for total in now.totals or ():
        if abs(total.stated - total.found) > rules.totals.share * max(abs(total.stated), abs(total.found)):
            yield Surprise(
                code="total-differs", column=total.column,
                found=f"Line {total.line} says that {total.column} sums to {number(total.stated)}; "
                      f"the lines sum to {number(total.found)}.",
                expected="A total that is the sum of its lines.",
                do="Ask the publisher which is right: lines may be missing, or revised after the total was made.",
            )  # fmt: skip


def _rows(now: Profile, before: Profile, rules: Rules) -> Iterator[Surprise]:
    change = now.rows - before.rows
    if abs(change) >= rules.rows.rows and abs(change) > rules.rows.share * before.rows:
        word = "more" if change > 0 else "fewer"
        yield Surprise(
            code="rows-rose" if change > 0 else "rows-fell",
            found=f"{now.rows:,} rows, {abs(change):,} {word} than the {before.rows:,} of the last file"
                  + (f" ({percent(abs(change) / before.rows)})." if before.rows else "."),
            expected=f"About as many: at most {percent(rules.rows.share)} more or fewer.",
            do="Find out whether the file is complete, or covers more than it did: a different period, other "
               "organisations, or two files in one.",
        )  # fmt: skip


def _providers(now: Profile, before: Profile, rules: Rules) -> Iterator[Surprise]:
    if now.providers is None or before.providers is None:
        return
    if now.providers.codes is None or before.providers.codes is None:
        return
    held, had = set(now.providers.codes), set(before.providers.codes)
    told = (("provider-gone", had - held, "gone", GONE), ("provider-new", held - had, "new", NEW))
    for code, which, word, do in told:
        if which:
            number = "1 provider is" if len(which) == 1 else f"{len(which):,} providers are"
            yield Surprise(
                code=code, found=f"{number} {word}: {_listed(which, rules.providers.named)}.",
                expected=f"The same {len(had):,} as in the last file.", do=do,
            )  # fmt: skip


def _period(now: Profile, before: Profile, rules: Rules) -> Iterator[Surprise]:
    if now.period is None or before.period is None:
        return
    held, had = now.period, before.period
    expected = f"A period that follows {_days(had)}, or moves on from it at the same length."
    if held == had:
        yield Surprise(
            code="period-again", found=f"The file covers {_days(held)}, as the last one does.", expected=expected,
            do="If it is a revision, load it with --supersede; rows of the same key with other values are in conflict "
               "otherwise.",
        )  # fmt: skip
    elif held.first > had.last + timedelta(days=1) or had.first > held.last + timedelta(days=1):
        yield Surprise(
            code="period-gap", found=f"The file covers {_days(held)}; the last one covered {_days(had)}.",
            expected=expected, do="Look for the file in between, and load it too.",
        )  # fmt: skip
    elif held.first <= had.last and not _moved_on(held, had, rules):
        yield Surprise(
            code="period-overlaps", found=f"The file covers {_days(held)}; the last one covered {_days(had)}.",
            expected=expected,
            do="See that no event is in both; load it with --supersede if it is to replace the other.",
        )  # fmt: skip


def _moved_on(held: Days, had: Days, rules: Rules) -> bool:
    """A window of the same length, such as twelve months to the end of each quarter."""
    moved, longer = (held.first - had.first).days, (held.last - held.first) - (had.last - had.first)
    return moved >= rules.period.moves and abs(longer.days) <= rules.period.days


def _layout(now: Profile, before: Profile, rules: Rules) -> Iterator[Surprise]:  # noqa: ARG001  # one of several
    """Columns that had values and are empty are said once, not as so many falls of completeness."""
    empty = [left.heading for left, right in _columns(now, before) if right.present and left.rows and not left.present]
    if empty:
        yield Surprise(
            code="column-empty", column=empty[0] if len(empty) == 1 else None,
            found=f"No row has a value in {_listed(empty, 10)}.", expected="Values, as in the last file.",
            do="See whether the publisher renamed or dropped the column, and what is made of it.",
        )  # fmt: skip


def _completeness(now: ColumnProfile, before: ColumnProfile, rules: Rules) -> Iterator[Surprise]:
    if not (now.rows and before.rows and now.present):
        return
    held, had = now.present / now.rows, before.present / before.rows
    fewer = had * now.rows - now.present
    if round(100 * (had - held), 9) > rules.completeness.points and fewer >= rules.completeness.rows:
        yield Surprise(
            code="less-complete", column=now.heading,
            found=f"{percent(held)} of rows have a value in {now.heading}, {percent(had)} had one before.",
            expected=f"No more than {rules.completeness.points:g} points fewer.",
            do="Ask the sender why values are missing; the reasons that the file gives are in the table of columns.",
        )  # fmt: skip


def _mean(now: ColumnProfile, before: ColumnProfile, rules: Rules) -> Iterator[Surprise]:
    held, had = now.numbers, before.numbers
    if held is None or had is None or held.spread is None or had.spread is None:
        return
    if min(now.present, before.present) < rules.mean.rows:
        return
    error = (held.spread**2 / now.present + had.spread**2 / before.present) ** 0.5
    moved = abs(held.mean - had.mean)
    if moved > rules.mean.errors * error and moved > rules.mean.spreads * had.spread:
        times = f", {moved / error:.1f} standard errors" if error else ""
        yield Surprise(
            code="mean-moved", column=now.heading,
            found=f"The mean of {now.heading} is {number(held.mean)}; it was {number(had.mean)}{times}.",
            expected=f"A mean within {rules.mean.errors:g} standard errors of the last.",
            do="See whether the unit or the definition changed, or whose rows came or went.",
        )  # fmt: skip


def _codes(now: ColumnProfile, before: ColumnProfile, rules: Rules) -> Iterator[Surprise]:
    if now.codes is None or before.codes is None or not before.present:
        return
    if fresh := set(now.codes) - set(before.codes):
        yield Surprise(
            code="new-codes", column=now.heading,
            found=f"{now.heading} has {_listed(fresh, rules.codes.named)}, which the last file had not.",
            expected="The codes of the last file.", do="See that each means what the source says it means.",
        )  # fmt: skip


def _single_value(now: ColumnProfile, before: ColumnProfile, rules: Rules) -> Iterator[Surprise]:
    if now.distinct == 1 and before.distinct > 1 and now.present >= rules.single_value.rows and now.type in COMPARED:
        yield Surprise(
            code="single-value", column=now.heading,
            found=f"Every row that has {now.heading} has the same value; the last file had {before.distinct:,} values.",
            expected="Several values.", do="See whether a default was written into every line.",
        )  # fmt: skip


OF_FILES: Final[tuple[Both, ...]] = (_rows, _providers, _period, _layout)
OF_COLUMNS: Final[tuple[Pair, ...]] = (_completeness, _mean, _codes, _single_value)


def _columns(now: Profile, before: Profile) -> Iterator[tuple[ColumnProfile, ColumnProfile]]:
    """Columns that both have, of one type."""
    had = {column.name: column for column in before.columns}
    for column in now.columns:
        other = had.get(column.name)
        if other is not None and other.type == column.type:
            yield column, other


def _listed(names: Iterable[str], most: int) -> str:
    every = sorted(names)
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def _days(days: Days) -> str:
    return f"{days.first} to {days.last}"
