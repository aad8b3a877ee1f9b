"""`candour check`: every law by hand, what it says of too little, and how it ends."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.check.judging import judge
from cli.check.lines import Read, Write
from cli.check.reading import read_history
from cli.check.report import as_json as report_of
from cli.main import app
from tests.histories.campaign import Size
from tests.histories.rounds import Judged, done_before, done_line, many_histories, summed
from tests.system.house import ROOT

ANNE, BEN = "9900001", "9900002"
Lines = list[dict[str, Any]]


def header(**asked: Any) -> dict[str, Any]:
    return {"f": "header", "format": 1, "asked": {"withdrawals": 1, "reads": 3} | asked}


def write(f: str, inv: float, end: float | None, revision: int | None, **given: Any) -> dict[str, Any]:
    outcome = "info" if end is None else "ok"
    found = {"f": f, "proc": "officer", "c": ANNE, "inv": inv, "end": end, "outcome": outcome, "revision": revision}
    return {name: value for name, value in (found | given).items() if value is not None}


def read(inv: float, end: float, *shown: str, **given: Any) -> dict[str, Any]:
    return {"f": "read", "proc": "reader", "gateway": "gateway", "inv": inv, "end": end, "outcome": "ok", "c": [ANNE],
            "shown": list(shown)} | given  # fmt: skip


def entry(revision: int, c: str | None = None, act: str = "other") -> dict[str, Any]:
    return {"f": "entry", "revision": revision, "act": act} | ({} if c is None else {"c": c})


def plenty() -> Lines:
    """Enough reads while nobody has withdrawn."""
    return [read(1 + step / 100, 1.005 + step / 100, ANNE) for step in range(30)]


def good() -> Lines:
    """Granted and read, withdrawn at 10, granted again at 20, a fault at 30."""
    return [
        header(faults={"pause": 1}, effective=1, sent=1), *plenty(),
        write("withdraw", 10, 10.1, 1), read(10.2, 10.3), {"f": "effective", "proc": "officer", "c": ANNE,
        "revision": 1, "inv": 10.1, "end": 10.5, "outcome": "ok"},
        write("grant", 20, 20.1, 2, expects=1), read(22, 22.1, ANNE), {"f": "sent", "proc": "gateway", "at": 22.05,
        "shown": [ANNE]}, {"f": "fault", "kind": "pause", "target": "gateway", "inv": 30, "end": 31},
        entry(1, ANNE, "withdraw"), entry(2, ANNE, "grant"),
    ]  # fmt: skip


def judged(tmp_path: Path, lines: Lines) -> Any:
    return judge(read_history(written(tmp_path, lines)))


def written(tmp_path: Path, lines: Lines) -> Path:
    file = tmp_path / "history.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_a_good_history_passes(tmp_path: Path) -> None:
    found = judged(tmp_path, good())
    assert (found.verdict, found.unknown, found.violations) == ("PASS", [], [])
    assert found.figures["granted_reads"] >= 29
    assert found.faults == {"pause": 1}


LATE = {
    "a read that began after the acknowledgement": (read(10.11, 10.2, ANNE), "G1"),
    "one that was cut off": (read(10.2, 10.4, ANNE, outcome="info"), "G1"),
    "one about everybody": (read(10.2, 10.4, BEN, ANNE, c="*"), "G1"),
    "a byte after `effective`": ({"f": "sent", "proc": "gateway", "at": 10.6, "shown": [ANNE]}, "G2"),
}


@pytest.mark.parametrize("planted", LATE, ids=str)
def test_what_comes_too_late_is_a_violation(tmp_path: Path, planted: str) -> None:
    line, law = LATE[planted]
    found = judged(tmp_path, [*good(), line])
    assert found.verdict == "VIOLATION"
    assert found.breaches == {"G0": 0, "G1": 0, "G2": 0} | {law: 1}
    (only,) = found.violations
    assert (only.law, only.c, only.first.revision) == (law, ANNE, 1)
    assert [one.f for one in only.smallest] == ["withdraw", line["f"]]


ALLOWED = [
    read(9.9, 10.2, ANNE),  # began before the acknowledgement
    read(10.2, 20.05, ANNE),  # ended after the grant was asked for
    {"f": "sent", "proc": "gateway", "at": 10.4, "shown": [ANNE]},  # recorded, but not yet known to be in force
    read(10.2, 10.3, BEN, c=[BEN]),
]


@pytest.mark.parametrize("line", ALLOWED, ids=lambda line: line["f"])
def test_what_the_promise_allows_passes(tmp_path: Path, line: dict[str, Any]) -> None:
    assert judged(tmp_path, [*good(), line]).verdict == "PASS"


def test_an_unanswered_grant_excuses_only_what_it_can_have_caused(tmp_path: Path) -> None:
    """It expected the revision before the withdrawal, so it cannot have landed after it; or the withdrawal's own."""
    late = read(12, 12.1, ANNE)
    stale = write("grant", 5, None, None, expects=0)
    assert judged(tmp_path, [*good(), late, stale]).verdict == "VIOLATION"
    assert judged(tmp_path, [*good()[:-3], late, write("grant", 11, None, None, expects=1)]).breaches["G1"] == 1
    without = [line for line in good() if line.get("f") != "grant"]
    assert judged(tmp_path, [*without, late, write("grant", 11, None, None, expects=1)]).breaches["G1"] == 0
    assert judged(tmp_path, [*without, late, write("grant", 12.2, None, None, expects=1)]).breaches["G1"] == 1


BROKEN = {
    "lost": ([entry(1, ANNE, "withdraw")], "the final ledger does not have it"),
    "another": ([entry(1, ANNE, "withdraw"), entry(2, BEN, "withdraw")], "has another event there"),
    "gap": ([entry(1, ANNE, "withdraw"), entry(2, ANNE, "grant"), entry(4)], "a gap between 2 and 4"),
    "twice": ([entry(1, ANNE, "withdraw"), entry(2, ANNE, "grant"), entry(2)], "stands twice"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_ledger_that_does_not_hold_what_was_acknowledged(tmp_path: Path, name: str) -> None:
    entries, said = BROKEN[name]
    found = judged(tmp_path, [*[line for line in good() if line["f"] != "entry"], *entries])
    assert found.breaches["G0"] == 1
    assert said in found.violations[0].detail


BACK = {
    "of one person": write("withdraw", 25, 25.1, 1),  # the grant of revision 2 was acknowledged at 20.1
    "of another": write("withdraw", 25, 25.1, 1, c=BEN),
    "the same revision": write("grant", 20, 20.1, 1, expects=0, c=BEN),
    "a grant over a withdrawal": write("grant", 5, 25, 3, expects=0),
}


@pytest.mark.parametrize("name", BACK)
def test_revisions_that_go_back_or_meet(tmp_path: Path, name: str) -> None:
    lines = [line for line in good() if line["f"] != "entry"]
    assert judged(tmp_path, [*lines, BACK[name]]).breaches["G0"] >= 1


def test_a_repeated_withdrawal_is_answered_with_the_one_that_stands(tmp_path: Path) -> None:
    lines = [*good(), write("withdraw", 11, 11.1, 1), read(11.2, 11.3)]
    assert judged(tmp_path, lines).verdict == "PASS"


def too_little() -> Iterator[tuple[str, Lines]]:
    whole = good()
    yield "acknowledged withdrawals", [header(withdrawals=2), *whole[1:]]
    yield "answered reads", [header(reads=50), *whole[1:]]
    yield "faults of kind kill", [header(faults={"kill": 1}), *whole[1:]]
    yield "in force everywhere", [line for line in whole if line["f"] != "effective"]
    yield "below the buffers", [line for line in whole if line["f"] != "sent"]
    yield "no answered read before the next grant", [line for line in whole if line.get("inv") != 10.2]
    yield "definitely granted", [line for line in whole if not line.get("shown") or line["f"] != "read"]
    yield "final ledger", [line for line in whole if line["f"] != "entry"]
    blind = [read(5 + step / 100, 5.005 + step / 100) for step in range(30)]
    yield "who hides everybody", [*whole, *blind]


@pytest.mark.parametrize(
    ("said", "lines"), list(too_little()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_too_little_is_unknown_and_never_a_pass(tmp_path: Path, said: str, lines: Lines) -> None:
    found = judged(tmp_path, lines)
    assert found.verdict == "UNKNOWN"
    assert any(said in why for why in found.unknown), found.unknown


def test_reads_in_a_fault_and_soon_after_need_not_show_anybody(tmp_path: Path) -> None:
    blind = [read(30 + step / 100, 30.005 + step / 100) for step in range(200)]
    assert judged(tmp_path, [*good(), *blind]).verdict == "PASS"
    elsewhere = [line | {"gateway": "gateway-2"} for line in blind]
    seen = read(29, 29.1, ANNE, gateway="gateway-2")
    assert judged(tmp_path, [*good(), seen, *elsewhere]).verdict == "UNKNOWN"


def test_whoever_is_of_a_group_may_be_hidden_with_it(tmp_path: Path) -> None:
    ben = [read(9 + step / 100, 9.001 + step / 100, BEN, c=[BEN]) for step in range(30)]
    hidden = [read(12 + step / 100, 12.001 + step / 100, c=[BEN]) for step in range(300)]
    assert judged(tmp_path, [*good(), *ben, *hidden]).verdict == "UNKNOWN"
    assert judged(tmp_path, [*good(), *ben, *hidden, {"f": "group", "c": [ANNE, BEN]}]).verdict == "PASS"


def test_what_is_printed_is_the_smallest_part(tmp_path: Path) -> None:
    others = [write("withdraw", 30 + step, 30.5 + step, 3 + step, c=f"99001{step:02}") for step in range(20)]
    others += [entry(3 + step, f"99001{step:02}", "withdraw") for step in range(20)]
    unsure = write("grant", 10.5, None, None, expects=0)
    found = judged(tmp_path, [*good(), *others, unsure, read(11, 11.2, ANNE)])
    (violation,) = found.violations
    kept = [(type(one), one.line) for one in violation.smallest]
    whole = (tmp_path / "history.jsonl").read_text().splitlines()
    assert [kind for kind, _ in kept] == [Write, Write, Read]  # the withdrawal, the grant that came close, the read
    assert [json.loads(whole[line - 1]).get("c") for _, line in kept] == [ANNE, ANNE, [ANNE]]
    (tmp_path / "smaller").mkdir()
    smaller = judged(tmp_path / "smaller", [header(), *(json.loads(whole[line - 1]) for _, line in kept)])
    assert smaller.breaches["G1"] == 1


def run(*arguments: str, stdin: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["check", *arguments], input=stdin)
    return done.exit_code, done.output


def test_the_command_says_it_with_its_exit_code(tmp_path: Path) -> None:
    code, said = run(str(written(tmp_path, good())))
    assert (code, said.splitlines()[-1].startswith("PASS: 1 withdrawals and 1 grants")) == (0, True)
    code, said = run(str(written(tmp_path, [*good(), LATE["one that was cut off"][0]])))
    assert code == 1
    assert f"line {len(good()) + 1}: 10.200000 to 10.400000 reader read something of gateway: 9900001" in said
    code, said = run("--json", str(written(tmp_path, good()[:5])))
    assert (code, json.loads(said)["verdict"]) == (2, "UNKNOWN")
    lines = "".join(json.dumps(line) + "\n" for line in good())
    assert run("-", stdin=lines)[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the first line must be a header"),
        (json.dumps(good()[1]) + "\n", "the first line must be a header"),
        (json.dumps(header() | {"format": 2}) + "\n", "Input should be 1"),
        (json.dumps(header()) + "\n" + json.dumps(header()) + "\n", "line 2: a second header"),
        (json.dumps(header()) + '\n{"f": "wish"}\n', "line 2: Input tag 'wish'"),
        (json.dumps(header()) + "\n" + json.dumps(read(2, 1)) + "\n", "an operation ends after it began"),
        (json.dumps(header()) + "\n" + json.dumps(write("grant", 1, 2, 3)) + "\n", "has the revision that it expects"),
        (json.dumps(header()) + "\n" + json.dumps(write("withdraw", 1, 2, None)) + "\n", "has the revision it was"),
        (json.dumps(header()) + '\n{"f": "sent", "proc": "g", "at": NaN, "shown": []}\n', "line 2"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_judged_is_unknown_and_says_which_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "history.jsonl"
    file.write_text(text)
    code, told = run(str(file))
    assert code == 2
    assert said in told
    assert run(str(tmp_path / "nothing"))[0] == 2


def test_a_recorder_that_was_cut_off_proves_nothing_but_what_it_saw_counts(tmp_path: Path) -> None:
    file = written(tmp_path, good())
    file.write_text(file.read_text() + '{"f": "read", "proc')
    code, said = run(str(file))
    assert code == 2
    assert "the last line was cut off" in said
    file = written(tmp_path, [*good(), LATE["one that was cut off"][0]])
    file.write_text(file.read_text() + '{"f": "read", "proc')
    assert run(str(file))[0] == 1


def test_it_is_a_command_of_its_own(tmp_path: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, name = scripts["candour-check"].partition(":")
    command = [sys.executable, "-c", f"from {module} import {name}; {name}()", str(written(tmp_path, good()))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.splitlines()[-1][:5]) == (0, "PASS:"), done.stderr


def test_histories_that_were_done_before_are_not_done_again(tmp_path: Path) -> None:
    """Of the same code and size only; whoever is interrupted goes on with the next."""
    size = Size(withdrawals=1, reads=3)
    report = report_of(judged(tmp_path, good()))
    lines = [done_line(size, seed, Judged(0, report)) for seed in (7, 8)] + [
        done_line(Size(2, 3), 9, Judged(0, report))
    ]
    (tmp_path / "done.jsonl").write_text("".join(lines))
    told: list[str] = []
    found = many_histories(tmp_path, size, range(7, 9), told.append)
    assert told == ["2 of 2 histories were done before"]
    assert "2 histories, 2 passed: 2 withdrawals, 2 grants, 64 reads" in summed(found)
    assert 9 not in done_before(tmp_path, size)
