"""`candour simulate`: worlds whose truth is known, and how every rule behaves in them."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from cli.demonstration.sizes import SMALL_SPECIALTIES, Sizes
from cli.say import err, out, stop

SEED: Final = 2026
COUNTRIES: Final = {
    "small": (2, Sizes(hospitals=60, consultants=250, episodes=40_000, specialties=SMALL_SPECIALTIES)),
    "full": (10, Sizes()),
}
"""Demonstration worlds of a size: how many, and how large."""
PARTS: Final = {
    "published": "Figures of the method page, found again: distance beyond half a printed unit",
    "dispersion": "False alarms and finds of the dispersion rules, 150 providers",
    "volume": "False alarms by volume, summed exactly",
    "detection": "A doubled rate by volume: chance to be above the limit",
    "coverage": "Coverage of the intervals",
    "practices": "The traffic light of general practice",
    "cusum": "Cases to the signal of the CUSUM",
    "risk_model": "The risk model on demonstration worlds",
    "recipe": "The whole recipe of a release on demonstration worlds",
}

NUMBERS: Final = ("measured", "error", "nominal", "promised", "computed")
COLUMNS: Final = ["rule", "world", "figure", *NUMBERS, "verdict"]

SAID_AGAIN: Final = {"above_nominal_within_price": "ABOVE NOMINAL", "off": "OFF"}
"""Verdicts that nobody should have to look for in a table."""

Line = Mapping[str, Any]


def simulate(
    size: Annotated[Literal["small", "full"], typer.Option(help="full is the recorded run: many minutes.")] = "small",
    worlds: Annotated[int | None, typer.Option(help="Sets of 150 providers per setting.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same report.")] = SEED,
    as_json: Annotated[bool, typer.Option("--json", help="The whole report as JSON.")] = False,
    pictures: Annotated[Path | None, typer.Option(help="Also draw it: SVG files in this folder.")] = None,
) -> None:
    """Measure every rule where the truth is known; ends with 1 where one is off its level."""
    with tempfile.TemporaryDirectory() as folder:
        write_worlds(Path(folder), size, seed)
        command = [sys.executable, "-m", "services.ratings.simulation", folder, "--size", size, "--seed", str(seed)]
        command += [] if worlds is None else ["--worlds", str(worlds)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if not done.stdout:
        stop("There is no report.", done.returncode or 1)
    report = json.loads(done.stdout)
    if pictures is not None:
        _draw(report, pictures)
    if as_json:
        sys.stdout.write(done.stdout.decode())
    else:
        print_report(report)
    sys.exit(done.returncode)


def write_worlds(folder: Path, size: str, seed: int) -> None:
    """The demonstration worlds of a size as Parquet, one folder each: episodes, truth, coefficients."""
    from cli.demonstration.world import make_world  # noqa: PLC0415  # 1.5 s to import; no other command needs a world

    countries, sizes = COUNTRIES[size]
    for number in range(countries):
        err.print(f"making demonstration world {number + 1} of {countries} (synthetic)", markup=False)
        world, place = make_world(seed + number, sizes), folder / f"world-{number:03d}"
        place.mkdir()
        for name in ("episodes", "truth", "coefficients"):
            getattr(world, name).write_parquet(place / f"{name}.parquet")


def _draw(report: Mapping[str, Any], folder: Path) -> None:
    from cli.pictures.simulation import draw  # noqa: PLC0415  # altair takes a second to import

    for path in draw(report, folder):
        err.print(f"drawn: {path}", markup=False)


def print_report(report: Mapping[str, Any]) -> None:
    for part, title in PARTS.items():
        lines = [line for line in report["lines"] if line["part"] == part]
        if lines:
            out.print(_table(title, lines), markup=False)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report["verdicts"].items() if number)
    out.print(f"{counts}; seed {report['seed']}, method {report['method_version']}", markup=False)
    for line in report["lines"]:
        if word := SAID_AGAIN.get(line["verdict"]):
            where = f"{line['rule']}, {line['world']}, {line['figure']}"
            out.print(f"{word}: {where}: {_number(line['measured'])}, {line['why']}", markup=False)


def _table(title: str, lines: list[Line]) -> str:
    """Columns as wide as their longest cell, whatever the terminal: a line that wraps cannot be compared."""
    rows = [COLUMNS, *([_cell(line[name]) for name in COLUMNS] for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    aligned = [
        "  ".join(cell.rjust(width) if name in NUMBERS else cell.ljust(width)
                  for name, cell, width in zip(COLUMNS, row, widths, strict=True)).rstrip()
        for row in rows
    ]  # fmt: skip
    return "\n".join(["", title, *aligned])


def _cell(value: str | float | None) -> str:
    return value if isinstance(value, str) else _number(value)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f}" if value >= 10 else f"{value:.5f}"
