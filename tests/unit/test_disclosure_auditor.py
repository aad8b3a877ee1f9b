"""The disclosure audit finds what leaks: public bytes, written by hand, of a publisher who hides too little."""

from pathlib import Path

import pytest

from cli.disclosure.auditing import Given, Report
from cli.disclosure.facts import Facts
from cli.disclosure.inputs import External
from cli.disclosure.numbers import exactly
from cli.disclosure.policy import Policy
from tests.unit.disclosure_rig import audited, derived, kinds, on
from tests.unit.leaky_publisher import (
    FIRST,
    INDICATOR,
    NUMBER,
    PERIOD,
    PERSON_OF,
    SECOND,
    TRUTH,
    Publisher,
    rows,
)

GARWOOD_OF_4 = {
    "lower": round(1.0899 / 3.2, 2),
    "upper": round(10.2416 / 3.2, 2),
    "method": "exact_poisson",
    "level": 0.95,
}


def test_a_publisher_who_hides_enough_is_not_blamed(tmp_path: Path) -> None:
    """Assurance's example: A refuses; with B and C hidden nobody comes close to A's 120 operations."""
    report = audited(Publisher({FIRST: rows(FIRST, "ABC"), SECOND: rows(SECOND, "ABC")}), tmp_path)
    assert report.found.findings == []
    assert report.verdict.figures == 3
    assert report.verdict.pairs == 3 * 3, "for nobody in particular, for B and for C, in three measures"
    assert report.verdict.worst is not None
    assert report.verdict.worst.fraction == pytest.approx(min(40 / 24, 4 / 3, 3.2 / 1.02), rel=0.01)
    assert report.verdict.checked == 3
    assert not [note for note in report.found.notes if "HiGHS" in note]


def test_nobody_hidden_beside_the_secret(tmp_path: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "A")}), tmp_path)
    assert derived(report) == {("A", "cases"), ("A", "observed"), ("A", "expected")}
    (cases,) = (one for one in report.found.findings if one.at["measure"] == "cases")
    assert cases.interval == (120, 120)
    assert cases.fraction == 0
    assert cases.proof[0].says == "cases of ZZ1: 510"
    assert cases.proof[0].url == f"/v1/releases/{FIRST}/results/r-pzz1"
    assert {one.url for one in cases.proof if one.says.startswith("minus")} == {
        f"/v1/releases/{FIRST}/results/r-c{NUMBER[one]}" for one in "BCDE"
    }


def test_one_partner_is_none_for_who_knows_their_own_figures(tmp_path: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "AB")}), tmp_path)
    assert ("A", "cases") in derived(report)
    assert {one.at["insiders"] for one in report.found.findings} == {NUMBER["B"]}
    nobody = audited(Publisher({FIRST: rows(FIRST, "AB")}), tmp_path, policy=Policy(k=0))
    assert nobody.found.findings == []


def test_two_insiders_need_one_more(tmp_path: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}), tmp_path, policy=Policy(k=2))
    assert ("A", "cases") in derived(report)
    assert {f"{NUMBER['B']}, {NUMBER['C']}", f"{NUMBER['C']}, {NUMBER['B']}"} & {
        one.at.get("insiders", "") for one in report.found.findings
    }


def test_whoever_is_hidden_counts_where_the_roster_does_not_say_who_is_a_secret(tmp_path: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "A")}), tmp_path, secret=None)
    assert ("A", "cases") in derived(report)


def test_a_set_of_its_own_for_each_measure(tmp_path: Path) -> None:
    """B and C keep their expected deaths back, but say their deaths and their ratio."""
    leaky = rows(FIRST, "A")
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) in {"B", "C"}:
            del one["value"]["expected"], one["value"]["denominator"]
    report = audited(Publisher({FIRST: leaky}), tmp_path)
    assert ("A", "observed") in derived(report)
    assert ("A", "expected") in derived(report)
    assert ("A", "cases") not in derived(report)


def test_ratios_of_two_hidden_people(tmp_path: Path) -> None:
    """A and E cover one another, as long as nobody colludes; with the ratio of each printed, the unit's deaths and
    expected deaths leave hardly a choice. No sum says so: whole numbers do."""
    leaky = rows(FIRST)
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) in {"A", "E"}:
            one["value"] = {"standardised_ratio": one["value"]["standardised_ratio"]}
    alone = Policy(k=0)
    assert audited(Publisher({FIRST: rows(FIRST, "AE")}), tmp_path, secret="AE", policy=alone).found.findings == []
    report = audited(Publisher({FIRST: leaky}), tmp_path, secret="AE", policy=alone)
    assert ("A", "observed") in derived(report)
    (found,) = (one for one in report.found.findings if one.at["measure"] == "observed" and
                one.at["consultant"] == NUMBER["A"])  # fmt: skip
    assert found.interval is not None
    assert found.interval[0] <= 6 <= found.interval[1] < 9
    assert found.proof[-1].says == "and what is printed as a ratio of observed to expected"


def test_a_total_that_is_withheld_here_and_published_elsewhere(tmp_path: Path) -> None:
    """A, I and F are hidden with their units' totals withheld: safe, unless somebody else prints one of them."""
    hidden = Publisher({FIRST: rows(FIRST, "AFI", withheld="ZZ1 ZZ2 ZZ3")})
    assert audited(hidden, tmp_path, secret="AFI").found.findings == []
    told = External("ZZ1", INDICATOR, PERIOD, "cases", exactly(510), "an annual report")
    report = audited(hidden, tmp_path, secret="AFI", externals=[told])
    assert derived(report) == {("A", "cases")}
    assert report.found.findings[0].proof[0].url == "an annual report"


def test_the_whole_set_less_what_is_shown(tmp_path: Path) -> None:
    """One unit is withheld and everybody else is shown: what others print for the country gives it away."""
    hidden = Publisher({FIRST: rows(FIRST, "AB", withheld="ZZ1")})
    national = sum(sizes[0] for sizes in TRUTH.values())
    told = External("*", INDICATOR, PERIOD, "cases", exactly(national), "a national report")
    assert audited(hidden, tmp_path).found.findings == []
    assert derived(audited(hidden, tmp_path, externals=[told])) == {("A", "cases")}
    region = External("Synthetic North", INDICATOR, PERIOD, "cases", exactly(national), "a regional report")
    assert derived(audited(hidden, tmp_path, externals=[region])) == {("A", "cases")}


def test_a_row_is_protected_as_a_whole(tmp_path: Path) -> None:
    """K has 130 operations at ZZ3 and 30 at ZZ2, known as one sum with B's 40 and C's 60. C knows that K has at most 40
    more: room enough for 30 % of either cell, and not of the row that was to be shown."""
    hidden = Publisher({FIRST: rows(FIRST, "KBC", withheld="ZZ1 ZZ2 ZZ3")})
    national = External("*", INDICATOR, PERIOD, "cases", exactly(sum(one[0] for one in TRUTH.values())), "a report")
    assert audited(hidden, tmp_path, secret="K", externals=[national]).found.findings == []
    report = audited(hidden, tmp_path, secret="K", externals=[national], policy=Policy(p=0.3))
    (found,) = report.found.findings
    assert found.at["provider"] == "ZZ2 and ZZ3"
    assert found.interval == (0, 200)
    assert found.at["insiders"] == NUMBER["C"]


def test_deaths_and_expected_deaths_add_up_to_the_same_where_a_model_was_fitted(tmp_path: Path) -> None:
    """Deaths are known to the last one, so the expected deaths of the whole set are, too."""
    hidden = Publisher({FIRST: rows(FIRST, "A", withheld="ZZ1")})
    deaths = External("*", INDICATOR, PERIOD, "observed", exactly(65), "a national report")
    assert ("A", "expected") not in derived(audited(hidden, tmp_path, externals=[deaths]))
    hidden.card = {
        "indicator": INDICATOR, "period": {"id": PERIOD}, "size": {"cases": 1200, "events": 60},
        "disclosure": {"cases_to": 200, "events_to": 20},
    }  # fmt: skip
    assert ("A", "expected") in derived(audited(hidden, tmp_path, externals=[deaths]))


def test_a_model_card_bounds_what_is_left_of_the_whole_set(tmp_path: Path) -> None:
    """Everybody but A is shown. Cards round to 200 cases: still too close for somebody with 120; to 2,000 it is not."""
    hidden = Publisher({FIRST: rows(FIRST, "A", withheld="ZZ1")})
    card = {"indicator": INDICATOR, "period": {"id": PERIOD}, "size": {"cases": 1175, "events": 60}}
    hidden.card = card | {"disclosure": {"cases_to": 2, "events_to": 2000}}
    assert ("A", "cases") in derived(audited(hidden, tmp_path))
    hidden.card = card | {"disclosure": {"cases_to": 2000, "events_to": 2000}}
    assert ("A", "cases") not in derived(audited(hidden, tmp_path))


def test_an_old_release_that_was_forgotten(tmp_path: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST), SECOND: rows(SECOND, "ABC")}), tmp_path)
    assert {"shown", "release_differs"} <= kinds(report)
    partner = audited(Publisher({FIRST: rows(FIRST, "A"), SECOND: rows(SECOND, "ABC")}), tmp_path)
    assert ("A", "cases") in derived(partner), "the old release shows the partners of the new one"
    unknown = audited(Publisher({FIRST: rows(FIRST, "A"), SECOND: rows(SECOND, "ABC")}), tmp_path, secret=None)
    assert "release_differs" in kinds(unknown)


def test_limits_that_reveal_a_count(tmp_path: Path) -> None:
    """B's row keeps the deaths back; exact limits at two decimals leave one count."""
    leaky = rows(FIRST, "A")
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) == "B":
            one["value"] = {"expected": 3.2, "denominator": 40, "interval": GARWOOD_OF_4}
    report = audited(Publisher({FIRST: leaky}), tmp_path, secret="AB")
    assert "limits_reveal" in kinds(report)
    assert ("B", "observed") in derived(report)
    (found,) = (one for one in report.found.findings if one.kind == "derivable" and one.at["consultant"] == NUMBER["B"])
    assert found.interval == (4, 4)


def test_a_rounded_count_beside_exact_limits(tmp_path: Path) -> None:
    """`counts-1-7`: 5 stands for 3 to 7, and the limits say which."""
    leaky = rows(FIRST, "ABC")
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) == "G":
            one["value"] = {"observed": 5, "denominator": 80, "interval": GARWOOD_OF_4}
    exact = Publisher({FIRST: leaky}, rules={"patient_rule": "counts-1-7"})
    assert "limits_reveal" in kinds(on(exact, Given()))
    assert "limits_reveal" not in kinds(on(Publisher({FIRST: leaky}), Given())), (
        "a count that is printed needs no limits"
    )


def test_counts_to_the_nearest_five_are_intervals(tmp_path: Path) -> None:
    """`counts-1-7`: the total and four colleagues are each known to two, so A's 120 operations to ten."""

    def to_five(hidden: str) -> Publisher:
        told = rows(FIRST, hidden)
        for value in (one["value"] for one in told):
            value |= {name: (2 * value[name] + 5) // 10 * 5 for name in ("observed", "denominator")}
        return Publisher({FIRST: told})

    assert audited(to_five("ABC"), tmp_path).found.findings == []
    report = audited(to_five("A"), tmp_path)
    (cases,) = (one for one in report.found.findings if one.at["measure"] == "cases")
    assert cases.interval == (120 - 10, 120 + 10)
    assert ("A", "observed") not in derived(report), "deaths to ten is room enough"


def test_a_partner_who_was_let_go_too_early(tmp_path: Path) -> None:
    """D withdraws; {A, B, D} is safe from scratch and C comes back. Who read D before has A + B, and B knows A."""
    before = on(Publisher({FIRST: rows(FIRST, "ABC")}), Given()).facts
    file = tmp_path / "facts.json"
    before.save(file)
    after = Publisher({FIRST: rows(FIRST, "ABD")})
    assert audited(after, tmp_path, secret="AD").found.findings == []
    union = audited(after, tmp_path, secret="AD", earlier=[Facts.load(file)])
    assert ("A", "cases") in derived(union)
    assert not [one for one in derived(union) if one[0] == "D"], "nothing protects D from who read D's own row"
    right = audited(Publisher({FIRST: rows(FIRST, "ABCD")}), tmp_path, secret="AD", earlier=[Facts.load(file)])
    assert right.found.findings == []


def test_without_a_roster_what_a_unit_leaves(tmp_path: Path) -> None:
    """ZZ2 has 30 operations and 2 deaths of K's beyond those of its own three, who are published: no safe set has so
    few deaths. Where K is published as one of ZZ3, ZZ3 has less than its people, and nothing follows."""
    report = on(Publisher({FIRST: rows(FIRST, "K")}), Given())
    assert kinds(report) == {"residual"}
    assert {(one.at["provider"], one.at["measure"]) for one in report.found.findings} == {("ZZ2", "observed")}
    assert report.residuals == 3
    several = on(Publisher({FIRST: rows(FIRST, "ABC")}), Given())
    assert several.found.findings == []
    assert [note for note in several.found.notes if "several units" in note]


def test_without_a_roster_rows_that_came_and_went_between_two_readings(tmp_path: Path) -> None:
    """First F and G are hidden at ZZ2, then F and H: whoever read both is left with F's operations and K's, 180. The
    policy here asks for more than that, and for less than either reading alone leaves."""
    wide = Policy(floors=(200, 3, 1))

    def at_zz2(report: Report) -> set[str]:
        return {one.at["measure"] for one in report.found.findings if one.at["provider"] == "ZZ2"}

    first = on(Publisher({FIRST: rows(FIRST, "KFG")}), Given(policy=wide))
    again = Publisher({FIRST: rows(FIRST, "KFH")})
    assert at_zz2(first) == at_zz2(on(again, Given(policy=wide))) == set()
    assert at_zz2(on(again, Given(policy=wide, earlier=[first.facts]))) == {"cases"}
