"""Where a person's figures stand, and where an act would leave them: what a page may say before and after it. What an
act does depends on the ground: to decline hides nobody where none has to agree."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.consent.domain.judging import Judge
from services.consent.domain.standing import Happened, Standing, Subject
from services.consent.domain.verdict import Reason
from services.consent.ledger import Entry
from services.consent.store import Reading
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import Act, Purpose, Regime

UNASKED = frozenset({Regime.PUBLIC_TASK, Regime.LEGAL_OBLIGATION})
UNTOLD = frozenset({Reason.NOT_INFORMED, Reason.NOTICE_RUNNING})
MEANT_TO_HIDE = frozenset({Act.REFUSED, Act.WITHDRAWN, Act.OBJECTION_RAISED, Act.RESTRICTED, Act.ERASED})


@dataclass(frozen=True)
class Prospect:
    """Whether the person may be named, and why; `regime` is the ground in force, None where there is none or more than
    one. `coming`: withheld for want of a notice only, under a ground that needs no agreement, so that time alone will
    show them. `listed`: among those who refused, by name."""

    named: bool
    reason: Reason
    regime: Regime | None
    coming: bool = False
    listed: bool = False

    @property
    def unasked(self) -> bool:
        """Whether the ground needs nobody's agreement."""
        return self.regime in UNASKED


@dataclass(frozen=True)
class Ending:
    """What an event has led to, as far as is known now. `later`: something was recorded about the same since."""

    act: Act
    prospect: Prospect
    changed: str | None
    later: bool

    @property
    def hides(self) -> bool:
        """Whether it hid the person, who is hidden still."""
        if self.prospect.named or (self.prospect.coming and self.changed is None):
            return False
        return self.act in MEANT_TO_HIDE or self.changed == "withheld"

    @property
    def shows(self) -> bool:
        return self.prospect.named and not self.later and (self.act is Act.GIVEN or self.changed == "named")

    @property
    def stays(self) -> bool:
        """Whether it was meant to hide the person, and the ground shows them all the same."""
        return self.prospect.named and not self.later and self.act in MEANT_TO_HIDE


def ending(office: Office, entry: Entry, subject: Subject) -> Ending:
    """Of an event about `subject`."""
    with office.reading() as tx:
        found = _prospects(office.judge(tx, office.clock()), tx, subject, {"now": None})["now"]
        later = any(one.about == subject and one.revision > entry.revision for one in tx.history([subject.id]))
    return Ending(entry.act, found, entry.effect, later)


def prospects(office: Office, subject: Subject, notice: int | None) -> Mapping[str, Prospect]:
    """Where each choice of the person's own would leave them today, by act; agreeing and declining under `notice`."""
    today = day_of(office.clock())
    events = {
        act: Happened(act, today, 0, notice if act in {Act.GIVEN, Act.REFUSED} else None)
        for act in (Act.GIVEN, Act.REFUSED, Act.WITHDRAWN, Act.OBJECTION_RAISED)
    }
    with office.reading() as tx:
        return _prospects(
            office.judge(tx, office.clock()), tx, subject, {act.value: one for act, one in events.items()}
        )


def after(office: Office, subject: Subject, event: Happened) -> Prospect:
    """Where one event would leave the person today."""
    with office.reading() as tx:
        return _prospects(office.judge(tx, office.clock()), tx, subject, {"it": event})["it"]


def _prospects(
    judge: Judge, tx: Reading, subject: Subject, events: Mapping[str, Happened | None]
) -> dict[str, Prospect]:
    held = {one: tx.standing(one) for one in (subject, _for(subject, Purpose.OWN_FIGURES), _naming(subject))}
    found = {}
    for name, event in events.items():
        moved = held | ({subject: held[subject].after(event)} if event else {})
        found[name] = _prospect(judge, subject, moved)
    return found


def _prospect(judge: Judge, subject: Subject, held: Mapping[Subject, Standing]) -> Prospect:
    own, naming = held[_for(subject, Purpose.OWN_FIGURES)], _naming(subject)
    verdict = judge.verdict(subject.programme, subject.purpose, held[subject], own)
    bases = judge.law.bases.get((subject.programme, subject.purpose), ())
    regime = next((one.regime for one in bases if one.id == verdict.basis_id), None)
    listed = subject.purpose is Purpose.OWN_FIGURES and judge.outcome(naming, held[naming], own) == "named"
    coming = regime in UNASKED and verdict.reason in UNTOLD and not held[subject].withdrawn
    return Prospect(verdict.allowed, verdict.reason, regime, coming, listed)


def _naming(subject: Subject) -> Subject:
    return _for(subject, Purpose.NAMING_REFUSERS)


def _for(subject: Subject, purpose: Purpose) -> Subject:
    return replace(subject, purpose=purpose)
