"""The report on a submission: made once from what was read of it, and told beside the one before it."""

from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.surprises import surprises
from services.ingest.reading.parts import Read, frames
from services.ingest.source import Source
from services.ingest.store import profiles
from services.ingest.store.database import Store
from shared.contracts.profiles import Report


def kept_profile(store: Store, source: Source, reading: str, read: Read) -> str:
    """The digest of the profile of what was `read`, kept beside it; made now unless it is there. Raises OSError."""
    known = profiles.digest_kept(store, reading)
    if known is not None:
        return known
    folder = store.files.reading(reading)
    return profiles.keep(
        store, reading, profile_of(frames(folder, read.rows), read, source, frames(folder, read.aside))
    )


def report_of(store: Store, feed: str, sha256: str) -> Report | None:
    """The profile with what is surprising beside the checked submission before it; None where it has no profile."""
    one = profiles.profiled(store, feed, sha256)
    if one is None:
        return None
    profile, earlier = profiles.profile_kept(store, one.reading), profiles.before(store, one)
    if earlier is None:
        return Report(sha256=sha256, name=one.name, profile=profile, surprises=surprises(profile, None))
    found = surprises(profile, profiles.profile_kept(store, earlier.reading))
    return Report(
        sha256=sha256,
        name=one.name,
        against=earlier.sha256,
        against_name=earlier.name,
        profile=profile,
        surprises=found,
    )
