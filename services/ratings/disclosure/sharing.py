"""Which things belong together because something is shared: connected components."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

Thing = TypeVar("Thing", bound=Hashable)


class Shares(Generic[Thing]):
    """Things joined step by step."""

    def __init__(self) -> None:
        self._towards: dict[Thing, Thing] = {}

    def find(self, one: Thing) -> Thing:
        """The same for all things that are joined, and for no others."""
        root = one
        while (above := self._towards.get(root, root)) != root:
            root = above
        while (above := self._towards.get(one, root)) != root:
            self._towards[one], one = root, above
        return root

    def join(self, things: Iterable[Thing]) -> None:
        """Everything here belongs together from now on."""
        roots = [self.find(one) for one in things]
        for other in roots[1:]:
            if self.find(other) != self.find(roots[0]):
                self._towards[self.find(other)] = self.find(roots[0])

    def groups(self, things: Iterable[Thing]) -> list[list[Thing]]:
        """These things, those together that belong together, in the order in which they are given."""
        found: dict[Thing, list[Thing]] = defaultdict(list)
        for one in things:
            found[self.find(one)].append(one)
        return list(found.values())
