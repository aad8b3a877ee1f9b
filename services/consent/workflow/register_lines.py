"""Lines of a register: who is asked, in which programme."""

import re
from dataclasses import dataclass, field
from typing import Final

from services.consent.domain.lines import Cells, Fault
from services.consent.policies import Policy
from services.consent.store import Person

COLUMNS: Final = ("gmc", "name", "programme")
GMC: Final = re.compile(r"[0-9]{7}")
LONGEST_NAME: Final = 200
SEVEN_DIGITS: Final = "seven digits"
ALREADY_THERE: Final = "nothing: it is already recorded"


@dataclass
class Register:
    """The register as it stands, and what a file adds to it, line by line."""

    policy: Policy
    people: dict[str, Person]
    enrolled: set[tuple[str, str]]
    fresh: dict[str, str] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    enrol: list[tuple[str, str]] = field(default_factory=list)
    said: dict[str, str] = field(default_factory=dict)

    def take(self, cells: Cells) -> Fault | None:
        """None where the line is applied."""
        gmc, name, programme = (cells[column] for column in COLUMNS)
        fault = self._fault(gmc, name, programme)
        if fault:
            return fault
        self.said[gmc] = name
        return self._apply(gmc, name, programme)

    def _fault(self, gmc: str, name: str, programme: str) -> Fault | None:
        if not GMC.fullmatch(gmc):
            return Fault("bad-number", "gmc", gmc, SEVEN_DIGITS)
        if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
            return Fault("bad-name", "name", f"{len(name)} characters", f"1 to {LONGEST_NAME} printable characters")
        if programme not in self.policy.programmes:
            return Fault("unknown-programme", "programme", programme, "a programme of the policy")
        if self.said.get(gmc, name) != name:
            return Fault("name-conflict", "name", "another name", "one name for one number within a file")
        return None

    def _apply(self, gmc: str, name: str, programme: str) -> Fault | None:
        known = self.people.get(gmc)
        changed = (gmc, programme) not in self.enrolled
        if changed:
            self.enrolled.add((gmc, programme))
            self.enrol.append((gmc, programme))
        if known is None:
            self.fresh.setdefault(gmc, name)
        elif known.name != name and gmc not in self.renamed:
            self.renamed[gmc] = name
            changed = True
        return None if changed else Fault("already-there", None, gmc, ALREADY_THERE, "duplicate")
