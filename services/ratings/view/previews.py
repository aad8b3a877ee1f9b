"""Views that nobody can read yet, in memory alone."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Final

from services.ratings.view.preview import Preview

MOST_KEPT: Final = 2  # of the release under review, and of the state of permissions before


class Previews:
    """The newest few, each under what it depends on. Whoever comes while one is baked waits for it and has it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.kept: OrderedDict[Hashable, Preview] = OrderedDict()

    def of(self, key: Hashable, make: Callable[[], Preview]) -> Preview:
        """Raises what `make` raises; then nothing is kept."""
        with self.lock:
            found = self.kept.get(key)
            if found is None:
                found = self.kept[key] = make()
            self.kept.move_to_end(key)
            while len(self.kept) > MOST_KEPT:
                self.kept.popitem(last=False)
            return found
