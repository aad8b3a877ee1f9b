"""What the command line prints: results on standard output, progress and complaints on standard error."""

import sys
from typing import Final, NoReturn

from rich.console import Console

out: Final = Console(highlight=False, soft_wrap=True)
err: Final = Console(stderr=True, highlight=False, soft_wrap=True)

REFUSED: Final = 1
SOME_LINES_SET_ASIDE: Final = 3


def stop(sentence: str, code: int = REFUSED) -> NoReturn:
    """Say why, and end with `code`."""
    err.print(sentence, markup=False)
    sys.exit(code)
