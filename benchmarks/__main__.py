"""`python -m benchmarks NAME [--json]`: run one benchmark, print its table or its JSON; the JSON is kept, too."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from benchmarks import (
    bulk,
    consent_check,
    disclosure,
    fail_closed,
    main_job,
    minimal_view,
    production,
    withdrawal_latency,
)
from benchmarks.ingest import ingest
from benchmarks.outcome import Outcome
from benchmarks.rate import rate

RESULTS = Path(__file__).parent / "results"
BENCHMARKS: dict[str, Callable[[], Outcome]] = {
    "bulk": bulk.run,
    "consent_check": consent_check.run,
    "disclosure": disclosure.run,
    "fail_closed": fail_closed.run,
    "ingest": ingest.run,
    "main_job": main_job.run,
    "minimal_view": minimal_view.run,
    "production": production.run,
    "rate": rate.run,
    "withdrawal_latency": withdrawal_latency.run,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("--rows", type=int, help="of ingest alone: so many rows in each file, kept nowhere")
    parser.add_argument("--json", action="store_true", help="print name, ratios, figures and versions as JSON")
    asked = parser.parse_args(arguments)
    if asked.rows is not None and asked.name != "ingest":
        parser.error("--rows is of ingest alone")
    outcome = BENCHMARKS[asked.name]() if asked.rows is None else ingest.run(asked.rows, asked.rows, runs=1)
    told = json.dumps(outcome.as_json(), indent=1)
    if asked.rows is None:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{asked.name}.json").write_text(told)
    if asked.json:
        print(told)
    else:
        console = Console()
        for table in outcome.tables:
            console.print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
