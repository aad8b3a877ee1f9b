"""Who holds this data directory, and who held it before: the proof that an earlier process sends nothing any more.

The kernel gives a file lock away only when its holder is gone, with all its connections. So whoever has the lock may
tell consent that the process before has ended. Without the lock nothing is said: a name alone proves nothing. Nor does
the lock of a copied directory: it is another file, and whoever wrote the record may be running beside.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from shared.contracts.base import Contract
from shared.contracts.consent import Incarnation
from shared.kit.files import sync_folder, write_durably
from shared.kit.logs import log
from shared.kit.presence import Busy

LOCK: Final = "gateway.lock"
RECORD: Final = "gateway.json"
A_MOMENT: Final = 0.2


class Registered(Contract):
    """How one process registers with consent: under its `key`, and who `ended` before it; `incarnation` is the answer.

    Without an incarnation nobody knows whether consent ever heard the question.
    """

    key: str
    ended: Incarnation | None = None
    incarnation: Incarnation | None = None


class Tenure:
    """One process's time in a data directory. `before`: the process that held it last, until consent has been told.

    `target` is where that is kept; None for a process that holds no lock: it says nothing of anybody before it.
    """

    def __init__(self, target: Path | None = None, *, copied: bool = False) -> None:
        self.target = target
        self.before = _read(target) if target is not None and not copied else None
        self.mine = Registered(key=secrets.token_hex(16))  # one key for the life of the process
        self.written = True

    def begins(self, ended: Incarnation | None) -> Registered:
        """To be called before consent is asked: whoever comes after must know of a registration without an answer."""
        self._keep(Registered(key=self.mine.key, ended=ended))
        return self.mine

    def is_now(self, incarnation: Incarnation) -> None:
        self.before = None
        self._keep(self.mine.model_copy(update={"incarnation": incarnation}))

    def write_down(self) -> None:
        """What a full disk kept from being written. Never raises OSError: readers do not wait for this record."""
        if self.written or self.target is None:
            return
        try:
            write_durably(self.target, self.mine.model_dump_json().encode())
            self.written = True
        except OSError as error:
            log.error("registration_not_written", cause=type(error).__name__)

    def _keep(self, mine: Registered) -> None:
        self.mine, self.written = mine, False
        self.write_down()


@contextmanager
def tenure_of(folder: Path) -> Iterator[Tenure]:
    """Hold `folder` alone. Raises Busy where another gateway process holds it: it is never waited for."""
    with (folder / LOCK).open("a+") as lock:
        if not _locked(lock.fileno()):
            raise Busy(
                f"Another gateway process is running on {folder}. Stop it first, or give this one a data directory of "
                f"its own (CANDOUR_GATEWAY_DATA_DIR): gateways share nothing."
            )
        yield Tenure(folder / RECORD, copied=not _is_itself(lock.fileno(), folder / RECORD))


def _is_itself(descriptor: int, record: Path) -> bool:
    """Whether this very file was locked the last time: it says of itself which one it is. Where it was not, the record
    is another directory's, and goes; where even that fails, the next one finds it as this one did."""
    mine = str(os.fstat(descriptor).st_ino).encode()
    if os.pread(descriptor, len(mine) + 1, 0) == mine:
        return True
    try:
        record.unlink(missing_ok=True)
        sync_folder(record.parent)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, mine)
    except OSError as error:
        log.error("lock_not_marked", cause=type(error).__name__)
    return False


def _locked(descriptor: int) -> bool:
    """Whoever watches gateways has the lock for a moment, to see whether it is free."""
    until = time.monotonic() + A_MOMENT
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(A_MOMENT / 10)


def _read(target: Path) -> Registered | None:
    try:
        return Registered.model_validate_json(target.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        log.error("registration_not_readable")
        return None
