"""Who may be named, and what has changed: all that leaves for the neighbours."""

from fastapi.concurrency import run_in_threadpool

from services.consent.domain.standing import Judge, Standing, Subject
from services.consent.ledger import genesis
from services.consent.workflow.gateways import Caller, check_incarnation
from services.consent.workflow.office import Office
from shared.contracts.consent import (
    Change,
    Changes,
    Head,
    Named,
    Permissions,
    Programme,
    ProgrammePermissions,
    Purpose,
    Regime,
)  # fmt: skip
from shared.kit.problems import ValueNotAllowed


async def head(office: Office, caller: Caller | None) -> Head:
    """The newest committed revision, in a transaction that begins now, by a round that a deposed primary cannot finish.

    Raises IncarnationSuperseded, IncarnationUnknown for a caller that is not the newest of its name.
    """
    keeper = office.keeper
    tip = keeper.tip
    told = await office.store.heads.ask(caller.gateway if caller else "")
    if caller:
        check_incarnation(caller.incarnation, told.incarnation)
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


def _change(office: Office, revision: int, subject: Subject, effect: str | None) -> Change:
    if effect is None:
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
        enrolled = tx.enrolled(programme=programme)
        standings = tx.standings(programme=programme)
    judge = office.judge(now)
    wanted = [(name, purpose) for name in programmes for purpose in office.policy.purposes(name)]
    named: dict[tuple[str, Purpose], list[Named]] = {pair: [] for pair in wanted}
    for gmc, name in enrolled:
        for purpose in office.policy.purposes(name):
            subject = Subject(gmc, name, purpose)
            one = _named(office, judge, subject, standings.get(subject, Standing()))
            if one:
                named[name, purpose].append(one)
    return Permissions(
        store_id=end.store_id, revision=end.revision, at=now, ledger_head=f"sha256:{end.ledger_head}",
        programmes=[ProgrammePermissions(programme=name, purpose=purpose, named=found)
                    for (name, purpose), found in named.items()],
    )  # fmt: skip


def _named(office: Office, judge: Judge, subject: Subject, standing: Standing) -> Named | None:
    verdict = judge.verdict(subject.programme, subject.purpose, standing)
    if not verdict.allowed:
        return None
    return Named(subject=subject.gmc, key=office.keys.key(subject), basis=Regime(verdict.reason.value))


def programmes(office: Office) -> list[Programme]:
    return list(office.policy.programmes.values())
