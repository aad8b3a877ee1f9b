"""What every view of a release is baked from."""

from dataclasses import dataclass, field

import polars as pl

from services.ratings.assembly.schema import as_declared


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
    successions: pl.DataFrame = field(default_factory=lambda: as_declared([], "successions"))
    register_differences: pl.DataFrame = field(default_factory=lambda: as_declared([], "register_differences"))
    ascertainment: pl.DataFrame = field(default_factory=lambda: as_declared([], "ascertainment"))
    attribution: pl.DataFrame = field(default_factory=lambda: as_declared([], "attribution"))
