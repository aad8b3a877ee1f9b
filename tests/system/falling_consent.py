"""The consent service with a failpoint planted by a subclass: it ends itself between commit and journal, as `kill -9`
does, at the next entry after the file of CANDOUR_TEST_FALL has appeared. The service itself has no such switch."""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from services.consent import journal
from services.consent.__main__ import main
from services.consent.ledger import Entry

FALL = Path(os.environ["CANDOUR_TEST_FALL"])


class Falling(journal.Journal):
    def append(self, entries: Sequence[Entry]) -> None:
        if entries and FALL.exists():
            if FALL.read_text() == "half":
                body, _ = journal._encoded(entries, self.tip)
                with self.file.open("ab") as out:
                    out.write(body[: len(body) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        super().append(entries)


journal.Journal = Falling  # type: ignore[misc]  # planted

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
