"""Days are announced, and moved with a reason; no release comes on a day that readers could not know."""

from datetime import timedelta

from services.ratings.domain.working_days import day_zero
from services.ratings.models import CalendarRow, ReleaseRow
from services.ratings.problems import BeforeItsDay, NotAnnounced
from services.ratings.store import calendar as kept
from services.ratings.store.store import Transaction
from services.ratings.workflow.office import Office
from shared.contracts.calendar import AnnouncedDay, Announcement, Calendar
from shared.kit.logs import log
from shared.kit.problems import ValueNotAllowed


def calendar(office: Office) -> Calendar:
    with office.store.reading() as tx:
        return _told(office, tx)


def announce(office: Office, given: Announcement, person: str) -> Calendar:
    """Announce a day, or another one instead of one that was announced. The same again changes nothing.

    Raises ValueNotAllowed for a day that is too near, one that cannot be moved, or a move without a reason.
    """
    with office.store.transaction() as tx:
        former = kept.day_of(tx, given.day)
        if former is None or not _is_same(former, given):
            _refuse_odd_move(given)
            if former is None:
                _refuse_short_notice(office, given)
            moved = _take_away(tx, given)
            row = former or CalendarRow(day=given.day, title="", announced=office.clock(), announced_by=person)
            row.title, row.announced_by = given.title, person
            if moved or former is None:
                row.moved_from, row.moved_because = given.instead_of, given.reason
            row.correction_of = _corrected(tx, given, former)
            kept.announce(tx, row)
            log.info("day_announced", actor=person, day=str(given.day), moved=given.instead_of is not None)
        return _told(office, tx)


def check_day(office: Office, tx: Transaction, row: ReleaseRow) -> None:
    """Raises NotAnnounced, BeforeItsDay: a release comes on its own day in London, and not before. Where days need
    notice, a day on which one has come is over with its midnight: whatever is dated back to it, nobody was told of."""
    if (why := unannounced(tx, row)) is not None:
        raise NotAnnounced(f"{why} A publisher announces it: candour release announce {row.day}.")
    today = day_zero(office.clock())
    if today < row.day:
        raise BeforeItsDay(row.id, row.day, today)
    if office.release_policy.notice_days and today > row.day and kept.was_published_on(tx, row.day):
        raise NotAnnounced(f"On {row.day} another release has come: build this one for a day that is announced for it.")


def unannounced(tx: Transaction, row: ReleaseRow) -> str | None:
    """Why the day of a release does not count as announced; None where it does."""
    entry = kept.day_of(tx, row.day)
    if entry is None:
        return f"Nobody has announced a release for {row.day}."
    corrects = (row.correction or {}).get("supersedes")
    if entry.correction_of is not None and entry.correction_of != corrects:
        return f"{row.day} is announced for a correction of {entry.correction_of}, and this is none."
    return None


def _is_same(row: CalendarRow, given: Announcement) -> bool:
    moved = given.instead_of is None or (row.moved_from, row.moved_because) == (given.instead_of, given.reason)
    return moved and (row.title, row.correction_of) == (given.title, given.correction_of)


def _refuse_odd_move(given: Announcement) -> None:
    if (given.instead_of is None) != (given.reason is None):
        raise ValueNotAllowed(
            "A day is moved with a reason, and a reason belongs to a move.",
            errors=[{"pointer": "reason", "expected": "given together with instead_of"}],
        )
    if given.instead_of == given.day:
        raise ValueNotAllowed(
            "This is the day that was announced.",
            errors=[{"pointer": "instead_of", "found": str(given.instead_of), "expected": "another day than `day`"}],
        )


def _refuse_short_notice(office: Office, given: Announcement) -> None:
    policy = office.release_policy
    notice = policy.notice_days if given.correction_of is None else policy.correction_notice_days
    earliest = day_zero(office.clock()) + timedelta(days=notice)
    if notice and given.day < earliest:
        raise ValueNotAllowed(
            f"A day is announced at least {notice} days before it comes.",
            errors=[{"pointer": "day", "found": str(given.day), "expected": f"{earliest} or later"}],
        )


def _take_away(tx: Transaction, given: Announcement) -> bool:
    """The day that another one is announced instead of."""
    if given.instead_of is None:
        return False
    moved = kept.day_of(tx, given.instead_of)
    if moved is None:
        raise ValueNotAllowed(
            f"{given.instead_of} is not announced.",
            errors=[{"pointer": "instead_of", "found": str(given.instead_of), "expected": "a day of GET /v1/calendar"}],
        )
    if kept.was_published_on(tx, moved.day):
        raise ValueNotAllowed(
            f"A release has come on {moved.day}: it cannot be moved.",
            errors=[{"pointer": "instead_of", "found": str(moved.day), "expected": "a day that is still to come"}],
        )
    kept.withdraw(tx, moved)
    return True


def _corrected(tx: Transaction, given: Announcement, former: CalendarRow | None) -> str | None:
    """A day that was announced for a correction stays one: it may have been announced at shorter notice."""
    if former is not None and former.correction_of != given.correction_of:
        raise ValueNotAllowed(
            f"{given.day} is announced for something else.",
            errors=[{"pointer": "correction_of", "expected": former.correction_of or "none"}],
        )
    return None if given.correction_of is None else tx.release(given.correction_of).id


def _told(office: Office, tx: Transaction) -> Calendar:
    came = kept.came_on(tx)
    policy = office.release_policy
    return Calendar(
        days=[
            AnnouncedDay(
                day=row.day, title=row.title, announced=row.announced, moved_from=row.moved_from,
                moved_because=row.moved_because, correction_of=row.correction_of, releases=came.get(row.day, []),
            )
            for row in kept.announced(tx)
        ],
        notice_days=policy.notice_days, correction_notice_days=policy.correction_notice_days,
    )  # fmt: skip
