"""What ingest answers when it will not do what was asked."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from polars.exceptions import PolarsError
from sqlalchemy.exc import DBAPIError

from shared.kit.ballast import NO_SPACE, is_full
from shared.kit.problems import Problem, StorageFull


class DigestMismatch(Problem):
    """The bytes that arrived are not those of the address."""

    status, code, title = 422, "digest_mismatch", "The bytes do not have this digest"


class SubmissionPending(Problem):
    """A snapshot now would leave out what was already acknowledged."""

    status, code, title = 409, "submission_pending", "A submission of this feed is still being checked"

    def __init__(self, feed: str) -> None:
        super().__init__(f"A submission of {feed} has no fates yet. Ask again when it is checked.")


class NothingAccepted(Problem):
    status, code, title = 409, "nothing_accepted", "This feed has no accepted rows"

    def __init__(self, feed: str) -> None:
        super().__init__(f"No row of {feed} has been accepted yet. Send a file, or look into its quarantine.")


class SeveralFeeds(Problem):
    """The same bytes were sent to more than one feed."""

    status, code, title = 409, "several_feeds", "These bytes were sent to several feeds"

    def __init__(self, feeds: Iterable[str]) -> None:
        super().__init__(f"Say which one with the parameter feed: {', '.join(sorted(feeds))}.")


class GroundNeeded(Problem):
    """Rows of patients are held on a ground that somebody has declared, or not at all."""

    status, code, title = 409, "ground_needed", "Nobody has declared on what ground this feed is held"

    def __init__(self, feed: str) -> None:
        super().__init__(f"Declare the ground of {feed} first (PUT /v1/feeds/{feed}). Nothing of the file was kept.")


class PseudonymKeyMissing(Problem):
    """Without it patients' keys would have to be kept as they are, so nothing is."""

    status, code, title = 409, "pseudonym_key_missing", "There is no key to make pseudonyms with"

    def __init__(self, feed: str, file: str) -> None:
        super().__init__(
            f"{feed} has patients' keys, which are kept as pseudonyms only, and ingest has no {file}. Make "
            "it (`candour up` does, or `candour secrets make DIR`) and start ingest again. Nothing was kept."
        )


class GroundContradicts(Problem):
    """The ground is not one on which rows of this kind can be held."""

    status, code, title = 409, "ground_contradicts", "This feed cannot be held on this ground"


class IfMatchNeeded(Problem):
    status, code, title = 428, "if_match_needed", "Say which state you saw"

    def __init__(self) -> None:
        super().__init__("Read the feed and send its ETag as If-Match.")


class RevisionChanged(Problem):
    status, code, title = 412, "revision_changed", "The record has changed since you saw it"

    def __init__(self) -> None:
        super().__init__("Somebody has declared a ground of this feed since you read it. Read it again.")


class NameNotKnown(Problem):
    """What is read of the file depends on its name, and the name says nothing that is known."""

    status, code, title = 422, "name_not_known", "The name of the file does not tell what it should"

    def __init__(self, expected: str) -> None:
        super().__init__(f"Give the file its publisher's name ({expected}), and send it again. Nothing of it was kept.")


class NotItsFile(Problem):
    """A ground that a source states for files that it knows by their names is none for other files."""

    status, code, title = 422, "not_its_file", "The source's own ground is none for this file"

    def __init__(self, source: str, found: str, expected: str, do: str) -> None:
        super().__init__(f"{found}; {source} states its ground itself, for {expected} alone. {do} Nothing was kept.")


class NameDiffers(Problem):
    """The same bytes were sent under a name by which they are read otherwise."""

    status, code, title = 409, "name_differs", "These bytes were sent under another name"

    def __init__(self) -> None:
        super().__init__("Under this name they would be read otherwise than before. Ask for the submission's name.")


class WholePeriodWithoutDays(Problem):
    """A whole period can be superseded only where rows have days, and by a file that supersedes."""

    status, code, title = 422, "whole_period_without_days", "There is no period to supersede"

    def __init__(self) -> None:
        super().__init__("whole_period goes together with supersede=true, for a source whose rows have days.")


class MendsNothing(Problem):
    """There is no such submission of this feed whose lines could be mended."""

    status, code, title = 409, "mends_nothing", "There is no such submission to mend"

    def __init__(self) -> None:
        super().__init__("mends is the SHA-256 of a submission of this feed that was checked and not retracted.")


class OffsetDiffers(Problem):
    """An upload goes on where the one before it broke off, and nowhere else."""

    status, code, title = 409, "offset_differs", "Another number of bytes is kept"

    def __init__(self, kept: int) -> None:
        told = f"{kept:,} bytes are kept. Ask with HEAD, and go on from there."
        super().__init__(told, headers={"Upload-Offset": str(kept)})


class TooManyUploads(Problem):
    status, code, title = 503, "too_many_uploads", "As many files are arriving as can be taken at once"

    def __init__(self) -> None:
        super().__init__("Send it again in a few seconds.", headers={"Retry-After": "5"})


class SenderIdle(Problem):
    """A connection that brings nothing is not kept open."""

    status, code, title = 408, "sender_idle", "Nothing came for too long"

    def __init__(self) -> None:
        super().__init__("What came is kept. Ask with HEAD how much that is, and go on from there.")


class NothingToRetract(Problem):
    """It was refused as a whole: no row of it stands."""

    status, code, title = 409, "nothing_to_retract", "Nothing of this submission was taken"

    def __init__(self) -> None:
        super().__init__("The submission was refused, so there is nothing of it that could be left out.")


class NotOfOneFeed(Problem):
    status, code, title = 409, "not_of_one_feed", "These are snapshots of different feeds"

    def __init__(self) -> None:
        super().__init__("Differences are between two snapshots of one feed. Name two of the same.")


@contextmanager
def no_space_is_storage_full() -> Iterator[None]:
    """Raises StorageFull where the disk or a quota is full, whether a file or the database noticed it first."""
    try:
        yield
    except (OSError, DBAPIError, PolarsError) as error:
        if not (is_full(error) or _says_full(error)):
            raise
        raise StorageFull from error


def _says_full(error: Exception) -> bool:
    """Polars tells an error of the disk in words only, those of the operating system among them."""
    return isinstance(error, PolarsError) and any(os.strerror(code) in str(error) for code in NO_SPACE)
