"""Lines of a register: who is asked, in which programme.

A practice is a person while it has one partner. With two or more it is nobody's person, and its line is set aside. The
record of a practice begins when it comes down to one partner; it does not end when a second joins, because the figures
of the time with one stay that person's. A practice that takes another over has a line, and a code, of its own.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from services.consent.domain.lines import Cells, Columns, Fault
from services.consent.policies import Policy
from services.consent.store import Person
from shared.contracts.consent import SubjectKind

COLUMNS: Final = Columns(("gmc", "name", "programme"), ("kind", "partners", "specialty"))
GMC: Final = re.compile(r"[0-9]{7}")
ODS: Final = re.compile(r"[A-Z][0-9A-Z]{2,5}")
PARTNERS: Final = re.compile(r"[1-9][0-9]{0,3}")
SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NUMBER_LIKE: Final = re.compile(r"[A-Z]?[0-9][0-9A-Z ]{0,11}")
FORMULA: Final = ("=", "+", "-", "@")
LONGEST_NAME: Final = 200
LONGEST_SLUG: Final = 80
SEVEN_DIGITS: Final = "seven digits"
ONE_CODE: Final = "an ODS code: a letter, then two to five letters or digits"
ALREADY_THERE: Final = "nothing: it is already recorded"
ERASED: Final = "nobody who was erased"
GONE: Final = "somebody who was erased"  # a report that gave the number would name them again

Pair = tuple[str, str]  # number, programme


class Joining(NamedTuple):
    """One line as it is meant: somebody of a kind, in a programme."""

    number: str
    kind: SubjectKind
    name: str
    programme: str
    partners: str
    specialty: str

    @classmethod
    def of(cls, cells: Cells) -> "Joining | Fault":
        kind = cells.get("kind") or SubjectKind.CONSULTANT.value
        if kind not in set(SubjectKind):
            return Fault("unknown-kind", "kind", shown(kind), " or ".join(SubjectKind))
        return cls(
            cells["gmc"], SubjectKind(kind), cells["name"], cells["programme"], cells.get("partners", ""),
            cells.get("specialty", ""),
        )  # fmt: skip

    def fault(self) -> Fault | None:
        """What is wrong with the line whatever stands already."""
        practice = self.kind is SubjectKind.PRACTICE
        if not (ODS if practice else GMC).fullmatch(self.number):
            return Fault("bad-number", "gmc", shown(self.number), ONE_CODE if practice else SEVEN_DIGITS)
        held = self.name.isprintable() and not self.name.startswith(FORMULA)
        if not held or not 0 < len(self.name) <= LONGEST_NAME:
            expected = f"1 to {LONGEST_NAME} printable characters, and no formula"
            return Fault("bad-name", "name", f"{len(self.name)} characters", expected)
        if self.specialty and (len(self.specialty) > LONGEST_SLUG or not SLUG.fullmatch(self.specialty)):
            return Fault("bad-specialty", "specialty", shown(self.specialty), "small letters, digits, single hyphens")
        if practice != bool(PARTNERS.fullmatch(self.partners)) or (self.partners and not practice):
            expected = "how many partners the practice has" if practice else "nothing: only a practice has partners"
            return Fault("bad-partners", "partners", shown(self.partners), expected)
        return None


@dataclass
class Register:
    """The register as it stands, and what a file adds to it, line by line. `enrolled` has the specialty of each."""

    policy: Policy
    people: dict[str, Person]
    enrolled: dict[Pair, str | None]
    is_erased: Callable[[str], bool]
    fresh: dict[str, Joining] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    enrol: dict[Pair, str | None] = field(default_factory=dict)
    moved: dict[Pair, str] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def take(self, cells: Cells) -> Fault | None:
        """None where the line is applied."""
        line = Joining.of(cells)
        fault = line if isinstance(line, Fault) else line.fault() or self._fault(line)
        if fault is not None or isinstance(line, Fault):
            return fault
        self.said[line.number] = line.name
        return self._apply(line)

    def _fault(self, line: Joining) -> Fault | None:
        if line.programme not in self.policy.programmes:
            return Fault("unknown-programme", "programme", shown(line.programme), "a programme of the policy")
        if line.partners not in {"", "1"}:
            return self._not_a_person(line)
        if self.said.get(line.number, line.name) != line.name:
            return Fault("name-conflict", "name", "another name", "one name for one number within a file")
        known = line.number in self.people or line.number in self.fresh
        if not known and self.is_erased(line.number):
            return Fault("erased-person", "gmc", GONE, ERASED)
        return None

    def _not_a_person(self, line: Joining) -> Fault:
        found = f"{line.partners} partners"
        if line.number in self.people or line.number in self.fresh:
            return Fault(
                "was-a-person", "partners", found,
                "nothing: the record stays, for the figures of the time with one partner",
            )  # fmt: skip
        return Fault("not-a-person", "partners", found, "1: a practice with more partners needs nobody's consent")

    def _apply(self, line: Joining) -> Fault | None:
        pair, known = (line.number, line.programme), self.people.get(line.number)
        changed = self._enrol(pair, line.specialty)
        if known is None:
            self.fresh.setdefault(line.number, line)
        elif line.number not in self.renamed and known.name != line.name:
            self.renamed[line.number] = line.name
            changed = True
        return None if changed else Fault("already-there", None, line.number, ALREADY_THERE, "duplicate")

    def _enrol(self, pair: Pair, specialty: str) -> bool:
        """Whether anything changed. A line that names no specialty leaves the one that is kept."""
        if pair not in self.enrolled:
            self.enrolled[pair] = self.enrol[pair] = specialty or None
            return True
        if not specialty or self.enrolled[pair] == specialty:
            return False
        self.enrolled[pair] = specialty
        (self.enrol if pair in self.enrol else self.moved)[pair] = specialty
        return True


def shown(cell: str) -> str:
    """A cell as a report repeats it: a number, a code or a word of the policy, and nothing that may be a name."""
    if not cell or SLUG.fullmatch(cell.replace("_", "-")) or NUMBER_LIKE.fullmatch(cell):
        return cell
    return f"{len(cell)} characters"
