"""`python -m benchmarks NAME`: run one benchmark and print its table; the figures also go to benchmarks/results/."""

import sys

from benchmarks import bulk, main_job, production

BENCHMARKS = {"bulk": bulk.run, "main_job": main_job.run, "production": production.run}


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] not in BENCHMARKS:
        print(f"usage: python -m benchmarks {{{','.join(BENCHMARKS)}}}", file=sys.stderr)
        return 2
    BENCHMARKS[sys.argv[1]]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
