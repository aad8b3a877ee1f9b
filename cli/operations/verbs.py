"""`candour service`, `candour backup`, `candour restore`: the services' own verbs, in the house of one `candour up`."""

import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.places import SERVICES
from cli.say import err, out, stop
from cli.up.command import only_one
from cli.up.layout import Layout

STORES: Final = ("ratings", "ingest", "consent")  # consent last: it must know every revision that the others name
ANY_PORT: Final = 8000  # a verb that serves nobody needs one all the same
SERVING: Final = "serve"

Data = Annotated[Path, typer.Option(envvar="CANDOUR_DATA", help="Where everything is kept.")]
Which = Annotated[list[str] | None, typer.Option("--service", help="Only this one; may be given again.")]


def service(
    name: Annotated[str, typer.Argument(metavar="SERVICE", help=f"One of: {', '.join(SERVICES)}.")],
    verbs: Annotated[list[str], typer.Argument(metavar="VERB...", help="As of `python -m services.SERVICE`.")],
    data: Data = Path(".candour"),
) -> None:
    """Run a verb of a service with the settings it has under `candour up`."""
    if name not in SERVICES:
        raise typer.BadParameter(f"{name} is not a service: one of {', '.join(SERVICES)} is expected.")
    if SERVING in verbs:
        raise typer.BadParameter("`candour up` serves; this is for every other verb.")
    sys.exit(run_verb(house_of(data), name, *verbs))


def backup(
    target: Annotated[Path, typer.Argument(metavar="TO", help="A folder that is not there yet.")],
    data: Data = Path(".candour"),
    services: Which = None,
) -> None:
    """Back up the services, also while `candour up` runs. Secrets are not in it."""
    house, began = house_of(data), time.monotonic()
    chosen = _chosen(services)
    for name in chosen:
        err.print(f"backing up {name}")
        if code := run_verb(house, name, "backup", str(target.resolve() / name)):
            stop(f"There is no whole backup in {target}: {name} has none. Mend that, and take another.", code)
    out.print(f"{', '.join(chosen)} backed up to {target} in {time.monotonic() - began:.1f} s", markup=False)


def restore(
    source: Annotated[Path, typer.Argument(metavar="FROM", help="What `candour backup` has made.")],
    data: Data = Path(".candour"),
    services: Which = None,
) -> None:
    """Put the services back to a backup; `candour up` must not be running."""
    began, chosen = time.monotonic(), _chosen(services)
    missing = [name for name in chosen if not (source / name).is_dir()]
    if missing:
        stop(f"{source} has no backup of {', '.join(missing)}. Give another folder, or name others with --service.")
    try:
        house = Layout(data.resolve(), ANY_PORT, 1)
        with only_one(house):
            for name in reversed(chosen):
                err.print(f"restoring {name}")
                if code := run_verb(house, name, "restore", str(source.resolve() / name)):
                    stop(f"{name} is not restored; see above. What came before it is.", code)
    except RuntimeError as busy:
        stop(str(busy))
    out.print(f"{', '.join(reversed(chosen))} restored in {time.monotonic() - began:.1f} s", markup=False)


def _chosen(services: list[str] | None) -> list[str]:
    unknown = set(services or ()) - set(STORES)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))} has no store: {', '.join(STORES)} have.")
    return [name for name in STORES if not services or name in services]


def house_of(data: Path) -> Layout:
    """The layout of a `candour up` in `data`. Ends the command where there is none."""
    if not (data / "secrets").is_dir():
        stop(f"{data} is not the directory of a `candour up`. Give another with --data.")
    return Layout(data.resolve(), ANY_PORT, 1)


def run_verb(house: Layout, name: str, *verbs: str) -> int:
    """The exit code of a service's own verb."""
    done = subprocess.run([sys.executable, "-m", f"services.{name}", *verbs], env=house.environment(name), check=False)
    return done.returncode
