"""`python -m services.ratings.proof FOLDER`: the table of the proof as JSON, from the frames `FOLDER/<entry>.parquet`.

Exit code 0 once the table is printed, whatever it says: each row carries its own verdict. 2 where there is no folder.
"""

import json
import sys
from pathlib import Path

import polars as pl

from services.ratings.indicators.loading import load_catalogue
from services.ratings.methods import METHOD_VERSION
from services.ratings.proof.suite import entries_of, suite

USAGE = "usage: python -m services.ratings.proof FOLDER"


def main(arguments: list[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    if len(given) != 1 or not Path(given[0]).is_dir():
        sys.stderr.write(USAGE + "\n")
        return 2
    sys.stdout.write(json.dumps(table(Path(given[0])), ensure_ascii=False) + "\n")
    return 0


def table(folder: Path) -> dict[str, object]:
    """The method version and one row per claim; an entry without a file leaves its claims unmet."""
    recipes = suite(loaded.definition for loaded in load_catalogue().indicators.values())
    paths = {entry: folder / f"{entry}.parquet" for entry in entries_of(recipes)}
    frames = {entry: pl.read_parquet(path) for entry, path in paths.items() if path.is_file()}
    rows = [agreement.as_row() for recipe in recipes for agreement in recipe.run(frames)]
    return {"method_version": METHOD_VERSION, "rows": rows}


if __name__ == "__main__":
    sys.exit(main())
