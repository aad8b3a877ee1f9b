"""`python -m benchmarks.assure GOAL`: one promise at its full size. The goals are tests that CI runs smaller.

Exit code 0: kept; 1: broken; 2: not run.
"""

import os
import subprocess
import sys

GOALS = {
    "kills": ({"CANDOUR_KILLS": "10"}, "tests/system/test_kills.py"),
    "image": ({"CANDOUR_IMAGE_STEPS": "1"}, "tests/system/test_image_steps.py"),
    "proxy-withdrawals": ({"CANDOUR_PROXY_READS": "20000"}, "tests/system/test_composed_withdrawals.py"),
    "withdrawals": ({"CANDOUR_WITHDRAWALS": "1000"}, "tests/system/test_withdrawals_under_reads.py"),
}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in GOALS:
        print(f"usage: make assure GOAL={{{','.join(GOALS)}}}", file=sys.stderr)
        return 2
    size, path = GOALS[sys.argv[1]]
    done = subprocess.run([sys.executable, "-m", "pytest", "-s", path], env={**os.environ, **size}, check=False)
    return min(done.returncode, 2)


if __name__ == "__main__":
    sys.exit(main())
