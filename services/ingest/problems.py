"""What ingest answers when it will not do what was asked."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from shared.kit.ballast import is_full
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


@contextmanager
def no_space_is_storage_full() -> Iterator[None]:
    """Raises StorageFull where the disk or a quota is full, whether a file or the database noticed it first."""
    try:
        yield
    except (OSError, DBAPIError) as error:
        if not is_full(error):
            raise
        raise StorageFull from error
