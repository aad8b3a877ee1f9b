"""`python -m services.ingest.reading`: reads one file that a stranger made, and can do little else.

Takes an `Order` on standard input and says what becomes of it, as `Said`, line by line on standard output. It limits
itself before it opens the file, and ends with the process that started it. Nothing of the file is in what it logs:
it logs nothing.
"""

import ctypes
import errno
import os
import resource
import signal
import sys
import time
from types import ModuleType
from typing import Final, cast

import polars as pl

from services.ingest.reading.again import lines_again, write_plain
from services.ingest.reading.limits import MOST_DATA, cpu_seconds
from services.ingest.reading.orders import AGAIN, OUT_OF_MEMORY, PLAIN, Order, Said
from services.ingest.reading.read import read_into
from services.ingest.reading.resident import peak_of
from services.ingest.refusals import Refused

PR_SET_PDEATHSIG: Final = 1
NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)
NEVER_NEEDED: Final = "sqlalchemy"
"""What dataframely imports where it is there, which takes a third of this process's start: here it is not."""
EVERY_SECONDS: Final = 0.2
"""Between two words of progress."""


def main() -> int:
    parent = int(sys.argv[1])
    _end_with(parent)
    sys.modules[NEVER_NEEDED] = cast("ModuleType", None)
    order = Order.model_validate_json(sys.stdin.buffer.read())
    _limit(order.path.stat().st_size)
    try:
        say(_obeyed(order))
    except Refused as refused:
        say(Said(refused=refused.refusal))
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception as error:
        failed = "no-space" if getattr(error, "errno", None) in NO_SPACE else "error"
        say(Said(failed=failed, kind=type(error).__name__))
    return 0


def say(said: Said) -> None:
    sys.stdout.write(said.model_copy(update={"peak": peak_of("self")}).model_dump_json(exclude_defaults=True) + "\n")
    sys.stdout.flush()


def _obeyed(order: Order) -> Said:
    if order.wanted is not None:
        return Said(again=_again(order, order.wanted))
    if order.plain:
        return Said(again=write_plain(order.path, order.source, order.folder, order.folder / PLAIN))
    key = None if order.key is None else bytes.fromhex(order.key)
    last = 0.0

    def told(done: int, total: int) -> None:
        nonlocal last
        if (now := time.monotonic()) - last >= EVERY_SECONDS:
            last = now
            say(Said(done=done, total=total))

    return Said(read=read_into(order.path, order.source, order.folder, order.name, key, told))


def _again(order: Order, wanted: tuple[int, ...]) -> int:
    lines = lines_again(order.path, order.source, order.folder, order.encoding, wanted)
    pl.DataFrame({"text": lines}, schema={"text": pl.String()}).write_parquet(order.folder / AGAIN)
    return len(lines)


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before we asked to be told
        sys.exit(1)


def _limit(size: int) -> None:
    """Processor time by the size of the file, memory, and no picture of it on a disk."""
    for what, most in (
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, cpu_seconds(size)), (resource.RLIMIT_DATA, MOST_DATA),
    ):  # fmt: skip
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))
