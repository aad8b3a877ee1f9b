"""Puts a backup back: everything is verified first, files before the database, and from the first change to the last
the store is marked, so that nobody serves from half of one."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from pydantic import ValidationError

from shared.kit.backup import MANIFEST, BackupRefused, Kept, Manifest, Stored
from shared.kit.copying import copied, digest_of
from shared.kit.files import aside
from shared.kit.presence import Refused, alone, is_unfinished, mark_finished, mark_unfinished


def restore(stored: Stored, source: Path) -> tuple[Manifest, int]:
    """Make the store what it was when `source` was taken, and add files that are missing or damaged; the manifest, and
    how many files were put back. An older schema is brought forward by the next `migrate`.

    Raises BackupRefused before anything is changed where `source` is not a whole backup that this service can read;
    Busy where the service runs.
    """
    manifest = checked(stored, source)
    dump = stored.dump()
    with alone(stored.data_dir):
        put_back = sum(_put_file(stored, source, file) for file in manifest.files if file.name != dump.file)
        _replace(stored, source / dump.file)
    return manifest, put_back


def _replace(stored: Stored, source: Path) -> None:
    folder, dump = stored.data_dir, stored.dump()
    scratch, was_unfinished = aside(folder / "restore"), is_unfinished(folder)
    try:
        dump.prepare(source, scratch)
        mark_unfinished(folder)
        dump.put(stored.database, stored.jobs, scratch)
        mark_finished(folder)
    except Refused:
        if not was_unfinished:
            mark_finished(folder)
        raise
    finally:
        scratch.unlink(missing_ok=True)


def checked(stored: Stored, source: Path) -> Manifest:
    """Raises BackupRefused where `source` is not whole, or not for this service, engine and schema."""
    manifest = _read(source)
    for what, found, expected in (
        ("a backup of", manifest.service, stored.service),
        ("taken from an engine named", manifest.engine, stored.dump().engine),
    ):
        if found != expected:
            raise BackupRefused(f"{source} is {what} {found}; {expected} is expected here.")
    try:
        _scripts(stored).get_revision(manifest.schema_revision)
    except CommandError:
        raise BackupRefused(
            f"{source} has the schema {manifest.schema_revision}, which this version of the code does not know. "
            f"Restore with the code that took it ({manifest.code}), or a later one."
        ) from None
    _check_files(stored, source, manifest)
    return manifest


def _read(source: Path) -> Manifest:
    try:
        return Manifest.model_validate_json((source / MANIFEST).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise BackupRefused(f"{source} has no {MANIFEST}: it is no backup, or one that was not finished.") from None
    except ValidationError as error:
        raise BackupRefused(f"{source / MANIFEST} is not of a known form: {error.error_count()} faults.") from None


def _scripts(stored: Stored) -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(stored.scripts))
    return ScriptDirectory.from_config(config)


def _check_files(stored: Stored, source: Path, manifest: Manifest) -> None:
    dump = stored.dump().file
    named = {file.name for file in manifest.files}
    found = {path.relative_to(source).as_posix() for path in source.rglob("*") if not path.is_dir()} - {MANIFEST}
    if dump not in named or found != named or len(named) != len(manifest.files):
        odd = sorted(found ^ named)
        raise BackupRefused(
            f"{source} does not have the files that its manifest names, first {odd[0] if odd else dump}. Use another."
        )
    for file in manifest.files:
        folder, _, name = file.name.rpartition("/")
        if file.name != dump and (folder not in stored.folders or not stored.folders[folder].holds(name)):
            raise BackupRefused(f"{source} has {file.name}, which is no file of {stored.service}.")
        if file.name != dump and not stored.folders[folder].may_be(name, file.sha256):
            raise BackupRefused(f"{source} has {file.name} with other bytes than its name says. Use another backup.")
        if (source / file.name).stat().st_size != file.bytes or digest_of(source / file.name) != file.sha256:
            raise BackupRefused(f"{source / file.name} is not as it was when the backup was taken. Use another backup.")


def _put_file(stored: Stored, source: Path, file: Kept) -> bool:
    """Whether it had to be put back."""
    folder, _, name = file.name.rpartition("/")
    target = stored.folders[folder].path / name
    if target.exists() and target.stat().st_size == file.bytes and digest_of(target) == file.sha256:
        return False
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    copied(source / file.name, target)
    return True
