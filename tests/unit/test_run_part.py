"""What failed in the crowd is run once more, alone, and named; a promise, many failures, or a second failure stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIRST_TIME = "from pathlib import Path\ndef test_a():\n    seen = Path('seen')\n    first = not seen.exists()\n"
UNSTEADY = FIRST_TIME + "    seen.write_text('')\n    assert not first\n"
BROKEN = "def test_a():\n    assert False\n"
MANY = (
    "import pytest\n"
    + FIRST_TIME
    + "".join(f"def test_{n}():\n    assert not Path('seen').write_text('x')\n" for n in range(6))
)


SKIPPED_THEN = (
    "import pytest\n" + FIRST_TIME + "    seen.write_text('')\n    assert not first\n    pytest.skip('not enough')\n"
)


def part(
    folder: Path, where: str, text: str, strict: bool = False, options: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    file = folder / where
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    environment = {name: value for name, value in os.environ.items() if name not in ("STRICT", "PYTEST_ADDOPTS")}
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "run_part.py"), "-q", "--rootdir", ".", *options, "tests"],
        cwd=folder, check=False, capture_output=True, text=True, env=environment | ({"STRICT": "1"} if strict else {}),
    )  # fmt: skip


def test_one_that_passes_alone_is_named_and_forgiven(tmp_path: Path) -> None:
    told = part(tmp_path, "tests/unit/test_it.py", UNSTEADY)
    assert told.returncode == 0
    assert "unsteady, failed once among the others and passed alone: tests/unit/test_it.py::test_a" in told.stdout


@pytest.mark.parametrize(
    ("where", "text", "strict"),
    [
        ("tests/unit/test_it.py", BROKEN, False),
        ("tests/unit/test_it.py", UNSTEADY, True),
        ("tests/unit/test_it.py", MANY, False),
        ("tests/spec/test_it.py", UNSTEADY, False),
        ("tests/system/test_histories.py", UNSTEADY, False),
        ("tests/unit/test_disclosure_oracle.py", UNSTEADY, False),
        ("tests/unit/test_it.py", SKIPPED_THEN, False),
    ],
    ids=["fails again", "strict", "six at once", "a specification", "a promise", "disclosure", "skipped then"],
)
def test_what_stands(tmp_path: Path, where: str, text: str, strict: bool) -> None:
    told = part(tmp_path, where, text, strict)
    assert told.returncode == 1
    assert "unsteady" not in told.stdout


def test_a_file_that_cannot_be_read_is_not_forgiven_with_one_that_is_unsteady(tmp_path: Path) -> None:
    """Several processes run the others all the same, and end as if a test had failed."""
    (tmp_path / "tests" / "unit").mkdir(parents=True)
    (tmp_path / "tests" / "unit" / "test_unread.py").write_text("import nothing_of_this_name\n")
    told = part(tmp_path, "tests/unit/test_it.py", UNSTEADY, options=("-n", "2"))
    assert (tmp_path / "seen").exists()
    assert told.returncode == 1
    assert "unsteady" not in told.stdout


@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["one process", "two"])
def test_a_part_without_a_test_does_not_pass(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert part(tmp_path, "tests/unit/test_it.py", UNSTEADY, options=(*options, "-k", "nothing")).returncode == 5


def test_the_promises_are_tests_that_there_are() -> None:
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        import run_part  # type: ignore[import-not-found]  # noqa: PLC0415  # a tool, in no package
    finally:
        sys.path.remove(str(ROOT / "tools"))
    names = [str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")]
    assert [one for one in run_part.PROMISES if not any(name.startswith(one) for name in names)] == []
