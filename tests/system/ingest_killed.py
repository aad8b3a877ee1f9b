"""`python -m tests.system.ingest_killed MOMENT FILE`: ingest served, and ended by SIGKILL at one moment of its work.
How many there have been is in FILE.

Moments are counted over the life of the process: before and after each file gets its name, or a second one, before and
after each transaction of the service ends. After that one there is no cleaning up, no word, no last write.
"""

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.ingest import __main__ as ingest
from shared.kit import database, files


def main() -> int:
    end, count = int(sys.argv[1]), itertools.count(1)
    told = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT, 0o600)

    def moment() -> None:
        now = next(count)
        os.pwrite(told, b"%9d" % now, 0)  # in one piece: whoever reads it meanwhile must not find an empty file
        if now == end:
            os.kill(os.getpid(), signal.SIGKILL)

    _around_names(moment)
    _around_second_names(moment)
    _around_transactions(moment)
    return ingest.main(["serve"])


def _around_names(moment: Any) -> None:
    real = Path.replace

    def replace(self: Path, target: Any) -> Path:
        if "progress" in self.parts:  # told as often as there is time for, and kept by nobody
            return real(self, target)
        moment()
        named = real(self, target)
        moment()
        return named

    Path.replace = replace  # type: ignore[method-assign, assignment]  # every settled file goes this way


def _around_second_names(moment: Any) -> None:
    real = os.link

    def link(*names: Any) -> None:
        moment()
        real(*names)
        moment()

    os.link = link  # type: ignore[assignment]  # pieces of a reading become tables so


def _around_transactions(moment: Any) -> None:
    real = database.Database.transaction

    @contextmanager
    def transaction(self: database.Database) -> Iterator[Any]:
        with real(self) as session:
            yield session
            moment()
        moment()

    database.Database.transaction = transaction  # type: ignore[method-assign]
    assert files.settle is not None


if __name__ == "__main__":
    sys.exit(main())
