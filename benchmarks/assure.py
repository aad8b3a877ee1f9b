"""`python -m benchmarks.assure GOAL`: one promise at its full size. The goals are tests that CI runs smaller.

Exit code 0: kept; 1: broken; 2: not run, or not all of it: what was skipped was not kept.
"""

import os
import sys

import pytest

KILLS = "tests/system/test_kills.py::test_kills_cost_time_and_nothing_else"
PUBLISH_KILLS = (
    "tests/system/test_publish_kills.py::test_the_public_sees_the_old_release_or_the_new_one_and_builds_go_on"
)
GOALS = {
    "audit": ({"CANDOUR_AUDIT": "whole"}, "tests/system/test_disclosure_audit.py"),
    "consent-kills": ({"CANDOUR_CONSENT_KILLS": "200"}, "tests/system/test_consent_kills.py"),
    "disk-full": ({"CANDOUR_FILLS": "40"}, "tests/system/test_disk_full.py"),
    "disclosure": (
        {"CANDOUR_DISCLOSURE_TABLES": "100000", "CANDOUR_DISCLOSURE_SAMPLE": "10000"},
        "tests/unit/test_disclosure_oracle.py",
    ),
    "hostile": ({"CANDOUR_HOSTILE": "full"}, "tests/spec/test_ingest_hostile.py"),
    "ingest-differential": ({"CANDOUR_DIFFERENTIAL_ROWS": "1000000"}, "tests/spec/test_ingest_differential.py"),
    "kills": ({"CANDOUR_KILLS": "60"}, f"{KILLS}[embedded]"),
    "kills-production": ({"CANDOUR_KILLS_PRODUCTION": "207"}, f"{KILLS}[composed]"),
    "disk-full-postgresql": ({"CANDOUR_FULL_POSTGRESQL": "1"}, "tests/system/test_disk_full_postgresql.py"),
    "histories": (
        {
            "CANDOUR_HISTORY_ROUNDS": "20",
            "CANDOUR_HISTORY_WITHDRAWALS": "500",
            "CANDOUR_HISTORY_READS": "50000",
            "CANDOUR_HISTORY_FAULTS": "2",
            "CANDOUR_HISTORY_PAUSE": "30",
            "CANDOUR_HISTORY_SECONDS": "5400",
        },
        "tests/system/test_histories.py",
    ),
    "checker": ({"CANDOUR_HISTORIES": "300000"}, "tests/spec/test_history_law.py"),
    "image": ({"CANDOUR_IMAGE_STEPS": "1"}, "tests/system/test_image_steps.py"),
    "migrations": (
        {"CANDOUR_MIGRATION_ROWS": "100000", "CANDOUR_MIGRATION_KILLS": "40"},
        "tests/unit/test_migrations.py",
    ),
    "mutants": ({"CANDOUR_MUTANT_HISTORIES": "60"}, "tests/unit/test_history_mutants.py"),
    "publish-kills": ({"CANDOUR_PUBLISH_KILLS": "170"}, f"{PUBLISH_KILLS}[embedded]"),
    "publish-kills-production": ({"CANDOUR_PUBLISH_KILLS_PRODUCTION": "30"}, f"{PUBLISH_KILLS}[composed]"),
    "proxy-withdrawals": ({"CANDOUR_PROXY_READS": "20000"}, "tests/system/test_composed_withdrawals.py"),
    "simulate": ({"CANDOUR_SIMULATION": "full"}, "tests/unit/test_ratings_simulation.py"),
    "ingest-kills": ({"CANDOUR_INGEST_KILLS": "32"}, "tests/system/test_ingest_kills.py"),
    "uploads": ({"CANDOUR_UPLOADS": "50", "CANDOUR_UPLOAD_KILLS": "10"}, "tests/system/test_many_uploads.py"),
    "withdrawals": ({"CANDOUR_WITHDRAWALS": "1000"}, "tests/system/test_withdrawals_under_reads.py"),
}


class Counted:
    """What became of the tests."""

    def __init__(self) -> None:
        self.passed, self.skipped = 0, 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed
        self.skipped += report.skipped


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in GOALS:
        print(f"usage: make assure GOAL={{{','.join(GOALS)}}}", file=sys.stderr)
        return 2
    size, path = GOALS[sys.argv[1]]
    os.environ.update({name: os.environ.get(name, value) for name, value in size.items()})
    counted = Counted()
    code = pytest.main(["-s", path], plugins=[counted])
    if code == pytest.ExitCode.TESTS_FAILED:
        return 1
    if code != pytest.ExitCode.OK or counted.skipped or not counted.passed:
        print(f"not run: {counted.skipped} skipped, {counted.passed} passed", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
