"""The disclosure audit on formats that disagree, counts that tell, and input that it does not understand."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from cli.disclosure import command
from cli.disclosure.auditing import Given
from cli.disclosure.facts import Facts
from cli.disclosure.fetching import CouldNotJudge, Site
from cli.disclosure.inputs import read_external, read_rosters
from tests.unit.disclosure_rig import audited, derived, kinds, on
from tests.unit.leaky_publisher import (
    FIRST,
    INDICATOR,
    NUMBER,
    PERIOD,
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


def test_a_csv_that_shows_more(tmp_path: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: rows(FIRST, "BC")})
    report = audited(leaky, tmp_path)
    assert {"forms_differ", "shown"} <= kinds(report)
    (differs,) = (one for one in report.found.findings if one.kind == "forms_differ")
    assert differs.proof[0].url == f"/v1/releases/{FIRST}/results.csv"
    fewer = Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: rows(FIRST, "ABCD")})
    assert kinds(audited(fewer, tmp_path)) == {"forms_differ"}


def test_a_csv_with_another_figure(tmp_path: Path) -> None:
    other = rows(FIRST, "ABC")
    other[-1]["value"]["observed"] += 1
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}, csv_lists={FIRST: other}), tmp_path)
    assert kinds(report) == {"forms_differ"}
    assert "observed: " in report.found.findings[0].words


def test_figures_in_a_row_without_figures(tmp_path: Path) -> None:
    leaky = rows(FIRST, "AFI", withheld="ZZ1 ZZ2 ZZ3")
    leaky[0]["value"] = {"denominator": 510}
    assert "absent_with_figure" in kinds(audited(Publisher({FIRST: leaky}), tmp_path, secret="AFI"))


def test_a_point_in_the_funnel_without_a_row(tmp_path: Path) -> None:
    point = {"result": "r-x", "consultant": NUMBER["A"], "x": 5.1, "y": 1.18, "comparison": "rated",
             "position": "within"}  # fmt: skip
    report = audited(Publisher({FIRST: rows(FIRST, "ABC")}, points=[point]), tmp_path)
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
def test_counts_that_know_of_hidden_rows(tmp_path: Path, leaky: Publisher) -> None:
    assert kinds(audited(leaky, tmp_path)) - {"exists"} == {"count"}


def test_an_address_that_knows_a_hidden_person(tmp_path: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, known_numbers={NUMBER["A"]})
    assert kinds(audited(leaky, tmp_path)) == {"exists"}
    found = audited(Publisher({FIRST: rows(FIRST, "ABC")}, searchable={NUMBER["B"]}), tmp_path).found.findings
    assert [one.words for one in found] == ["a search finds a hidden person"]


def test_a_page_that_links_to_a_hidden_person(tmp_path: Path) -> None:
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, linked=f"/consultants/{NUMBER['A']}")
    assert kinds(audited(leaky, tmp_path)) == {"forms_differ"}


def test_a_row_that_was_announced_as_gone(tmp_path: Path) -> None:
    gone = {"sequence": 1, "kind": "rows.not_published", "release": FIRST, "rows": [f"r-c{NUMBER['D']}"]}
    leaky = Publisher({FIRST: rows(FIRST, "ABC")}, events=[gone])
    assert kinds(audited(leaky, tmp_path)) == {"announced"}
    back = {"sequence": 2, "kind": "rows.published", "release": FIRST, "rows": [f"r-c{NUMBER['D']}"]}
    assert audited(Publisher({FIRST: rows(FIRST, "ABC")}, events=[gone, back]), tmp_path).found.findings == []


def test_rows_that_come_and_go_while_they_are_read(tmp_path: Path) -> None:
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
        audited(shaky, tmp_path)


def test_a_busy_site_is_asked_again_when_it_says(tmp_path: Path) -> None:
    refused: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response | None:
        if len(refused) < 3:
            refused.append(request.url.path)
            return httpx.Response(503, headers={"Retry-After": "0"})
        return None

    assert audited(Publisher({FIRST: rows(FIRST, "ABC")}, before=busy), tmp_path).found.findings == []
    assert len(refused) == 3


def test_what_cannot_be_judged_is_said(tmp_path: Path) -> None:
    with pytest.raises(CouldNotJudge, match="nothing to judge"):
        on(Publisher({FIRST: []}), Given())
    other = tmp_path / "other.csv"
    other.write_text(roster_text(FIRST, secret="A").replace(",40,4,3.2,", ",41,4,3.2,"))
    with pytest.raises(CouldNotJudge, match="belongs to another release"):
        on(Publisher({FIRST: rows(FIRST, "A")}), Given(read_rosters([other])))
    fewer = tmp_path / "fewer.csv"
    fewer.write_text("\n".join(one for one in roster_text(FIRST).splitlines() if NUMBER["E"] not in one))
    with pytest.raises(CouldNotJudge, match="roster of every release"):
        on(Publisher({FIRST: rows(FIRST, "A")}), Given(read_rosters([fewer])))


@pytest.mark.parametrize(
    ("text", "says"),
    [("indicator,period\n", "has no provider"), ("{header}\nh,p,u,c,-1,0,0\n", "cases is '-1'"),
     ("{header}\nh,p,u,c,1,0,0\nh,p,u,c,1,0,0\n", "line already"), ("{header}\nh,p,u\n", "not as many cells")],
)  # fmt: skip
def test_a_roster_that_is_not_understood_is_refused(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "roster.csv"
    file.write_text(text.replace("{header}", "indicator,period,provider,consultant,cases,observed,expected"))
    with pytest.raises(CouldNotJudge, match=says):
        read_rosters([file])


def test_totals_from_elsewhere_come_as_csv_or_toml(tmp_path: Path) -> None:
    line = {"node": "ZZ1", "indicator": INDICATOR, "period": PERIOD, "measure": "cases", "value": "510",
            "rounding": "10", "source": "a report"}  # fmt: skip
    table, toml = tmp_path / "external.csv", tmp_path / "external.toml"
    table.write_text(",".join(line) + "\n" + ",".join(line.values()) + "\n")
    toml.write_text("[[total]]\n" + "\n".join(f'{name} = "{value}"' for name, value in line.items()))
    assert read_external([table]) == read_external([toml])
    (found,) = read_external([table])
    assert (found.span.low, found.span.high) == (505, 515)
    toml.write_text(toml.read_text().replace('"cases"', '"deaths"'))
    with pytest.raises(CouldNotJudge, match="measure is 'deaths'"):
        read_external([toml])


def test_the_command_ends_with_what_it_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, saved = tmp_path / "roster.csv", tmp_path / "facts.json"
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
