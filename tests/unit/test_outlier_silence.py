"""The public's bytes with no case and with a case in every state: every route of the gateway, headers included, and the
view of a release that is yet to come."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from services.ratings.domain.outlier_policy import load_outlier_policies
from services.ratings.policy.loading import FOLDER
from services.ratings.workflow.baking import prepare_view
from services.ratings.workflow.case_opening import open_cases
from services.ratings.workflow.office import Office
from shared.contracts.cases import CaseState
from tests.stores import Stores
from tests.unit.case_rig import DEMONSTRATION, HOSPITAL, SURGEON, Desk, Public, desk_in, public_of

PUBLISHED, NEXT = "2025-05-15", "2025-11-13"
REVIEWED = "outlier_policy"  # nobody has verified it
TO_REVIEW = ("take_up", "case_to_answer", "tell", "respond")
ITS_MOMENT = datetime(2025, 11, 13, 9, 30, tzinfo=UTC)
ON_BEHALF = "By letter, as the minutes say"


@pytest.fixture(scope="module")
def engine() -> str:
    return "sqlite"  # what is compared is the gateway's and the bake's, which know no engine


class Silence:
    """A release that was published before there was any case, and a draft of the next one."""

    def __init__(self, desk: Desk, public: Public) -> None:
        self.desk, self.public = desk, public
        self.routes = public.every_route()
        self.before, self.view = self.look(), self.bake()
        self.states: set[str] = set()

    @property
    def office(self) -> Office:
        return self.desk.rig.office

    def follow(self, **changed: pl.Expr) -> None:
        """Cases follow the published release's results, or these corrected ones."""
        with self.office.store.transaction() as tx:
            row = tx.release(PUBLISHED)
            results = self.office.frames.load(row.parts["results"]).with_columns(**changed)
            open_cases(self.office, tx, row, results)

    def look(self) -> dict[str, Any]:
        return {path: self.public.bytes_of(path) for path in self.routes}

    def bake(self) -> dict[str, str]:
        """The digest of all that the next release's view would hold if it came out at one certain moment, and of those
        that would be baked with it."""
        with self.office.baking():
            prepared = prepare_view(self.office, NEXT, self.office.peers.permissions(), ITS_MOMENT)
        found = {one.release: one.manifest_sha256 for one in prepared.views}
        assert NEXT in found
        return found

    def nothing_to_see(self) -> None:
        self.states |= {one["state"] for one in self.desk.cases()}
        now = self.look()
        assert [path for path, found in self.before.items() if now[path] != found] == []
        assert self.bake() == self.view

    def walk(self, case: str, *steps: str) -> None:
        """Looks whenever a case is where none has been."""
        for step in steps:
            if self.desk.taken("analyst", case, step, override=ON_BEHALF)["state"] not in self.states:
                self.nothing_to_see()


@pytest.fixture(scope="module")
def silence(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Silence]:
    with desk_in(tmp_path_factory.mktemp("silence"), stores, date(2025, 5, 15), REVIEWED) as desk:
        desk.deliver(25)
        desk.submit(desk.build(PUBLISHED))
        desk.publish(PUBLISHED)
        desk.build(NEXT)
        with public_of(desk.rig) as public:
            public.ready()
            yield Silence(desk, public)


def test_without_anybody_s_word_for_the_policy_there_is_no_case(silence: Silence) -> None:
    assert silence.desk.cases() == []
    told = silence.desk.rig.done("analyst", "GET", "/v1/cases/policies")["policies"]
    assert [(one["policy"], one["opens_cases"]) for one in told] == [("units 2026.1", False)]
    assert "verified" in told[0]["why_not"]
    with silence.office.store.reading() as tx:
        (entry,) = (one for one in tx.audited(PUBLISHED) if one.action == "cases.followed")
    assert entry.detail.keys() == {"not_opened"}
    assert entry.detail["not_opened"] > 0


def test_every_route_of_the_gateway_was_asked_and_answers(silence: Silence) -> None:
    assert len(silence.routes) > 40
    refused = {path: found[0] for path, found in silence.before.items() if found[0] >= 400}
    assert {path.partition("/refusals")[1] for path in refused} <= {"/refusals"}, refused


def test_bytes_are_the_same_with_a_case_in_every_state(silence: Silence) -> None:
    app: Any = silence.desk.rig.ratings.app
    app.state.office = replace(
        silence.office, outliers=load_outlier_policies(FOLDER, DEMONSTRATION, demonstration=True)
    )
    silence.follow()
    silence.nothing_to_see()
    unit, person = silence.desk.alarm(), silence.desk.alarm("consultant", SURGEON)
    alert = next(one["case"] for one in silence.desk.cases(kind="alert"))
    silence.walk(alert, "tell_locally")
    silence.walk(person, "take_up", "no_case")
    silence.walk(unit, *TO_REVIEW, "confirm", "escalate", "remind", "report_silence", "publish")
    more = pl.when(subject=HOSPITAL).then(pl.col("observed") + 1).otherwise("observed")
    silence.follow(observed=more)  # corrected data begin it anew
    silence.walk(unit, *TO_REVIEW[1:], "explain")
    within = pl.when(pl.col("subject") == HOSPITAL).then(pl.lit("within")).otherwise("position")
    silence.follow(observed=more + 1)
    silence.follow(observed=more + 2, position=within)
    silence.nothing_to_see()
    assert silence.desk.read(unit)["state"] == "closed_data"
    assert silence.states == {one.value for one in CaseState}


def test_a_case_that_is_open_on_the_day_neither_holds_the_release_nor_changes_a_byte_of_it(silence: Silence) -> None:
    silence.desk.clock.to(date(2025, 10, 1))
    silence.desk.submit(NEXT)
    silence.desk.clock.moment = ITS_MOMENT
    unit = silence.desk.read(silence.desk.alarm())
    assert (unit["release"], unit["state"], unit["overdue"]) == (NEXT, "in_scrutiny", True)
    silence.desk.publish(NEXT)
    assert silence.desk.rig.live(NEXT)["manifest_sha256"] == silence.view[NEXT]
    silence.public.await_release(NEXT)
    changed = {path for path, found in silence.look().items() if found != silence.before[path]}
    assert {"/v1/releases", "/v1/changes"} <= changed, "the comparison can tell that something has changed"
