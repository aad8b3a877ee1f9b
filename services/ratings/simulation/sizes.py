"""How much is drawn: a size for every change, and the size of the recorded run."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Size:
    """`worlds`: sets of 150 providers per setting. `volumes`: expected numbers of the exact levels. `draws`: providers
    per drawn coverage. `placed`: sets of placed providers. `runs`: CUSUM charts; those with a longer run length in
    control than `longest_chart` are left out. `practices`: of the traffic light. `replicates`: fits per world and
    specialty, each judged on fresh outcomes; one fit of 250 events has a slope that is off by .1 two times in five."""

    worlds: int
    volumes: int
    draws: int
    placed: int
    runs: int
    longest_chart: float
    practices: int
    replicates: int

    def with_worlds(self, worlds: int | None) -> "Size":
        """Another number of sets, at least 2 (one has no spread to take an error from); raises ValueError."""
        if worlds is not None and worlds < 2:
            raise ValueError("at least 2 worlds: one has no spread to take an error from")
        return self if worlds is None else replace(self, worlds=worlds)


SIZES = {
    "small": Size(30, 40, 5_000, 6, 300, 1_000.0, 2_000, 2),
    "full": Size(2_000, 400, 100_000, 200, 1_000, 20_000.0, 8_000, 12),
}
