"""What a sender says of a file before its bytes come: everything that can be refused without them is refused now."""

import re
from collections.abc import Iterable
from typing import Final

from services.ingest.domain import Sending
from services.ingest.personal import PHRASES, Personal, kind_of
from services.ingest.problems import MendsNothing, NameDiffers, NameNotKnown, NotItsFile, WholePeriodWithoutDays
from services.ingest.source import Source, undeclared_like
from services.ingest.store.database import Store
from services.ingest.workflow.declaring import check_ground
from shared.kit.problems import ValueNotAllowed

MOST_IN_NAME: Final = 200
NO_NAMES: Final = ("", ".", "..")
IN_NAMES: Final[tuple[Personal, ...]] = ("nhs-number", "name")
"""What a file is not called by. Days and places are what publishers call their files by."""


def last_part(name: str | None) -> str | None:
    """A file's name without the folders before it: of the file, and of nobody. Raises ValueNotAllowed."""
    if name is None:
        return None
    last = re.split(r"[/\\]", name)[-1]
    if last.strip() in NO_NAMES or len(last) > MOST_IN_NAME or not last.isprintable():
        told = f"A file's name has 1 to {MOST_IN_NAME} characters, and no controls, and is none of . and .."
        raise ValueNotAllowed(told, errors=[{"parameter": "name"}])
    if (kind := kind_of(last.replace("_", " "), IN_NAMES)) is not None:
        told = f"The file's name holds {PHRASES[kind]}. Give the file a name that tells of nobody, and send it again."
        raise ValueNotAllowed(told, errors=[{"parameter": "name"}])
    return last


def check_its_file(source: Source, name: str | None, sources: Iterable[Source]) -> None:
    """Before a byte is kept of patients' rows whose ground holds for certain files only. Raises NotItsFile."""
    if source.is_of_named_files and not source.names(name):
        raise NotItsFile(source.id, *of_other_ground(source, name, sources))


def of_other_ground(source: Source, name: str | None, sources: Iterable[Source]) -> tuple[str, str, str]:
    """What was found, what is expected and what to do where a file is not called as the source has it."""
    others = " or ".join(undeclared_like(source, sources))
    use = f"use {others}, whose ground" if others else "use a source without a ground of its own, which"
    do = f"Send such a file under its publisher's name; for any other {use} a steward declares first."
    found = "The file came without a name" if name is None else f"The file is called {name}"
    return found, f"files called {' or '.join(source.recognise.names)}", do


def check_announced(store: Store, source: Source, sending: Sending) -> None:
    """Before a byte is kept. Raises GroundNeeded, WholePeriodWithoutDays, MendsNothing, NameNotKnown, NameDiffers."""
    check_ground(store, source)
    if sending.whole_period and not (sending.supersede and source.days is not None):
        raise WholePeriodWithoutDays
    earlier = store.traces(sending.feed, sending.sha256)
    if sending.mends is not None:
        if sending.mends == sending.sha256 or not store.can_be_mended(sending.feed, sending.mends):
            raise MendsNothing
    elif source.reads_names and (earlier is None or earlier.name is not None):
        now = _named(source, sending.name)
        if earlier is not None and now.columns != _named(source, earlier.name).columns:
            raise NameDiffers


def _named(source: Source, name: str | None) -> Source:
    try:
        return source.of_file(name)
    except ValueError as error:
        raise NameNotKnown(str(error)) from None
