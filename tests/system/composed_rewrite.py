"""What a machine without containers needs changed in a compose file: host names, ports, and paths. Nothing else; every
change is noted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.ports import HERE

OWN: Final = ("0.0.0.0", HERE)  # what a service calls itself


@dataclass(frozen=True)
class Rewritten:
    """One value that is not as in the file."""

    container: str
    where: str
    before: str
    after: str


@dataclass
class Rewriter:
    """`ports`: (container, port inside) → port here. `names`: services, each answered for by the container named."""

    ports: Mapping[tuple[str, int], int]
    names: Mapping[str, str]
    changed: list[Rewritten] = field(default_factory=list)

    def text(self, container: str, where: str, value: str, paths: Mapping[str, str]) -> str:
        """`value` as `container` needs it here."""
        after = self._paths(self._ports(container, value), paths)
        if after != value:
            self.changed.append(Rewritten(container, where, value, after))
        return after

    def _ports(self, container: str, value: str) -> str:
        own = {str(inside): str(here) for (name, inside), here in self.ports.items() if name == container}
        if value in own:
            return own[value]
        if value in OWN:
            return HERE

        def address(found: re.Match[str]) -> str:
            host, inside = found[1], int(found[2])
            owner = container if host in OWN else self.names[host]
            here = self.ports.get((owner, inside))
            return found[0] if here is None else f"{HERE}:{here}"

        hosts = "|".join(map(re.escape, [*self.names, *OWN]))
        value = re.sub(rf"(?<![\w.-])({hosts}):(\d+)\b", address, value)
        return re.sub(r"(?<=--port=)\d+\b", lambda found: own.get(found[0], found[0]), value)

    def _paths(self, value: str, paths: Mapping[str, str]) -> str:
        for inside in sorted(paths, key=len, reverse=True):
            if value == inside or value.startswith(f"{inside}/"):
                return paths[inside] + value.removeprefix(inside)
        return value
