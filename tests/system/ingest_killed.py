"""`python -m tests.system.ingest_killed MOMENT`: ingest served, and ended by SIGKILL at one moment of its work.

Moments are counted over the life of the process: before and after each file gets its name, before and after each
transaction of the service ends. After that one there is no cleaning up, no word, no last write.
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

    def moment() -> None:
        if next(count) == end:
            os.kill(os.getpid(), signal.SIGKILL)

    _around_names(moment)
    _around_transactions(moment)
    return ingest.main(["serve"])


def _around_names(moment: Any) -> None:
    real = Path.replace

    def replace(self: Path, target: Any) -> Path:
        moment()
        named = real(self, target)
        moment()
        return named

    Path.replace = replace  # type: ignore[method-assign, assignment]  # every settled file goes this way


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
