"""`python tools/run_part.py PYTEST-ARGUMENTS`: one part of `make test`, and what failed in it once more by itself.

Thousands of tests share two cores with the servers that they start, and now and then one fails because a machine stood
still. A failed test is therefore run once more, alone, when the others are over. What passes then is named as
`unsteady`, for somebody to mend; it does not fail the part. Four things are never forgiven:

- a test of a promise (`PROMISES`): a figure seen once where it may not be is a finding, whatever the machine did;
- more than `MOST` failures: that is no machine standing still;
- a file that cannot be read: none of its tests was run, which several processes (`-n`) do not count as a failure;
- a test that fails again, or is skipped then: it has not passed.

With `STRICT=1` nothing is run again.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

MOST: Final = 5
PROMISES: Final = (
    "tests/architecture/", "tests/spec/", "tests/proof/", "tests/unit/test_disclosure_", "tests/unit/test_history_",
    "tests/system/test_histories.py", "tests/system/test_withdrawals_under_reads.py",
    "tests/system/test_withdrawn_together.py", "tests/system/test_disclosure_audit.py",
    "tests/system/test_composed_withdrawals.py", "tests/system/test_twin_worlds.py",
)  # fmt: skip
SOME_FAILED: Final = 1
NONE_SKIPPED: Final = re.compile(r'<testsuite [^>]*\bskipped="0"')


def main(arguments: list[str]) -> int:
    cache = Path(".pytest_cache") / "parts" / arguments[-1].replace("/", "-")
    (cache / "v" / "cache" / "lastfailed").unlink(missing_ok=True)
    code = _pytest(cache, arguments)
    failed = _failed(cache)
    if code != SOME_FAILED or not failed or os.environ.get("STRICT") or unforgiven(failed):
        return code
    say(f"{len(failed)} failed; run once more, alone: {', '.join(failed)}")
    told = cache / "again.xml"
    told.unlink(missing_ok=True)
    again = _pytest(cache, ["-p", "no:xdist", f"--junitxml={told}", *failed])
    if again != 0:
        return again
    if NONE_SKIPPED.search(told.read_text()) is None:
        say(f"failed, and was not run to its end alone: {', '.join(failed)}")
        return SOME_FAILED
    say(f"unsteady, failed once among the others and passed alone: {', '.join(failed)}")
    return 0


def unforgiven(failed: list[str]) -> bool:
    """Whether these failures stand, whatever a second run would say."""
    return len(failed) > MOST or any(one.startswith(PROMISES) or "::" not in one for one in failed)


def _pytest(cache: Path, arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # our own arguments


def _failed(cache: Path) -> list[str]:
    """Tests that failed, by their ids, and files that could not be read; nothing where the run was cut off."""
    try:
        told: dict[str, bool] = json.loads((cache / "v" / "cache" / "lastfailed").read_bytes())
    except (FileNotFoundError, ValueError):
        return []
    return sorted(told)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
