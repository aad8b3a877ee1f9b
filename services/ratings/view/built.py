"""What every view of a release is baked from."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, eq=False)
class Built:
    """The frames that a build has kept: what people approve, and what every view of the release is baked from."""

    results: pl.DataFrame
    comparisons: pl.DataFrame
    members: pl.DataFrame
    cells: pl.DataFrame
    models: pl.DataFrame
    providers: pl.DataFrame
    consultants: pl.DataFrame
