"""Rules of what subjects say, without a service: lengths, figures, roles, and what is kept in memory."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.ratings.domain.answers import (
    Kind,
    figures_digest,
    figures_of_all,
    is_invited,
    policy,
    window_open,
    words_in,
)
from services.ratings.view.kept import Kept
from services.ratings.workflow.own import who_is
from shared.kit.auth import Caller
from shared.kit.problems import NotFound

ROW: dict[str, Any] = {
    "status": "published", "reason": "", "cases": 120, "observed": 4, "expected": 3.14159, "ratio": 1.27324,
    "estimate": 1.27324, "interval_lower": 0.34, "interval_upper": 3.26, "position": "within", "not_rated_reason": "",
}  # fmt: skip


def test_a_text_answers_to_what_the_public_can_read_of_the_figures() -> None:
    same = figures_digest(ROW)
    assert figures_digest({**ROW, "expected": 3.14161, "reliability": 0.5}) == same
    for changed in ({"cases": 121}, {"observed": 5}, {"expected": 3.15}, {"position": "above_control"},
                    {"status": "not_available"}, {"interval_upper": None}):  # fmt: skip
        assert figures_digest({**ROW, **changed}) != same, changed


def test_a_commentary_answers_to_all_figures_of_one_subject() -> None:
    mine, other = ("consultant", "9900001", "a", "p"), ("consultant", "9900002", "a", "p")
    same = figures_of_all({mine: "1", other: "2"}, mine[:2])
    assert figures_of_all({other: "3", mine: "1"}, mine[:2]) == same
    assert figures_of_all({mine: "4", other: "2"}, mine[:2]) != same


def test_a_reply_is_asked_for_beyond_the_control_limits_on_either_side() -> None:
    places = ("within", "above_warning", "below_warning", "above_control", "below_control", "")
    assert [is_invited({**ROW, "position": one}) for one in places] == [False, False, False, True, True, False]
    assert not is_invited({**ROW, "position": "above_control", "status": "not_available"})


def test_words_are_counted_and_the_policy_says_how_many() -> None:
    assert words_in(" One, two –\nthree ") == 4
    assert set(policy().words) == set(Kind)


@pytest.mark.parametrize("text", ["reply = 300", "reply = 300\ncommentary = 1\ncomment = 0", "letter = 3"])
def test_a_policy_that_leaves_something_open_stops_the_service(tmp_path: Path, text: str) -> None:
    file = tmp_path / "answers.toml"
    file.write_text(f'version = "1"\n[words]\n{text}\n')
    with pytest.raises(ValueError, match=r"Kind|answers\.toml"):
        policy(file)


def test_the_last_day_belongs_to_the_window() -> None:
    last = date(2026, 6, 29)
    assert [window_open(date(2026, 6, day), last) for day in (28, 29, 30)] == [True, True, False]
    assert window_open(last, None)


def test_whose_record_it_is_comes_from_the_account() -> None:
    for role, level in (("consultant", "consultant"), ("lead", "provider"), ("practice", "provider")):
        who = who_is(Caller("somebody", frozenset({role}), "X1"))
        assert (who.level, who.subject, who.role, who.account) == (level, "X1", role, "somebody")
    for caller in (Caller("nobody", frozenset({"lead"})), Caller("reviewer", frozenset({"reviewer"}), "X1")):
        with pytest.raises(NotFound):
            who_is(caller)


def test_what_was_asked_for_last_is_kept_and_a_failure_is_not() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    kept: Kept[str] = Kept(2)
    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.of(name, lambda name=name: make(name)) == name.upper()  # type: ignore[misc]  # bound now
    assert made == ["a", "b", "c", "b"]
    with pytest.raises(ZeroDivisionError):
        kept.of("d", lambda: str(1 / 0))
    assert kept.of("d", lambda: "D") == "D"
