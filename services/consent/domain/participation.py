"""How many were asked, and what became of it; and what of it may be told to everybody.

Everybody is told of a programme how many were asked, which is nobody's choice, and between which of a few levels, in
percent, lies the share of them who may be named. The rule:

1. A level is used only where at least `fewest` people may be on its other side: 95 percent for ten people needs 200 who
   were asked, 50 percent needs 20. With fewer than that, nothing is said but that they are few.
2. Which levels are used depends on how many were asked, never on what anybody decided.
3. Whoever may not be named is one number: refused, withdrawn, objected, not answered, not told in time are never told
   apart. There is no total over programmes, and no smaller group than a programme.

What follows is tested over every small world. In a small programme nothing depends on a choice, whatever else is known.
In a large one it never follows that somebody may not be named, unless whoever concludes it knows already of others:
it follows for more than `fewest` at once, those included of whom it was known. So who knows of nobody learns it of
eleven or of none; several programmes, and two releases, add nothing to that.

Not protected: against somebody who knows it of all others in a large programme, and that none of them has decided anew.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.consent.domain.facts import Word
from services.consent.domain.standing import Outcome, Standing

LEVELS: Final = (50, 75, 90, 95, 99)
FEWEST: Final = 10


@dataclass(frozen=True)
class Tally:
    """People, each counted once in one of `pending` to `erased`; `objected` and `named` say more about some of them."""

    asked: int = 0
    pending: int = 0
    given: int = 0
    refused: int = 0
    withdrawn: int = 0
    erased: int = 0
    objected: int = 0
    named: int = 0


COUNTED: Final[Mapping[Word, str]] = {
    Word.ASKED: "pending", Word.GIVEN: "given", Word.REFUSED: "refused", Word.WITHDRAWN: "withdrawn",
    Word.ERASED: "erased",
}  # fmt: skip


def tally(people: Iterable[tuple[Standing, bool]]) -> Tally:
    """How each stands, and whether they may be named. Whoever has not been sought is not counted."""
    sought = [(standing, named) for standing, named in people if standing.word is not Word.NOT_SOUGHT]
    counts = dict.fromkeys(COUNTED.values(), 0)
    for standing, _ in sought:
        counts[COUNTED[standing.word]] += 1
    objected = sum(standing.objection in {"open", "upheld"} for standing, _ in sought)
    return Tally(asked=len(sought), objected=objected, named=sum(named for _, named in sought), **counts)


@dataclass(frozen=True)
class Share:
    """Of `asked` people at least so many percent may be named, and fewer than so many where it is not the highest level
    that is used."""

    asked: int
    at_least: int
    less_than: int | None


def share(asked: int, named: int, fewest: int = FEWEST, levels: Iterable[int] = LEVELS) -> Share | None:
    """What may be told of a programme; None where it is nothing. `levels` rise, in percent."""
    used = [level for level in levels if asked * (100 - level) // 100 >= fewest]
    if not used:
        return None
    reached = [level for level in used if 100 * named >= level * asked]
    beyond = used[len(reached) :]
    return Share(asked, reached[-1] if reached else 0, beyond[0] if beyond else None)


@dataclass
class Gathering:
    """One programme as its ledger goes on: who was asked, and of whom it was last announced that they are named."""

    named: dict[str, bool]

    def note(self, person: str, effect: Outcome | None) -> None:
        """An event about that person's own figures: from it on they have been asked."""
        self.named[person] = self.named.get(person, False) if effect is None else effect == "named"

    def share(self) -> Share | None:
        return share(len(self.named), sum(self.named.values()))
