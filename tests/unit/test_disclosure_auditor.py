"""The disclosure audit finds what leaks: public bytes, written by hand, of a publisher who hides too little."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.disclosure import command
from cli.disclosure.auditing import Given, Report, audit
from cli.disclosure.facts import Facts
from cli.disclosure.fetching import CouldNotJudge, Site
from cli.disclosure.inputs import External, read_external, read_rosters
from cli.disclosure.numbers import exactly
from cli.disclosure.policy import Policy
from tests.unit.leaky_publisher import (
    FIRST,
    INDICATOR,
    NUMBER,
    PERIOD,
    PERSON_OF,
    SECOND,
    TRUTH,
    Publisher,
    main_unit,
    of_person,
    of_unit,
    roster_text,
    row,
    rows,
    value_of,
)

GARWOOD_OF_4 = {
    "lower": round(1.0899 / 3.2, 2),
    "upper": round(10.2416 / 3.2, 2),
    "method": "exact_poisson",
    "level": 0.95,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def audited(
    publisher: Publisher,
    folder: Path,
    *,
    secret: str | None = "A",
    externals: Sequence[External] = (),
    earlier: Sequence[Facts] = (),
    policy: Policy | None = None,
) -> Report:
    """`secret`: letters of who may not be named; None for a roster that does not say."""
    file = folder / "roster.csv"
    file.write_text(roster_text(*publisher.lists, *(["2026-03-31"] if earlier else []), secret=secret))
    given = Given(read_rosters([file]), externals, earlier, policy or Policy(), sample=1)
    return on(publisher, given)


def on(publisher: Publisher, given: Given) -> Report:
    site = Site("http://synthetic.example", publisher.transport())
    try:
        return audit(site, given)
    finally:
        site.close()


def kinds(report: Report) -> set[str]:
    return {one.kind for one in report.found.findings}


def derived(report: Report) -> set[tuple[str, str]]:
    """Who can be worked out in which measure."""
    return {
        (PERSON_OF[one.at["consultant"]], one.at["measure"]) for one in report.found.findings if one.kind == "derivable"
    }


def test_a_publisher_who_hides_enough_is_not_blamed(folder: Path) -> None:
    """Assurance's example: A refuses; with B and C hidden nobody comes close to A's 120 operations."""
    report = audited(Publisher({FIRST: rows(FIRST, "ABC"), SECOND: rows(SECOND, "ABC")}), folder)
    assert report.found.findings == []
    assert report.verdict.figures == 3
    assert report.verdict.pairs == 3 * 3, "for nobody in particular, for B and for C, in three measures"
    assert report.verdict.worst is not None
    assert report.verdict.worst.fraction == pytest.approx(min(40 / 24, 4 / 3, 3.2 / 1.02), rel=0.01)
    assert report.verdict.checked == 3
    assert not [note for note in report.found.notes if "HiGHS" in note]


def test_nobody_hidden_beside_the_secret(folder: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "A")}), folder)
    assert derived(report) == {("A", "cases"), ("A", "observed"), ("A", "expected")}
    (cases,) = (one for one in report.found.findings if one.at["measure"] == "cases")
    assert cases.interval == (120, 120)
    assert cases.fraction == 0
    assert cases.proof[0].says == "cases of ZZ1: 510"
    assert cases.proof[0].url == f"/v1/releases/{FIRST}/results/r-pzz1"
    assert {one.url for one in cases.proof if one.says.startswith("minus")} == {
        f"/v1/releases/{FIRST}/results/r-c{NUMBER[one]}" for one in "BCDE"
    }


def test_one_partner_is_none_for_who_knows_their_own_figures(folder: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "AB")}), folder)
    assert ("A", "cases") in derived(report)
    assert {one.at["insiders"] for one in report.found.findings} == {NUMBER["B"]}
    nobody = audited(Publisher({FIRST: rows(FIRST, "AB")}), folder, policy=Policy(k=0))
    assert nobody.found.findings == []


def test_two_insiders_need_one_more(folder: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}), folder, policy=Policy(k=2))
    assert ("A", "cases") in derived(report)
    assert {f"{NUMBER['B']}, {NUMBER['C']}", f"{NUMBER['C']}, {NUMBER['B']}"} & {
        one.at.get("insiders", "") for one in report.found.findings
    }


def test_whoever_is_hidden_counts_where_the_roster_does_not_say_who_is_a_secret(folder: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST, "A")}), folder, secret=None)
    assert ("A", "cases") in derived(report)


def test_a_set_of_its_own_for_each_measure(folder: Path) -> None:
    """B and C keep their expected deaths back, but say their deaths and their ratio."""
    leaky = rows(FIRST, "A")
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) in {"B", "C"}:
            del one["value"]["expected"], one["value"]["denominator"]
    report = audited(Publisher({FIRST: leaky}), folder)
    assert ("A", "observed") in derived(report)
    assert ("A", "expected") in derived(report)
    assert ("A", "cases") not in derived(report)


def test_ratios_of_two_hidden_people(folder: Path) -> None:
    """A and E cover one another, as long as nobody colludes; with the ratio of each printed, the unit's deaths and
    expected deaths leave hardly a choice. No sum says so: whole numbers do."""
    leaky = rows(FIRST)
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) in {"A", "E"}:
            one["value"] = {"standardised_ratio": one["value"]["standardised_ratio"]}
    alone = Policy(k=0)
    assert audited(Publisher({FIRST: rows(FIRST, "AE")}), folder, secret="AE", policy=alone).found.findings == []
    report = audited(Publisher({FIRST: leaky}), folder, secret="AE", policy=alone)
    assert ("A", "observed") in derived(report)
    (found,) = (one for one in report.found.findings if one.at["measure"] == "observed" and
                one.at["consultant"] == NUMBER["A"])  # fmt: skip
    assert found.interval is not None
    assert found.interval[0] <= 6 <= found.interval[1] < 9
    assert found.proof[-1].says == "and what is printed as a ratio of observed to expected"


def test_a_total_that_is_withheld_here_and_published_elsewhere(folder: Path) -> None:
    """A, I and F are hidden with their units' totals withheld: safe, unless somebody else prints one of them."""
    hidden = Publisher({FIRST: rows(FIRST, "AFI", withheld="ZZ1 ZZ2 ZZ3")})
    assert audited(hidden, folder, secret="AFI").found.findings == []
    told = External("ZZ1", INDICATOR, PERIOD, "cases", exactly(510), "an annual report")
    report = audited(hidden, folder, secret="AFI", externals=[told])
    assert derived(report) == {("A", "cases")}
    assert report.found.findings[0].proof[0].url == "an annual report"


def test_the_whole_set_less_what_is_shown(folder: Path) -> None:
    """One unit is withheld and everybody else is shown: what others print for the country gives it away."""
    hidden = Publisher({FIRST: rows(FIRST, "AB", withheld="ZZ1")})
    national = sum(sizes[0] for sizes in TRUTH.values())
    told = External("*", INDICATOR, PERIOD, "cases", exactly(national), "a national report")
    assert audited(hidden, folder).found.findings == []
    assert derived(audited(hidden, folder, externals=[told])) == {("A", "cases")}
    region = External("Synthetic North", INDICATOR, PERIOD, "cases", exactly(national), "a regional report")
    assert derived(audited(hidden, folder, externals=[region])) == {("A", "cases")}


def test_a_row_is_protected_as_a_whole(folder: Path) -> None:
    """K has 130 operations at ZZ3 and 30 at ZZ2, known as one sum with B's 40 and C's 60. C knows that K has at most 40
    more: room enough for 30 % of either cell, and not of the row that was to be shown."""
    hidden = Publisher({FIRST: rows(FIRST, "KBC", withheld="ZZ1 ZZ2 ZZ3")})
    national = External("*", INDICATOR, PERIOD, "cases", exactly(sum(one[0] for one in TRUTH.values())), "a report")
    assert audited(hidden, folder, secret="K", externals=[national]).found.findings == []
    report = audited(hidden, folder, secret="K", externals=[national], policy=Policy(p=0.3))
    (found,) = report.found.findings
    assert found.at["provider"] == "ZZ2 and ZZ3"
    assert found.interval == (0, 200)
    assert found.at["insiders"] == NUMBER["C"]


def test_deaths_and_expected_deaths_add_up_to_the_same_where_a_model_was_fitted(folder: Path) -> None:
    """Deaths are known to the last one, so the expected deaths of the whole set are, too."""
    hidden = Publisher({FIRST: rows(FIRST, "A", withheld="ZZ1")})
    deaths = External("*", INDICATOR, PERIOD, "observed", exactly(65), "a national report")
    assert ("A", "expected") not in derived(audited(hidden, folder, externals=[deaths]))
    hidden.card = {
        "indicator": INDICATOR, "period": {"id": PERIOD}, "size": {"cases": 1200, "events": 60},
        "disclosure": {"cases_to": 200, "events_to": 20},
    }  # fmt: skip
    assert ("A", "expected") in derived(audited(hidden, folder, externals=[deaths]))


def test_a_model_card_bounds_what_is_left_of_the_whole_set(folder: Path) -> None:
    """Everybody but A is shown. Cards round to 200 cases: still too close for somebody with 120; to 2,000 it is not."""
    hidden = Publisher({FIRST: rows(FIRST, "A", withheld="ZZ1")})
    card = {"indicator": INDICATOR, "period": {"id": PERIOD}, "size": {"cases": 1175, "events": 60}}
    hidden.card = card | {"disclosure": {"cases_to": 2, "events_to": 2000}}
    assert ("A", "cases") in derived(audited(hidden, folder))
    hidden.card = card | {"disclosure": {"cases_to": 2000, "events_to": 2000}}
    assert ("A", "cases") not in derived(audited(hidden, folder))


def test_an_old_release_that_was_forgotten(folder: Path) -> None:
    report = audited(Publisher({FIRST: rows(FIRST), SECOND: rows(SECOND, "ABC")}), folder)
    assert {"shown", "release_differs"} <= kinds(report)
    partner = audited(Publisher({FIRST: rows(FIRST, "A"), SECOND: rows(SECOND, "ABC")}), folder)
    assert ("A", "cases") in derived(partner), "the old release shows the partners of the new one"
    unknown = audited(Publisher({FIRST: rows(FIRST, "A"), SECOND: rows(SECOND, "ABC")}), folder, secret=None)
    assert "release_differs" in kinds(unknown)


def test_a_csv_that_shows_more(folder: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: rows(FIRST, "BC")})
    report = audited(leaky, folder)
    assert {"forms_differ", "shown"} <= kinds(report)
    (differs,) = (one for one in report.found.findings if one.kind == "forms_differ")
    assert differs.proof[0].url == f"/v1/releases/{FIRST}/results.csv"
    fewer = Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: rows(FIRST, "ABCD")})
    assert kinds(audited(fewer, folder)) == {"forms_differ"}


def test_a_csv_with_another_figure(folder: Path) -> None:
    other = rows(FIRST, "ABC")
    other[-1]["value"]["observed"] += 1
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: other}), folder)
    assert kinds(report) == {"forms_differ"}
    assert "observed: " in report.found.findings[0].words


def test_figures_in_a_row_without_figures(folder: Path) -> None:
    leaky = rows(FIRST, "AFI", withheld="ZZ1 ZZ2 ZZ3")
    leaky[0]["value"] = {"denominator": 510}
    assert "absent_with_figure" in kinds(audited(Publisher({FIRST: leaky}), folder, secret="AFI"))


def test_limits_that_reveal_a_count(folder: Path) -> None:
    """B's row keeps the deaths back; exact limits at two decimals leave one count."""
    leaky = rows(FIRST, "A")
    for one in leaky:
        if PERSON_OF.get(one["subject"]["id"]) == "B":
            one["value"] = {"expected": 3.2, "denominator": 40, "interval": GARWOOD_OF_4}
    report = audited(Publisher({FIRST: leaky}), folder, secret="AB")
    assert "limits_reveal" in kinds(report)
    assert ("B", "observed") in derived(report)
    (found,) = (one for one in report.found.findings if one.kind == "derivable" and one.at["consultant"] == NUMBER["B"])
    assert found.interval == (4, 4)


def test_a_rounded_count_beside_exact_limits(folder: Path) -> None:
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


def test_a_point_in_the_funnel_without_a_row(folder: Path) -> None:
    point = {"result": "r-x", "consultant": NUMBER["A"], "x": 5.1, "y": 1.18, "comparison": "rated",
             "position": "within"}  # fmt: skip
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}, points=[point]), folder)
    assert {"forms_differ", "shown"} <= kinds(report)
    assert ("A", "observed") in derived(report), "ratio times expected"


@pytest.mark.parametrize(
    "leaky",
    [
        Publisher({FIRST: rows(FIRST, "ABC")}, more_in_totals=3),
        Publisher({FIRST: rows(FIRST, "ABC")}, absent_of_people=True),
    ],
    ids=["totals", "absent"],
)
def test_counts_that_know_of_hidden_rows(folder: Path, leaky: Publisher) -> None:
    assert kinds(audited(leaky, folder)) - {"exists"} == {"count"}


def test_an_address_that_knows_a_hidden_person(folder: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, known_numbers={NUMBER["A"]})
    assert kinds(audited(leaky, folder)) == {"exists"}
    found = audited(Publisher({FIRST: rows(FIRST, "ABC")}, searchable={NUMBER["B"]}), folder).found.findings
    assert [one.words for one in found] == ["a search finds a hidden person"]


def test_a_page_that_links_to_a_hidden_person(folder: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, linked=f"/consultants/{NUMBER['A']}")
    assert kinds(audited(leaky, folder)) == {"forms_differ"}


def test_a_row_that_was_announced_as_gone(folder: Path) -> None:
    gone = {"sequence": 1, "kind": "rows.not_published", "release": FIRST, "rows": [f"r-c{NUMBER['D']}"]}
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, events=[gone])
    assert kinds(audited(leaky, folder)) == {"announced"}
    back = {"sequence": 2, "kind": "rows.published", "release": FIRST, "rows": [f"r-c{NUMBER['D']}"]}
    assert audited(Publisher({FIRST: rows(FIRST, "ABC")}, events=[gone, back]), folder).found.findings == []


def test_a_partner_who_was_let_go_too_early(folder: Path) -> None:
    """D withdraws; {A, B, D} is safe from scratch and C comes back. Who read D before has A + B, and B knows A."""
    before = on(Publisher({FIRST: rows(FIRST, "ABC")}), Given()).facts
    file = folder / "facts.json"
    before.save(file)
    after = Publisher({FIRST: rows(FIRST, "ABD")})
    assert audited(after, folder, secret="AD").found.findings == []
    union = audited(after, folder, secret="AD", earlier=[Facts.load(file)])
    assert ("A", "cases") in derived(union)
    assert not [one for one in derived(union) if one[0] == "D"], "nothing protects D from who read D's own row"
    right = audited(Publisher({FIRST: rows(FIRST, "ABCD")}), folder, secret="AD", earlier=[Facts.load(file)])
    assert right.found.findings == []


def test_without_a_roster_what_a_unit_leaves(folder: Path) -> None:
    """ZZ2 has 30 operations and 2 deaths of K's beyond those of its own three, who are published: no safe set has so
    few deaths. Where K is published as one of ZZ3, ZZ3 has less than its people, and nothing follows."""
    report = on(Publisher({FIRST: rows(FIRST, "K")}), Given())
    assert kinds(report) == {"residual"}
    assert {(one.at["provider"], one.at["measure"]) for one in report.found.findings} == {("ZZ2", "observed")}
    assert report.residuals == 3
    several = on(Publisher({FIRST: rows(FIRST, "ABC")}), Given())
    assert several.found.findings == []
    assert [note for note in several.found.notes if "several units" in note]


def test_without_a_roster_rows_that_came_and_went_between_two_readings(folder: Path) -> None:
    """First F and G are hidden at ZZ2, then F and H: whoever read both is left with F's operations and K's, 180. The
    policy here asks for more than that, and for less than either reading alone leaves."""
    wide = Policy(floors=(200, 3, 1))

    def at_zz2(report: Report) -> set[str]:
        return {one.at["measure"] for one in report.found.findings if one.at["provider"] == "ZZ2"}

    first = on(Publisher({FIRST: rows(FIRST, "KFG")}), Given(policy=wide))
    again = Publisher({FIRST: rows(FIRST, "KFH")})
    assert at_zz2(first) == at_zz2(on(again, Given(policy=wide))) == set()
    assert at_zz2(on(again, Given(policy=wide, earlier=[first.facts]))) == {"cases"}


def test_rows_that_come_and_go_while_they_are_read(folder: Path) -> None:
    """Read again until it holds still; where it never does, nothing is said of formats that differ."""
    shaky = Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: rows(FIRST, "ABCD")})

    def moving(request: httpx.Request) -> None:
        if request.url.path.endswith("results.csv"):
            shaky.views += 1
            if shaky.views == 2:
                shaky.csv_lists.clear()
                return
            shaky.csv_lists[FIRST] = rows(FIRST, "ABCD")

    shaky.before = moving
    with pytest.raises(CouldNotJudge, match="came and went"):
        audited(shaky, folder)


def test_a_busy_site_is_asked_again_when_it_says(folder: Path) -> None:
    refused: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response | None:
        if len(refused) < 3:
            refused.append(request.url.path)
            return httpx.Response(503, headers={"Retry-After": "0"})
        return None

    assert audited(Publisher({FIRST: rows(FIRST, "ABC")}, before=busy), folder).found.findings == []
    assert len(refused) == 3


def test_what_cannot_be_judged_is_said(folder: Path) -> None:
    with pytest.raises(CouldNotJudge, match="nothing to judge"):
        on(Publisher({FIRST: []}), Given())
    other = folder / "other.csv"
    other.write_text(roster_text(FIRST, secret="A").replace(",40,4,3.2,", ",41,4,3.2,"))
    with pytest.raises(CouldNotJudge, match="belongs to another release"):
        on(Publisher({FIRST: rows(FIRST, "A")}), Given(read_rosters([other])))
    fewer = folder / "fewer.csv"
    fewer.write_text("\n".join(one for one in roster_text(FIRST).splitlines() if NUMBER["E"] not in one))
    with pytest.raises(CouldNotJudge, match="roster of every release"):
        on(Publisher({FIRST: rows(FIRST, "A")}), Given(read_rosters([fewer])))


@pytest.mark.parametrize(
    ("text", "says"),
    [("indicator,period\n", "has no provider"), ("{header}\nh,p,u,c,-1,0,0\n", "cases is '-1'"),
     ("{header}\nh,p,u,c,1,0,0\nh,p,u,c,1,0,0\n", "line already"), ("{header}\nh,p,u\n", "not as many cells")],
)  # fmt: skip
def test_a_roster_that_is_not_understood_is_refused(folder: Path, text: str, says: str) -> None:
    file = folder / "roster.csv"
    file.write_text(text.replace("{header}", "indicator,period,provider,consultant,cases,observed,expected"))
    with pytest.raises(CouldNotJudge, match=says):
        read_rosters([file])


def test_totals_from_elsewhere_come_as_csv_or_toml(folder: Path) -> None:
    line = {"node": "ZZ1", "indicator": INDICATOR, "period": PERIOD, "measure": "cases", "value": "510",
            "rounding": "10", "source": "a report"}  # fmt: skip
    table, toml = folder / "external.csv", folder / "external.toml"
    table.write_text(",".join(line) + "\n" + ",".join(line.values()) + "\n")
    toml.write_text("[[total]]\n" + "\n".join(f'{name} = "{value}"' for name, value in line.items()))
    assert read_external([table]) == read_external([toml])
    (found,) = read_external([table])
    assert (found.span.low, found.span.high) == (505, 515)
    toml.write_text(toml.read_text().replace('"cases"', '"deaths"'))
    with pytest.raises(CouldNotJudge, match="measure is 'deaths'"):
        read_external([toml])


def test_the_command_ends_with_what_it_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, saved = folder / "roster.csv", folder / "facts.json"
    file.write_text(roster_text(FIRST, secret="A"))

    def run(publisher: Publisher, *more: str) -> tuple[int, str]:
        monkeypatch.setattr(command, "Site", lambda url: Site(url, publisher.transport()))
        done = CliRunner().invoke(_app(), ["http://synthetic.example", "--roster", str(file), *more])
        return done.exit_code, done.stdout

    code, told = run(Publisher({FIRST: rows(FIRST, "ABC")}), "--json", "--save", str(saved))
    body: dict[str, Any] = json.loads(told)
    assert (code, body["findings"], body["releases"]) == (0, [], [FIRST])
    assert body["worst"]["width_over_need"] > 1
    assert body["judged"]["secrets_measures_insiders"] == 9
    assert len(Facts.load(saved).rows) == 11
    code, told = run(Publisher({FIRST: rows(FIRST, "A")}), "--since", str(saved))
    assert code == 1
    assert "derivable" in told
    assert "cases of ZZ1: 510  [http://synthetic.example/v1/releases/2026-06-30/results/r-pzz1]" in told
    assert run(Publisher({}))[0] == 2
    assert run(Publisher({FIRST: rows(FIRST, "A")}), "--floors", "ten")[0] == 2
    assert run(Publisher({FIRST: rows(FIRST, "A")}, card={"indicator": INDICATOR}))[0] == 2, "a card without its size"
    assert run(Publisher({FIRST: rows(FIRST, "A")}, before=lambda _request: httpx.Response(500)))[0] == 2


def _app() -> Any:
    import typer  # noqa: PLC0415

    app = typer.Typer()
    app.command()(command.audit_disclosure)
    return app


def test_the_truth_of_these_tests_is_what_it_says() -> None:
    assert of_unit("ZZ1")[0] == 510
    assert sum(one[1] for one in TRUTH.values()) == pytest.approx(sum(one[2] for one in TRUTH.values()))
    assert main_unit("K") == "ZZ3"
    assert value_of(of_person("A"))["denominator"] == 120
    assert row(FIRST, "provider", "ZZ1", None)["status"] == "not_published"
