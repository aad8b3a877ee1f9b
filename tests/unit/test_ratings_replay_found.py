"""Every difference that is planted between a release and its replay is found; what cannot be compared is refused."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from services.ratings.assembly.schema import FRAMES, BuildRefused
from services.ratings.indicators.loading import FOLDER, Catalogue, load_catalogue
from services.ratings.workflow import made_with
from services.ratings.workflow.building import Builder
from services.ratings.workflow.replay_job import Replayer, ReplayRefused
from tests.unit.replay_rig import (
    CARDIAC,
    DAY,
    MODEL,
    NOTHING,
    VASCULAR,
    draft,
    load_data,
    replayed,
    row_of,
    tampered,
    unequal,
    verdict,
    verify,
)
from tests.unit.test_ratings_rig import Rig, rig_in


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig_in(tmp_path_factory.mktemp("ratings")) as running:
        load_data(running)
        running.build(DAY)
        yield running


@pytest.fixture
def release(rig: Rig) -> str:
    return draft(rig)


@contextmanager
def reviewed(rig: Rig, folder: Path, file: str, old: str, new: str) -> Iterator[None]:
    """Ratings as it would run with another reviewed file: `new` is put for `old`."""
    shutil.copytree(FOLDER, folder / "indicators", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    changed = folder / "indicators" / file
    assert old in changed.read_text()
    changed.write_text(changed.read_text().replace(old, new))
    Replayer(replace(rig.office, catalogue=load_catalogue(folder / "indicators"))).register()
    yield
    Replayer(rig.office).register()


def test_it_is_told_part_by_part(rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    done = verify(rig, monkeypatch, release, "--as", "analyst")
    assert done.exit_code == 0, done.output
    digest = row_of(rig, release).parts["results"].removeprefix("sha256:")[:16]
    assert re.search(rf"^results +{digest} +{digest} +{digest} +same$", done.stdout, re.MULTILINE)
    assert re.search(r"^input sha256:[0-9a-f]{64} \([\d,]+ rows of candour-demo\)$", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1] == f"{release}: the same, 1 run, 1 digest"


def test_other_code_that_computes_the_same_is_the_same(rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_with, "CODE", "candour 99.0")
    run = replayed(rig, release)
    assert verdict(run) == "same"
    assert run["report"]["code"]["running"] == "candour 99.0" != run["report"]["code"]["recorded"]


def test_auditors_and_those_who_make_releases_may_ask(rig: Rig) -> None:
    for who in ("steward", "officer"):
        for method in ("POST", "GET"):
            refused = rig.ask(who, method, f"/v1/releases/{DAY}/replay")
            assert (refused.status_code, refused.json()["code"]) == (403, "role_not_allowed")
    assert rig.ratings.post(f"/v1/releases/{DAY}/replay").status_code == 401
    assert rig.gateway(f"/v1/releases/{DAY}/replay").status_code == 403
    for step in ("submission", "approval", "publication", "takedown"):
        assert rig.ask("auditor", "POST", f"/v1/releases/{DAY}/{step}", json={"reason": "x"}).status_code == 403
    assert rig.ask("auditor", "POST", "/v1/releases", json={"date": DAY}).status_code == 403


def test_what_is_not_there_is_said(rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rig.ask("auditor", "GET", f"/v1/releases/{release}/replay").status_code == 404
    assert rig.ask("auditor", "POST", "/v1/releases/2001-01-01/replay").status_code == 404
    assert verify(rig, monkeypatch, "2001-01-01").exit_code == 2
    assert verify(rig, monkeypatch, "yesterday").exit_code == 2


def test_a_changed_byte_of_a_kept_snapshot_is_refused_and_ingest_has_the_right_one(
    rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = next(one for one in row_of(rig, release).inputs if one["feed"] == "candour-demo")
    file = rig.office.snapshots.path(snapshot["files"][0]["sha256"])
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    done = verify(rig, monkeypatch, release)
    assert done.exit_code == 2
    assert f"the snapshot {snapshot['digest']} of candour-demo has other bytes than its name says" in done.stderr
    run = replayed(rig, release)
    assert (run["state"], "report" in run) == ("refused", False)
    assert file.name in run["refusal"]
    file.unlink()
    assert verdict(replayed(rig, release)) == "same"
    assert file.is_file()


def test_a_snapshot_that_nobody_has_is_refused(rig: Rig, release: str) -> None:
    inputs = [{**one, "digest": NOTHING, "files": [{**one["files"][0], "sha256": "0" * 64}]}
              for one in row_of(rig, release).inputs]  # fmt: skip
    with tampered(rig, release, inputs=inputs):
        run = replayed(rig, release)
    assert (run["state"], "report" in run) == ("refused", False)
    assert f"{NOTHING} of candour-demo is kept neither here nor by ingest" in run["refusal"]


def test_a_file_under_the_name_of_another_snapshot_is_refused(rig: Rig, release: str) -> None:
    """Its bytes are those of its own digest; its rows are not those of the snapshot's name."""
    first, second, *rest = row_of(rig, release).inputs
    with tampered(rig, release, inputs=[{**first, "files": second["files"]}, second, *rest]):
        run = replayed(rig, release)
    assert run["state"] == "refused"
    assert f"{first['digest']} of {first['feed']} has other rows than its name says" in run["refusal"]


def test_a_record_that_was_tampered_with_is_found(rig: Rig) -> None:
    for part in FRAMES:
        with tampered(rig, DAY, parts=row_of(rig, DAY).parts | {part: NOTHING}):
            run = replayed(rig, DAY)
        assert (verdict(run), unequal(run)) == ("different", [part])
    assert verdict(replayed(rig, DAY)) == "same"


def test_a_tampered_digest_of_the_results_is_found(rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tampered(rig, release, results_digest=NOTHING):
        done = verify(rig, monkeypatch, release)
    assert done.exit_code == 1
    assert re.search(r"^results +0{16} +[0-9a-f]{16} +[0-9a-f]{16} +different$", done.stdout, re.MULTILINE)
    assert done.stdout.splitlines()[-1] == f"{release}: DIFFERENT, 1 run"


def test_a_part_that_is_too_many_or_missing_is_found(rig: Rig, release: str) -> None:
    parts = row_of(rig, release).parts
    with tampered(rig, release, parts=parts | {"more": parts["members"]}):
        assert unequal(replayed(rig, release)) == ["more"]
    with tampered(rig, release, parts={name: one for name, one in parts.items() if name != "members"}):
        assert unequal(replayed(rig, release)) == ["members"]


def test_a_kept_frame_that_is_not_what_was_recorded_is_found(rig: Rig, release: str) -> None:
    """What is shown to the public is baked from the kept frames."""
    parts = row_of(rig, release).parts
    file = rig.office.frames.path(parts["comparisons"])
    rightful = file.read_bytes()
    for planted in (rig.office.frames.path(parts["members"]).read_bytes(), rightful[:-9], None):
        file.unlink() if planted is None else file.write_bytes(planted)
        run = replayed(rig, release)
        assert (verdict(run), unequal(run)) == ("different", ["comparisons"])
        (part,) = (one for one in run["report"]["parts"] if not one["equal"])
        assert part["recorded"] == part["recomputed"] != part.get("kept")
    file.write_bytes(rightful)
    assert verdict(replayed(rig, release)) == "same"


def test_a_rule_that_has_changed_since_is_another_definition(
    rig: Rig, release: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reviewed(rig, tmp_path, f"{CARDIAC}.toml", 'interval = "exact_below_10_then_byar"', 'interval = "exact"'):
        run = replayed(rig, release)
        done = verify(rig, monkeypatch, release)
    assert verdict(run) == "other_definition"
    assert [one["name"] for one in run["report"]["files"] if not one["equal"]] == [f"{CARDIAC}.toml"]
    assert "results" in unequal(run)
    assert done.exit_code == 1
    assert f"reviewed files that are others now: {CARDIAC}.toml" in done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{release}: not comparable")
    assert verdict(replayed(rig, release)) == "same"


def test_a_changed_word_is_another_definition_though_every_figure_is_the_same(
    rig: Rig, release: str, tmp_path: Path
) -> None:
    with reviewed(rig, tmp_path, f"{CARDIAC}.toml", "label = ", "# looked at again\nlabel = "):
        run = replayed(rig, release)
    assert (verdict(run), unequal(run)) == ("other_definition", ["models"]), "its card names the file's digest"


def test_a_changed_risk_model_is_another_definition(rig: Rig, release: str, tmp_path: Path) -> None:
    with reviewed(rig, tmp_path, MODEL, 'reference = "female"', 'reference = "male"'):
        run = replayed(rig, release)
    assert verdict(run) == "other_definition"
    assert [one["name"] for one in run["report"]["files"] if not one["equal"]] == [MODEL]


def test_another_method_version_is_another_definition(rig: Rig, release: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made_with, "METHOD_VERSION", "2099.1")
    run = replayed(rig, release)
    assert verdict(run) == "other_definition"
    recorded = row_of(rig, release).made_with
    assert recorded is not None
    assert run["report"]["method_version"] == {"recorded": recorded["method_version"], "running": "2099.1"}


def test_an_indicator_that_is_gone_is_refused(rig: Rig, release: str) -> None:
    fewer = {name: one for name, one in rig.office.catalogue.indicators.items() if name != VASCULAR}
    Replayer(replace(rig.office, catalogue=Catalogue(fewer))).register()
    run = replayed(rig, release)
    Replayer(rig.office).register()
    assert run["state"] == "refused"
    assert run["refusal"].startswith(f"{VASCULAR} is not among the reviewed files any more")


def test_files_exchanged_during_a_replay_refuse_it(rig: Rig, release: str) -> None:
    row = row_of(rig, release)
    assert row.made_with is not None
    begun = {"indicators": row.indicators, "made_with": row.made_with | {"code": "candour 0.0"}}
    with pytest.raises(ReplayRefused, match="exchanged during the replay"):
        Replayer(rig.office).compare(release, 1, begun, row.parts)


def test_files_exchanged_during_a_build_refuse_it(rig: Rig, release: str) -> None:
    row = row_of(rig, release)
    assert row.made_with is not None
    whole = {"indicators": row.indicators, "parts": row.parts, "results": row.results, "stages": []}
    other = row.made_with["files"] | {f"{CARDIAC}.toml": NOTHING}
    for begun in (row.made_with | {"files": other}, row.made_with | {"code": "candour 0.0"}, None):
        with pytest.raises(BuildRefused, match="exchanged during the build"):
            Builder(rig.office).finish(release, {}, whole, begun)


def test_a_view_says_what_made_its_results_not_what_baked_it(rig: Rig, release: str) -> None:
    row = row_of(rig, release)
    assert row.made_with is not None
    with tampered(rig, release, made_with=row.made_with | {"code": "candour 0.0", "method_version": "1999.1"}):
        rig.publish(release)
        manifest = json.loads(rig.file(release, "manifest.json"))
    assert (manifest["code"], manifest["method_version"]) == ("candour 0.0", "1999.1")


def test_without_an_answer_nothing_is_called_different(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 is for what differs."""
    for name in ("CANDOUR_ACCOUNTS", "CANDOUR_PASSWORD_AUDITOR"):
        monkeypatch.delenv(name, raising=False)
    done = CliRunner().invoke(app, ["verify", DAY])
    assert (done.exit_code, "No password for the account 'auditor'" in done.stderr) == (2, True)
