"""The invented audit as files, laid out as an audit would send them."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from cli.demonstration.world import World

README = """\
Demonstration audit (synthetic)

Every hospital, region, consultant, patient and case in these files is invented. They were made by a program from
random numbers; nothing in them says anything about a real person, place or service, and no such use may be made of
them. Names end in "(synthetic)"; hospital codes run from ZZ001 and consultants' numbers from 9900001.

Seed {seed}. Sizes: {hospitals} hospitals, {units} units, {consultants} consultants, {episodes} episodes.
Specialties: {specialties}.
The same seed and sizes give the same files, byte for byte.

providers.csv    hospitals
consultants.csv  consultants: one line for each hospital at which each works
episodes.csv     one line per case, 1 April 2023 to 31 March 2026; "missing" is a level of comorbidity
register.csv     who is asked for consent, in which programme
returns.csv      what each answered; for "asked" there is no answer yet, and decided_on is the day of asking
truth.csv        the true odds multiplier of each unit and each consultant, and which were planted as outliers;
                 a unit's line has no consultant, and a consultant's no provider, as the effect goes along everywhere
"""


def write(world: World, folder: Path, on_progress: Callable[[str], None]) -> dict[str, Path]:
    """Write the audit into `folder`, made if need be; files of the same name are replaced. Returns paths by file name.

    Files are UTF-8 with a header and LF line ends. `on_progress` is told of each file when it is complete.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for name, frame in _tables(world).items():
        written[name] = folder / name
        frame.write_csv(written[name])
        on_progress(f"{name}: {frame.height:,} lines (synthetic)")
    written["README.txt"] = folder / "README.txt"
    written["README.txt"].write_bytes(_readme(world).encode())
    on_progress("README.txt: what these files are")
    return written


def _tables(world: World) -> dict[str, pl.DataFrame]:
    return {
        "providers.csv": world.providers,
        "consultants.csv": world.consultants,
        "episodes.csv": world.episodes,
        "register.csv": world.register,
        "returns.csv": world.returns,
        "truth.csv": world.truth,
    }


def _readme(world: World) -> str:
    return README.format(
        seed=world.seed,
        hospitals=world.providers.height,
        units=world.truth.filter(pl.col("level") == "unit").height,
        consultants=world.register.height,
        episodes=world.episodes.height,
        specialties=", ".join(world.sizes.specialties),
    )
