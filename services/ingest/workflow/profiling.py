"""The report on a submission: made once from what was read of it, and told beside the one before it."""

from functools import partial

from services.ingest.domain import Waiting
from services.ingest.problems import no_space_is_storage_full
from services.ingest.profiling.profile import profile_of
from services.ingest.profiling.surprises import surprises
from services.ingest.reading.parts import Read, frames
from services.ingest.source import Source
from services.ingest.store import profiles
from services.ingest.store.database import Store
from services.ingest.store.profiles import Profiled
from services.ingest.workflow.declaring import check_key
from services.ingest.workflow.reading import kept_reading
from shared.contracts.profiles import Profile, Report


def kept_profile(store: Store, source: Source, reading: str, read: Read) -> str:
    """The digest of the profile of what was `read`, kept beside it; made now unless it is there. Raises OSError."""
    known = profiles.digest_kept(store, reading)
    if known is not None:
        return known
    folder = store.files.reading(reading)
    return profiles.keep(
        store, reading, profile_of(partial(frames, folder, read.rows), read, source, frames(folder, read.aside))
    )


def report_of(store: Store, source: Source, sha256: str, key: bytes | None) -> Report | None:
    """The profile with what is surprising beside the checked submission before it; None where it has no profile. After
    a restore it is made again from the upload, which takes as long as reading it. Raises StorageFull, Refused,
    PseudonymKeyMissing."""
    one = profiles.profiled(store, source.id, sha256)
    if one is None:
        return None
    profile, earlier = _profile(store, source, one, key), profiles.before(store, one)
    if earlier is None:
        return Report(sha256=sha256, name=one.name, profile=profile, surprises=surprises(profile, None))
    found = surprises(profile, _profile(store, source, earlier, key))
    return Report(
        sha256=sha256,
        name=one.name,
        against=earlier.sha256,
        against_name=earlier.name,
        profile=profile,
        surprises=found,
    )


def _profile(store: Store, source: Source, one: Profiled, key: bytes | None) -> Profile:
    if (known := profiles.profile_kept(store, one.reading)) is not None:
        return known
    check_key(source, key)
    with no_space_is_storage_full():
        waiting = Waiting(one.feed, one.sha256, False, one.turn, 0, name=one.name)
        digest, read = kept_reading(store, source, waiting, key, lambda done, total: None)  # noqa: ARG005
        kept_profile(store, source, digest, read)
    made = profiles.profile_kept(store, digest)
    assert made is not None
    return made
