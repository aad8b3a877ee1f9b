"""Parts of a file: one range of bytes, under a validator that still holds (RFC 9110, 13.1.5 and 14)."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from fastapi import Request

from services.gateway.api.problems import RangeNotSatisfiable

ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Part:
    """Bytes `first` to `last`, both included, of `whole`."""

    first: int
    last: int
    whole: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.last}/{self.whole}"


def part_wanted(request: Request, tag: str, published: datetime | None, whole: int) -> Part | None:
    """None: the whole file. So it is for several ranges, for what is no range, and where `If-Range` names another
    version. Raises RangeNotSatisfiable."""
    asked = ONE_RANGE.fullmatch(request.headers.get("range", "").strip())
    if asked is None or not _still_holds(request.headers.get("if-range"), tag, published):
        return None
    first, last = asked.groups()
    if not first and not last:
        return None
    if not first:  # the last so many
        part = Part(max(whole - int(last), 0), whole - 1, whole)
        satisfiable = int(last) > 0 and whole > 0
    else:
        if last and int(last) < int(first):
            return None
        part = Part(int(first), min(int(last) if last else whole - 1, whole - 1), whole)
        satisfiable = part.first < whole
    if not satisfiable:
        raise RangeNotSatisfiable(whole)
    return part


def _still_holds(condition: str | None, tag: str, published: datetime | None) -> bool:
    """A weak validator never does."""
    if condition is None:
        return True
    dated = format_datetime(published, usegmt=True) if published is not None else None
    return condition.strip() in (tag, dated)
