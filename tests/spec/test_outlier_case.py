"""One outlier case, played through its policy on the days of the table: whose turn it is, until when, and who may know.

The services are the real ones; the clock is the table's. What the public reads is compared at every line of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from tests.stores import Stores
from tests.unit.case_rig import HOSPITAL, INDICATOR, SURGEON, Desk, Public, be, desk_in, public_of

RELEASE = "2025-05-15"  # the announced day
# Results: how many deaths too many the hospital has sent. Days of the policy: 10, 5, 25, 20 to 30, 5, 10, 15.
POLICY = """
day        | who       | step           | state             | owner           | until      | the lead | regulator
2024-12-19 | results   | 25             | signal            | audit           | 2025-01-07 | -        | -
2024-12-20 | analyst   | take_up        | in_scrutiny       | audit           | 2025-01-07 | -        | -
2025-01-07 | analyst   | case_to_answer | case_to_answer    | audit           | 2025-01-14 | knows    | -
2025-01-08 | analyst   | tell           | awaiting_response | lead_clinician  | 2025-02-12 | knows    | -
2025-01-20 | lead      | respond        | in_review         | audit           | 2025-03-03 | knows    | -
2025-01-27 | results   | 15             | in_scrutiny       | audit           | 2025-02-10 | knows    | -
2025-02-10 | analyst   | case_to_answer | case_to_answer    | audit           | 2025-02-17 | knows    | -
2025-02-17 | analyst   | tell           | awaiting_response | lead_clinician  | 2025-03-24 | knows    | -
2025-03-24 | -         | nothing        | awaiting_response | lead_clinician  | 2025-03-24 | knows    | -
2025-03-25 | -         | overdue        | awaiting_response | lead_clinician  | 2025-03-24 | knows    | -
2025-03-25 | analyst   | no_response    | in_review         | audit           | 2025-05-09 | knows    | -
2025-04-17 | analyst   | confirm        | confirmed         | audit           | 2025-04-28 | knows    | knows
2025-04-22 | analyst   | escalate       | investigation     | chief_executive | 2025-05-07 | knows    | knows
2025-05-07 | -         | nothing        | investigation     | chief_executive | 2025-05-07 | knows    | knows
2025-05-08 | -         | overdue        | investigation     | chief_executive | 2025-05-07 | knows    | knows
2025-05-08 | analyst   | remind         | investigation     | audit           | 2025-05-30 | knows    | knows
2025-05-15 | publisher | publication    | investigation     | audit           | 2025-05-30 | knows    | knows
2025-05-30 | analyst   | report_silence | investigation     | audit           | 2025-06-02 | knows    | knows
2025-06-02 | analyst   | publish        | published         | -               | -          | knows    | knows
"""


@dataclass(frozen=True)
class Line:
    day: str
    who: str
    step: str
    state: str
    owner: str
    until: str
    lead: str
    regulator: str


LINES = [Line(*(cell.strip() for cell in line.split("|"))) for line in POLICY.strip().splitlines()[1:]]
EARLIER = (  # of a release that the public reads meanwhile
    "/v1/releases", "/v1/changes", "/v1/releases/latest", "/v1/releases/latest/results", "/providers", "/",
    f"/v1/releases/latest/providers/{HOSPITAL}/results", f"/v1/releases/latest/indicators/{INDICATOR}/funnel",
)  # fmt: skip


class Story:
    """The case, and what the public sees meanwhile."""

    def __init__(self, desk: Desk, public: Public) -> None:
        self.desk, self.public = desk, public
        self.case, self.release = "", ""
        self.seen: dict[str, Any] = {}
        self.steps = 0

    def play(self, line: Line) -> None:
        self.desk.clock.to(date.fromisoformat(line.day))
        match line.who:
            case "results":
                self._results(int(line.step))
            case "publisher":
                self.desk.publish(self.release)
                self.await_release()
            case "-":
                assert (self.case in self.desk.overdue()) is (line.step == "overdue")
                assert (self.case in self.desk.overdue("lead")) is (line.step == "overdue")
            case _:
                self.desk.taken(line.who, self.case, line.step)
                self.steps += 1

    def _results(self, deaths: int) -> None:
        """A submission; the one after a return is of a draft built anew from what the hospital has corrected."""
        if self.release:
            self.desk.rig.step("reviewer", self.release, "return")
        self.desk.deliver(deaths)
        self.release = self.desk.build(RELEASE)
        self.desk.submit(self.release)
        self.case = self.desk.alarm()
        self.steps += 1

    def check(self, line: Line) -> None:
        found = self.desk.read(self.case)
        assert (found["state"], found.get("owner", "-"), found.get("deadline", "-")) == (
            line.state, line.owner, line.until,
        )  # fmt: skip
        assert [one["sequence"] for one in found["history"]] == list(range(1, self.steps + 1))
        knows = {"knows": True, "-": False}
        assert self.desk.sees(self.case, "lead") is knows[line.lead]
        assert self.desk.sees(self.case, "regulator") is knows[line.regulator]
        assert not self.desk.sees(self.case, "consultant"), "another person's own record"
        assert not self.desk.sees(self.case, "practice")

    def look(self) -> dict[str, Any]:
        return {path: self.public.bytes_of(path) for path in EARLIER}

    def await_release(self) -> None:
        """The gateway has heard of it: from now on this is what the public reads."""
        self.public.await_release(self.release)
        self.seen = self.look()


@pytest.fixture(scope="module")
def engine() -> str:
    return "sqlite"  # on both engines: tests/unit/test_cases.py


@pytest.fixture(scope="module")
def story(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A release came out in autumn, before anybody was an outlier."""
    with desk_in(tmp_path_factory.mktemp("case"), stores, date(2024, 11, 14)) as desk:
        be(desk.rig, "lead", HOSPITAL)
        desk.deliver(3)
        autumn = desk.build("2024-11-14")
        desk.submit(autumn)
        desk.publish(autumn)
        with public_of(desk.rig) as public:
            public.ready()
            told = Story(desk, public)
            told.release = autumn
            told.await_release()
            told.release = ""
            yield told


def test_the_case_follows_the_policy_and_the_public_sees_nothing_of_it(story: Story) -> None:
    for line in LINES:
        story.play(line)
        story.check(line)
        assert story.look() == story.seen, f"{line.day} {line.step}: the public could tell"
    _the_history_is_whole(story)


def _the_history_is_whole(story: Story) -> None:
    """Two rounds, and every word of the first is still there; nobody outside reads what the audit noted before."""
    told = story.desk.read(story.case)
    steps = ["open" if line.step == "25" else "restart" if line.step == "15" else line.step
             for line in LINES if line.who not in {"-", "publisher"}]  # fmt: skip
    assert [one["step"] for one in told["history"]] == steps
    assert [one["round"] for one in told["history"]] == [1] * 5 + [2] * (len(steps) - 5)
    first, again = (one["figures"] for one in told["history"] if "figures" in one)
    assert (first["observed"], again["observed"]) == (30, 20)
    assert told["figures"] == again
    notice = next(one["notice"] for one in told["history"] if one["step"] == "tell")
    assert notice["to"] == ["lead_clinician", "chief_executive", "medical_director"]
    assert "2025-02-12" in notice["text"]
    assert "signal" in notice["text"]
    lead = story.desk.read(story.case, "lead")["history"]
    assert [one["step"] for one in lead if "note" not in one] == ["open", "take_up", "restart"]
    assert not any("actor" in one for one in lead)
    regulator = story.desk.read(story.case, "regulator")["history"]
    assert [one["step"] for one in regulator if "note" in one] == steps[steps.index("confirm") :]


def test_the_consultant_s_own_case_is_handled_under_the_specialty_s_policy(story: Story) -> None:
    """The surgeon of that hospital is beyond the limits, too; it is closed when corrected data put it within them."""
    desk = story.desk
    be(desk.rig, "consultant", SURGEON)
    case = desk.alarm("consultant", SURGEON)
    found = desk.read(case)
    assert (found["policy"], found["state"]) == ("consultants 2026.1", "in_scrutiny")
    assert not desk.sees(case, "consultant")
    desk.taken("analyst", case, "case_to_answer")
    told = desk.taken("analyst", case, "tell")
    assert told["owner"] == "consultant"
    assert "no ground by itself to restrict" in told["history"][-1]["notice"]["text"]
    assert [desk.sees(case, who) for who in ("consultant", "lead", "regulator")] == [True, True, False]
    assert desk.take("lead", case, "respond").json()["code"] == "not_your_step"
    desk.deliver(8)
    later = desk.build("2025-06-05")
    desk.submit(later)
    closed = desk.read(case, "consultant")
    assert (closed["state"], closed["release"], closed["history"][-1]["step"]) == (
        "closed_data",
        later,
        "close_on_data",
    )
    assert "no longer beyond the limits" in closed["history"][-1]["notice"]["text"]
    assert story.look() == story.seen
