"""`python -m services.ratings.simulation FOLDER`: JSON on standard output, progress on standard error.

FOLDER holds the demonstration worlds that `candour simulate` writes. Exit code 1 where a rule is off its level, 2 where
the folder cannot be read.
"""

import argparse
import sys
from pathlib import Path

import orjson

from services.ratings.simulation.report import simulated
from services.ratings.simulation.sizes import SIZES
from services.ratings.simulation.truth import WorldUnreadable

SEED = 2026
OFF, UNREADABLE = 1, 2


def main(arguments: list[str] | None = None) -> int:
    asked = _parser().parse_args(arguments)
    try:
        size = SIZES[asked.size].with_worlds(asked.worlds)
        report = simulated(asked.folder, size, asked.seed, _say)
    except (WorldUnreadable, OSError, ValueError) as error:
        _say(str(error))
        return UNREADABLE
    sys.stdout.buffer.write(orjson.dumps({"size": asked.size, **report}, option=orjson.OPT_APPEND_NEWLINE))
    return 0 if report["ok"] else OFF


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.ratings.simulation")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worlds", type=int, help="sets of 150 providers per setting; default: that of the size")
    parser.add_argument("--size", choices=sorted(SIZES), default="small")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
