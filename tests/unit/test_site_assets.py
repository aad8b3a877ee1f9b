"""The build step of the style sheet, and the site without it."""

import hashlib
import subprocess
from pathlib import Path

import pytest

from services.gateway.site.assets import STATIC, load_assets
from shared.kit.console.assets import SHARED as CONSOLE
from tools import build_assets as build

CSS = (
    "@font-face{font-family:F;src:url(https://fonts.example/f.woff2)}body{color:#212b32}"
    ".a{mask:url(/assets/images/x.svg) no-repeat}/*# sourceMappingURL=x.map */"
)


def test_what_would_load_from_elsewhere_is_taken_out() -> None:
    assert build.without_other_hosts(CSS) == "body{color:#212b32}.a{mask:none no-repeat}"


@pytest.mark.parametrize("left", ["@import 'x.css';", "a{b:url(https://h.example/x)}", "a{b:url('//h.example/x')}"])
def test_anything_else_from_elsewhere_is_refused(left: str) -> None:
    with pytest.raises(build.BuildFailed, match="from elsewhere"):
        build.without_other_hosts(CSS + left)


def test_another_package_than_the_reviewed_one_is_refused(tmp_path: Path) -> None:
    tarball = tmp_path / "nhsuk-frontend.tgz"
    tarball.write_bytes(b"something else")
    with pytest.raises(build.BuildFailed, match="not the one that was reviewed"):
        build.style_sheet(tarball)


def test_the_build_step_fails_for_another_package_than_the_reviewed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def another(folder: Path) -> Path:
        (folder / "nhsuk-frontend.tgz").write_bytes(b"something else")
        return folder / "nhsuk-frontend.tgz"

    monkeypatch.setattr(build, "fetch", another)
    assert build.main([tmp_path / "build"]) == 1
    assert "not the one that was reviewed" in capsys.readouterr().err


def test_the_name_carries_the_digest_and_older_files_go(tmp_path: Path) -> None:
    old = build.write("body{}", tmp_path)
    new = build.write("body{color:red}", tmp_path)
    assert list(tmp_path.iterdir()) == [new]
    assert not old.exists()
    assert new.stem.endswith(hashlib.sha256(b"body{color:red}").hexdigest()[:16])


def test_built_means_one_file_whose_name_is_its_digest(tmp_path: Path) -> None:
    assert not build.is_built(tmp_path)
    target = build.write("body{}", tmp_path)
    assert build.is_built(tmp_path)
    target.write_text("cut")
    assert not build.is_built(tmp_path)


def test_a_second_build_asks_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.write("body{}", tmp_path)
    monkeypatch.setattr(build, "fetch", None)
    assert build.main([tmp_path]) == 0


def test_a_second_set_of_pages_gets_what_the_first_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build.write("body{}", tmp_path / "site/static/build")
    monkeypatch.setattr(build, "fetch", None)
    assert build.main([tmp_path / "site/static/build", tmp_path / "console/static/build"]) == 0
    assert (tmp_path / "console/static/build" / first.name).read_text() == "body{}"


def test_a_registry_out_of_reach_is_one_clear_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        build.npm_command()
    except build.BuildFailed:
        pytest.skip("there is no npm here")
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    assert build.main([tmp_path / "build"]) == 0  # the pages read well without it
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "is its registry out of reach?" in said
    assert not (tmp_path / "build").exists()


def test_no_host_is_named_in_the_build_step() -> None:
    assert "http" not in Path(build.__file__).read_text()


def test_unbuilt_pages_have_a_style_sheet_of_their_own(tmp_path: Path) -> None:
    for name in ("plain.css", "site.css", "icon.svg"):
        (tmp_path / name).write_bytes((STATIC / name).read_bytes())
    unbuilt = load_assets(tmp_path)
    assert not unbuilt.built
    assert [one.name.rsplit("-", 1)[0] for one in unbuilt.styles] == ["plain", "site"]
    build.write("body{}", tmp_path / "build")
    built = load_assets(tmp_path)
    assert built.built
    assert [one.name.rsplit("-", 1)[0] for one in built.styles] == ["nhsuk-frontend-10.6.1", "site"]


def test_the_committed_style_sheets_load_nothing() -> None:
    for sheet in (STATIC / "plain.css", STATIC / "site.css", CONSOLE / "plain.css", CONSOLE / "console.css"):
        text = sheet.read_text()
        assert "url(" not in text
        assert "@import" not in text


@pytest.mark.parametrize("folder", build.BUILDS)
def test_a_build_folder_is_not_committed(folder: Path) -> None:
    root = Path(build.__file__).parents[1]
    listed = subprocess.run(["git", "ls-files", str(folder)], cwd=root, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is not a git checkout")
    assert listed.stdout == ""
