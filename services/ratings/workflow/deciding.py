"""Who and what is hidden of every readable release: their tables, what is remembered, and one decision for all."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from services.ratings.assembly.schema import FRAMES, as_declared, completed
from services.ratings.disclosure import Memory, Quarantine, Table
from services.ratings.models import PointerRow, ReleaseRow
from services.ratings.policy.loading import pinned_of
from services.ratings.store.quarantined import Left, left
from services.ratings.store.remembering import ever_published, keys_of_named, memories
from services.ratings.store.store import Transaction
from services.ratings.view.baking import Permitted, named_for
from services.ratings.view.built import Built
from services.ratings.view.fates import DISCLOSURE_RULE, Fates
from services.ratings.view.joint import Answer, Question, answer, by_key
from services.ratings.view.roster import Ground, IndicatorPeriod, Roster, rosters
from services.ratings.workflow.office import Office
from shared.contracts.consent import Permissions

Rosters = Mapping[IndicatorPeriod, Roster]
HiddenOf: TypeAlias = Mapping[str, Mapping[IndicatorPeriod, Left]]  # by release
NOTHING_LEFT: Final = Left(frozenset(), frozenset())


@dataclass(frozen=True, eq=False)
class Situation:
    """All that decisions depend on, read in one transaction. `rosters`: of every release that is or will be readable.
    `pointers`: of the live views. `keys`: programme and key to person, of those who could be named at the last bake."""

    rosters: Mapping[str, Rosters]
    pointers: Mapping[str, PointerRow]
    memory: Mapping[IndicatorPeriod, Memory]
    keys: Mapping[tuple[str, str], str]
    order: bytes


@dataclass(frozen=True)
class Decided:
    """By indicator and period. `exposed`: how many people nothing can cover, where there are any."""

    answers: Mapping[IndicatorPeriod, Answer]
    exposed: Mapping[IndicatorPeriod, int] = field(default_factory=dict)

    def fates(self, release: str) -> dict[IndicatorPeriod, Fates]:
        return {key: one.fates[release] for key, one in self.answers.items() if release in one.fates}

    def memory(self) -> dict[IndicatorPeriod, Memory]:
        return {key: one.memory for key, one in self.answers.items()}


def situation_of(office: Office, tx: Transaction, besides: Sequence[str] = ()) -> Situation:
    """Of all readable releases and those `besides` that are to be shown with them."""
    pointers = {row.id: pointer for row, pointer in tx.readable()}
    shown = {*pointers, *besides}
    order = tx.partner_order()
    found = {
        release: one for release, one in _rosters_of(office, ever_published(tx, besides), order).items()
        if release in shown
    }  # fmt: skip
    remembered = memories(tx)
    for release, pointer in pointers.items():
        if pointer.disclosure is None:
            remembered |= _from_before(found[release], remembered)
    return Situation(found, pointers, remembered, keys_of_named(tx), order)


def decide_all(
    office: Office, given: Situation, permitted: Permitted, withdrawn: Sequence[tuple[str, str]],
    only: str | None = None,
) -> Decided:  # fmt: skip
    """One decision for each indicator and period, or for those of one release `only`. `withdrawn`: programme and
    person, in order."""
    live = frozenset(release for release, pointer in given.pointers.items() if is_of_policy(office, pointer))
    hidden = _hidden_by_others(office, given, withdrawn)
    answers = {}
    for key, among in by_key(given.rosters).items():
        if only is not None and only not in among:
            continue
        programme = office.catalogue[key[0]].definition.programme
        asked = Question(
            indicator=key[0], rosters=among, nameable=frozenset(named_for(office.catalogue, permitted, key[0])),
            memory=given.memory.get(key, Memory()), key=given.order, live=live,
            withdrawn=[person for name, person in withdrawn if name == programme],
            left=[_left(person, key, among, told) for (name, person), told in hidden.items() if name == programme],
            newest=frozenset(release for release in live if given.pointers[release].view == 1),
        )  # fmt: skip
        answers[key] = answer(asked, office.disclosure.policy)
    return Decided(answers, {key: len(one.exposed) for key, one in answers.items() if one.exposed})


def _hidden_by_others(
    office: Office, given: Situation, withdrawn: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], HiddenOf]:
    """By programme and person, in order, and release: what gateways have hidden at once where the live views are of
    this rule and another policy, whose sets nothing but the views themselves can tell. A view that is gone tells
    nothing."""
    others = {
        release: pointer for release, pointer in given.pointers.items()
        if pointer.disclosure is not None and not is_of_policy(office, pointer)
    }  # fmt: skip
    if not others:
        return {}
    keys = {(programme, person): key for (programme, key), person in given.keys.items()}
    return {one: dict(_sets(office, others, keys[one])) for one in dict.fromkeys(withdrawn)}


def _sets(
    office: Office, pointers: Mapping[str, PointerRow], key: str
) -> Iterator[tuple[str, Mapping[IndicatorPeriod, Left]]]:
    for release, pointer in pointers.items():
        with suppress(FileNotFoundError):
            yield release, left(office.views.path(release, pointer.manifest_sha256), key)


def _left(person: str, key: IndicatorPeriod, among: Iterable[str], told: HiddenOf) -> Quarantine:
    sets = [told.get(release, {}).get(key, NOTHING_LEFT) for release in among]
    return Quarantine(
        person, frozenset().union(*(one.people for one in sets)) - {person}, tuple(one.units for one in sets)
    )


def withdrawn_since(office: Office, given: Situation, permissions: Permissions) -> list[tuple[str, str]]:
    """Programme and person, in the order in which consent recorded the withdrawals since the last bake. Raises
    PeerUnreachable, PeerRefused."""
    known = [one.consent_revision for one in given.pointers.values() if one.consent_store == permissions.store_id]
    if not known or max(known) >= permissions.revision:
        return []
    keys = office.peers.withdrawn(max(known), permissions.revision)
    programmes = {programme for programme, _ in given.keys}
    return [
        (programme, given.keys[programme, key])
        for key in keys for programme in sorted(programmes) if (programme, key) in given.keys
    ]  # fmt: skip


def is_of_policy(office: Office, pointer: PointerRow) -> bool:
    """Whether a live view was hidden by the rule and policy of now."""
    return pointer.disclosure == office.disclosure.digest(DISCLOSURE_RULE)


def built_of(office: Office, row: ReleaseRow) -> Built:
    """The frames of a release; what the version that built it did not compute yet is empty."""
    return Built(
        **{
            name: completed(office.frames.load(row.parts[name]), name) if name in row.parts else as_declared([], name)
            for name in FRAMES
        }
    )


def _rosters_of(office: Office, rows: Sequence[ReleaseRow], order: bytes) -> dict[str, Rosters]:
    """Of these releases, in the order of their publication: what a total may be depends on the earlier ones."""
    found: dict[str, Rosters] = {}
    earlier: dict[IndicatorPeriod, list[Table]] = defaultdict(list)
    told = office.disclosure.digest(DISCLOSURE_RULE)
    for row in rows:
        made_of = (row.id, row.results_digest or "", repr(row.disclosure), told, *sorted(found))
        if office.tables.get(row.id, (None,))[0] != made_of:
            ground = Ground(row.id, office.disclosure, order, pinned_of(row.disclosure))
            office.tables[row.id] = (made_of, rosters(built_of(office, row), office.catalogue, ground, earlier))
        found[row.id] = office.tables[row.id][1]
        for key, one in found[row.id].items():
            earlier[key].append(one.table)
    return found


def _from_before(own: Rosters, remembered: Mapping[IndicatorPeriod, Memory]) -> dict[IndicatorPeriod, Memory]:
    """What is remembered of a release whose live view was hidden by the rule before. Everybody who is hidden counts as
    a secret for as long. That rule showed no unit in which anybody was hidden, and every other one may just have been
    shown."""
    found = {}
    for key, roster in own.items():
        memory = remembered.get(key, Memory())
        until = dict(memory.shown_until)
        for unit in roster.table.units - roster.table.small:
            hidden = [memory.hidden_since[one] for one in roster.table.people_in(unit) if one in memory.hidden_since]
            until[roster.table.key(unit)] = min(hidden) - 1 if hidden else memory.bakes
        found[key] = replace(memory, secret_since={**memory.hidden_since, **memory.secret_since}, shown_until=until)
    return found
