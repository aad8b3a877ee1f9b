"""Another policy comes into force while withdrawals wait for their views: they are separate moments all the same."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from services.ratings.disclosure import Cell, Decision, Memory, Policy, Table, Widths, quarantines
from services.ratings.following import Follower
from services.ratings.policy.loading import Disclosure
from services.ratings.store.remembering import memories
from services.ratings.view.joint import Question, answer
from services.ratings.view.roster import Roster, keyed_order
from tests.unit.test_ratings_rig import Rig, load_world, rig_in, small_world

CARDIAC = "adult-cardiac-surgery-mortality-30d"
PROGRAMME = "adult-cardiac-surgery-consultant-outcomes"
POLICY = Policy(Widths(floors=(10.0,)))
KEY = b"key"


def test_who_withdrew_first_is_not_covered_by_what_left_with_the_second() -> None:
    """A alone in its unit hid among B and C; F, alone too, withdrew afterwards: until then F was there to be read."""
    cells = [("a", "A", 40), ("b", "B", 50), ("b", "C", 60), ("f", "F", 70), ("g", "G", 80)]
    country = Table(tuple(Cell(person, unit, (float(size),)) for unit, person, size in cells), release="r")
    nobody = frozenset[str]()
    shown = Memory().after([country], Decision(nobody, (nobody,)), nobody)
    people, units = keyed_order("ABCFG", KEY, "i"), keyed_order("abfg", KEY, "i")
    nothing = Decision(nobody, (nobody,))
    sets = {one.person: one for one in quarantines([country], nothing, frozenset("AF"), people, units, POLICY)}
    roster = Roster(country, nobody, nobody, nobody, is_sorted=True)
    asked = Question("i", {"r": roster}, frozenset("BCG"), shown, KEY, left=[sets["A"], sets["F"]])
    found = answer(asked, POLICY)
    assert found.memory.secret_since["A"] < found.memory.secret_since["F"] < found.memory.bakes
    assert not found.exposed
    covering = {one for one, since in found.memory.hidden_since.items() if since <= found.memory.secret_since["A"]}
    assert covering <= sets["A"].people | {"A"}
    assert len(covering & found.fates["r"].hidden) > POLICY.widths.k + 1


def test_what_gateways_hid_is_taken_from_the_views_of_the_policy_before(tmp_path: Path) -> None:
    with rig_in(tmp_path) as rig:
        load_world(rig, small_world())
        release = rig.publish(rig.build(indicators=[CARDIAC])["release"])["release"]
        before = _bakes(rig)
        first, second = _of_other_units(rig, release)
        rows = rig.table(release, "rows")
        gone = _gone(rig, release, first)
        for one in (first, second):
            rig.withdraw(one, PROGRAMME)
        settled = rig.office.disclosure.settled.model_copy(update={"p": 0.25})
        office = replace(rig.office, disclosure=Disclosure(settled, rig.office.disclosure.externals), tables={})
        assert Follower(office, 3600, 0).follow() == [release]
        (memory,) = _memories(rig)
        assert memory.bakes == before + 3
        assert memory.secret_since[first] == before + 1
        assert memory.secret_since[second] == before + 2
        since = {one for one, when in memory.hidden_since.items() if when == before + 1}
        assert since <= gone
        assert set(rows["consultant_id"].drop_nulls()) - gone


def _memories(rig: Rig) -> list[Memory]:
    with rig.office.store.reading() as tx:
        return list(memories(tx).values())


def _bakes(rig: Rig) -> int:
    (memory,) = _memories(rig)
    return memory.bakes


def _of_other_units(rig: Rig, release: str) -> tuple[str, str]:
    """Two who are shown, of whom neither goes with the other."""
    shown = sorted(rig.table(release, "rows")["consultant_id"].drop_nulls().unique())
    return next((one, other) for one in shown for other in shown if other not in _gone(rig, release, one))


def _gone(rig: Rig, release: str, person: str) -> set[str]:
    """Whose rows go with a person who is shown."""
    rows, sets = rig.table(release, "rows"), rig.table(release, "quarantine")
    (key,) = (
        named.key for programme in rig.office.peers.permissions().programmes if programme.programme == PROGRAMME
        for named in programme.named if named.subject == person
    )  # fmt: skip
    return set(rows.filter(pl.col("row").is_in(sets.filter(key=key)["row"].to_list()))["consultant_id"].drop_nulls())
