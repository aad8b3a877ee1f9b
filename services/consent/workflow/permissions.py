"""Who may be named, and what has changed: all that leaves for the neighbours."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from fastapi.concurrency import run_in_threadpool

from services.consent.domain.judging import Judge
from services.consent.domain.standing import Standing, Subject
from services.consent.ledger import genesis
from services.consent.store import Enrolled
from services.consent.workflow.fleet import Caller, check_incarnation
from services.consent.workflow.lawmaking import Rule, rules
from services.consent.workflow.office import Office, day_of
from shared.contracts.consent import (
    Change,
    Changes,
    Head,
    LegalBasis,
    Named,
    Permissions,
    PersonalPractice,
    Programme,
    ProgrammePermissions,
    Purpose,
    Regime,
    SubjectKind,
)
from shared.kit.problems import ValueNotAllowed

NAMING: Final = Purpose.NAMING_REFUSERS


async def head(office: Office, caller: Caller | None) -> Head:
    """The newest committed revision, in a transaction that begins now, by a round that a deposed primary cannot finish.

    Raises IncarnationSuperseded, IncarnationUnknown for a caller that is not the newest of its name, IncarnationEnded
    for one that is known to have ended; LawTurning while a day on which the law turns has not been applied.
    """
    await office.turning.check(day_of(office.clock()))
    keeper = office.keeper
    tip = keeper.tip
    told = await office.store.heads.ask(caller.gateway if caller else "")
    if caller:
        check_incarnation(caller.incarnation, told.incarnation)
        office.fleet.check(caller)
    end = told.end
    keeper.check(tip, end)
    if keeper.tip.revision < end.revision:  # committed a moment ago, and its writer not there yet, or fallen
        await run_in_threadpool(keeper.cover, end)
    return Head(store_id=end.store_id, revision=end.revision, ledger_head=f"sha256:{end.ledger_head}")


def changes(office: Office, after: int, upto: int) -> Changes:
    """One entry per revision in (after, upto]. Raises ValueNotAllowed outside the ledger."""
    with office.reading() as tx:
        end = tx.end()
        if not after <= upto <= end.revision:
            hint = f"after <= upto <= {end.revision}"
            raise ValueNotAllowed("There are no such revisions.", errors=[{"parameter": "upto", "hint": hint}])
        found = tx.effects(after, upto)
        known = tx.hash_at(after) if after else genesis(end.store_id)
    if [number for number, _, _ in found] != list(range(after + 1, upto + 1)):
        raise RuntimeError("the ledger has a gap")  # a missing withdrawal must never look like an uneventful revision
    listed = [_change(office, number, subject, effect) for number, subject, effect in found]
    return Changes(store_id=end.store_id, after=after, after_head=f"sha256:{known}", upto=upto, changes=listed)


def _change(office: Office, revision: int, subject: Subject | None, effect: str | None) -> Change:
    if subject is None:
        return Change(revision=revision)
    return Change(revision=revision, key=office.keys.key(subject), now="named" if effect == "named" else "withheld")


def permissions(office: Office, programme: str | None) -> Permissions:
    """Everybody who may be named now, by programme and purpose, at one revision. Raises ValueNotAllowed."""
    programmes = [programme] if programme else list(office.policy.programmes)
    if programme and programme not in office.policy.programmes:
        hint = "a programme of GET /v1/programmes"
        raise ValueNotAllowed("There is no such programme.", errors=[{"parameter": "programme", "hint": hint}])
    now = office.clock()
    with office.reading() as tx:
        end = tx.end()
        judge = office.judge(tx, now)
        listing = Listing(office, judge, tx.standings(programme=programme), programmes)
        for one in tx.enrolled(programme=programme):
            listing.add(one)
    return Permissions(
        store_id=end.store_id, revision=end.revision, at=now, ledger_head=f"sha256:{end.ledger_head}",
        programmes=listing.programmes(),
    )  # fmt: skip


class Listing:
    """Permissions as they add up: who may be named, and was announced. Time alone announces nobody, and a clock may go
    back: whoever was never announced might withdraw without anybody being told. Naming who refused is never among them:
    that is asked for each time."""

    def __init__(
        self, office: Office, judge: Judge, standings: Mapping[Subject, Standing], programmes: Sequence[str]
    ) -> None:
        self.office, self.judge, self.standings = office, judge, standings
        wanted = [(name, one) for name in programmes for one in judge.law.purposes(name) if one is not NAMING]
        self.named: dict[tuple[str, Purpose], list[Named]] = {pair: [] for pair in wanted}
        self.practices: dict[tuple[str, Purpose], list[PersonalPractice]] = {pair: [] for pair in wanted}

    def add(self, one: Enrolled) -> None:
        for purpose in self.judge.law.purposes(one.programme):
            if (one.programme, purpose) not in self.named:
                continue
            subject = Subject(one.alias, one.programme, purpose)
            standing = self.standings.get(subject, Standing())
            verdict = self.judge.verdict(one.programme, purpose, standing)
            named = verdict.allowed and standing.told == "named"
            key, pair = self.office.keys.key(subject), (one.programme, purpose)
            if one.kind is SubjectKind.PRACTICE:
                state: Literal["named", "withheld"] = "named" if named else "withheld"
                self.practices[pair].append(PersonalPractice(practice=one.number, key=key, state=state))
            elif named:
                self.named[pair].append(Named(subject=one.number, key=key, basis=Regime(verdict.reason.value)))

    def programmes(self) -> list[ProgrammePermissions]:
        return [
            ProgrammePermissions(programme=name, purpose=purpose, named=found, practices=self.practices[name, purpose])
            for (name, purpose), found in self.named.items()
        ]


def programmes(office: Office) -> list[Programme]:
    """With every basis that files or two people gave them, each to the nearest last day that was set."""
    with office.reading() as tx:
        known = rules(office.policy, tx.policy_events())
    return [
        one.model_copy(update={"bases": [_basis(rule) for rule in known if one.id in rule.terms.programmes]})
        for one in office.policy.programmes.values()
    ]


def _basis(rule: Rule) -> LegalBasis:
    shown = rule.terms.model_dump(include={"id", "regime", "instrument", "valid_from"})
    return LegalBasis(**shown, valid_to=rule.last)
