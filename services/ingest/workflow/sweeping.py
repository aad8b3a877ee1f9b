"""Takes away what nothing names any more: readings and tables of fates that were decided again. What was named a
moment ago stays for an hour: somebody may be reading it, or making it for a decision that is not recorded yet."""

import json
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from polars.exceptions import PolarsError
from sqlalchemy.exc import DBAPIError

from services.ingest.store.database import Store
from services.ingest.store.naming import named
from shared.kit.files import write_durably
from shared.kit.logs import log

REST_SECONDS: Final = 3600.0
PARTIAL_SECONDS: Final = 86_400.0
UNNAMED: Final = "unnamed.json"


def sweep(store: Store, rest: float = REST_SECONDS) -> int:
    """Remove what has been found without a name for `rest` seconds; how many files and folders that were. Where
    nothing can be noted, or asked, it is swept another time: what a state names is asked of the state."""
    with suppress(OSError, DBAPIError, PolarsError), store.files.naming():
        return _swept(store, rest)
    return 0


def _swept(store: Store, rest: float) -> int:
    names, now = named(store), time.time()
    loose = {
        str(path.relative_to(store.files.folder)): path
        for folder, known in ((store.files.tables, names.tables), (store.files.readings, names.readings))
        for path in folder.iterdir()
        if not path.name.startswith(".") and path.stem not in known
    }
    noted = _noted(store.files.folder / UNNAMED)
    since = {name: noted.get(name, now) for name in loose}
    gone = [name for name, first in since.items() if now - first >= rest]
    for name in gone:
        _remove(loose[name])
    kept = {name: first for name, first in since.items() if name not in gone}
    if kept != noted:
        write_durably(store.files.folder / UNNAMED, json.dumps(kept).encode())
    if gone:
        log.info("swept", files=len(gone))
    return len(gone)


def sweep_partials(store: Store, rest: float = PARTIAL_SECONDS) -> None:
    """What came of uploads that nobody finished."""
    for path in store.files.partials.iterdir():
        with suppress(FileNotFoundError):
            if not path.name.startswith(".") and time.time() - path.stat().st_mtime >= rest:
                path.unlink()


def _noted(file: Path) -> dict[str, float]:
    try:
        noted: dict[str, float] = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return noted


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
