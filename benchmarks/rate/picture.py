"""Cost against size, with the exponent of a power law fitted to it: in processor seconds, which neighbours on the same
machine change far less than they change the clock's."""

from pathlib import Path
from typing import Final

import altair as alt
import numpy as np
import polars as pl

PICTURE: Final = Path(__file__).parents[2] / "docs" / "pictures" / "cost-of-rating.svg"


def exponent(sizes: dict[int, dict[str, float]], way: str) -> float:
    """b of processor seconds = a x episodes^b by least squares on logarithms: 1 is proportional."""
    logs = np.log([(episodes, of[way]) for episodes, of in sizes.items()])
    return float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])


def draw(sizes: dict[int, dict[str, float]], path: Path = PICTURE) -> None:
    """Both axes logarithmic, so that a power law is a straight line."""
    rows = pl.DataFrame(
        [
            {"episodes": episodes, "processor seconds": seconds, "way": f"{way}, exponent {exponent(sizes, way):.2f}"}
            for episodes, of in sizes.items()
            for way, seconds in of.items()
        ]
    )
    scale = alt.Scale(type="log", nice=False, padding=12)
    chart = (
        alt.Chart(rows, title="Parquet to observed/expected of 5,000 consultants")
        .mark_line(point=True)
        .encode(
            x=alt.X("episodes:Q", scale=scale, axis=alt.Axis(values=list(sizes), format=",")),
            y=alt.Y("processor seconds:Q", scale=scale),
            color=alt.Color("way:N", title=None, legend=alt.Legend(orient="bottom")),
        )
        .properties(width=480, height=300)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(path)
