"""Reads the policy of disclosure. A file that breaks a rule stops the service; nothing is skipped or guessed."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.ratings.disclosure import Policy, Widths
from services.ratings.indicators.loading import Catalogue, FileRefused

FOLDER: Final = Path(__file__).parent
NATION: Final = "nation"
Json = dict[str, Any]
File = TypeVar("File", bound=BaseModel)


class Part(BaseModel):
    """A table of a policy file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Floors(Part):
    """Least width around a secret, in the unit of each measure."""

    cases: float = Field(ge=0, allow_inf_nan=False)
    observed: float = Field(ge=0, allow_inf_nan=False)
    expected: float = Field(ge=0, allow_inf_nan=False)


class Settled(Part):
    """`disclosure.toml`. Without `verified_by`, a role, it serves demonstrations only."""

    version: str = Field(min_length=1)
    dated: date
    source: str = Field(min_length=1)
    verified_by: str | None = Field(default=None, min_length=1)
    k: int = Field(ge=0)
    p: float = Field(ge=0, allow_inf_nan=False)
    floors: Floors
    protect: Literal["totals", "colleagues"]
    max_hidden: float = Field(ge=0, le=1)
    small: int = Field(ge=0)

    def as_policy(self) -> Policy:
        floors = (self.floors.cases, self.floors.observed, self.floors.expected)
        return Policy(Widths(self.k, self.p, floors), self.protect, self.max_hidden, self.small)


class External(Part):
    """A total that others publish. Whatever its rounding, it counts as known."""

    indicator: str = Field(min_length=1)
    period: str = Field(min_length=1)
    node: str = Field(min_length=1)
    measure: Literal["cases", "observed", "expected"]
    value: float = Field(ge=0, allow_inf_nan=False)
    rounding: float = Field(ge=0, allow_inf_nan=False)
    source: str = Field(min_length=1)
    dated: date


class Externals(Part):
    """`external_totals.toml`."""

    version: str = Field(min_length=1)
    totals: list[External]


class Pinned(Part):
    """What a release was sorted under into fixed and revocable totals: kept with it, because it must never change."""

    rule: str
    settled: Settled
    externals: list[External]

    def nodes(self, indicator: str, period: str) -> frozenset[str]:
        return _nodes(self.externals, indicator, period)


@dataclass(frozen=True)
class Disclosure:
    """The policy in force, and the totals that others publish."""

    settled: Settled
    externals: tuple[External, ...] = field(default=())

    @property
    def policy(self) -> Policy:
        return self.settled.as_policy()

    def nodes(self, indicator: str, period: str) -> frozenset[str]:
        """Units, regions and the nation whose total is known from elsewhere."""
        return _nodes(self.externals, indicator, period)

    def pinned(self, rule: str) -> Json:
        """As it is kept with a release."""
        return Pinned(rule=rule, settled=self.settled, externals=list(self.externals)).model_dump(mode="json")

    def digest(self, rule: str) -> str:
        """Of all that a decision depends on and that a file may change."""
        told = Pinned(rule=rule, settled=self.settled, externals=list(self.externals)).model_dump_json()
        return hashlib.sha256(told.encode()).hexdigest()


def _nodes(externals: "list[External] | tuple[External, ...]", indicator: str, period: str) -> frozenset[str]:
    return frozenset(one.node for one in externals if (one.indicator, one.period) == (indicator, period))


def load_disclosure(folder: Path, catalogue: Catalogue, *, demonstration: bool) -> Disclosure:
    """Raises FileRefused: for a file that breaks a rule, for one that nobody has verified where this is no
    demonstration, and for a total of an indicator that is not among the reviewed files."""
    settled = _read(folder / "disclosure.toml", Settled)
    externals = _read(folder / "external_totals.toml", Externals)
    if settled.verified_by is None and not demonstration:
        raise FileRefused("disclosure.toml: nobody has verified it (no verified_by), and this is not a demonstration")
    unknown = sorted({one.indicator for one in externals.totals} - catalogue.indicators.keys())
    if unknown:
        raise FileRefused(f"external_totals.toml: {', '.join(unknown)} is not among the reviewed indicators")
    settled.as_policy()
    return Disclosure(settled, tuple(externals.totals))


def pinned_of(kept: Mapping[str, Any] | None) -> Pinned | None:
    """What a release keeps; None where it was built before that was kept: then none of its totals is fixed."""
    return None if kept is None else Pinned.model_validate(kept)


def _read(path: Path, kind: type[File]) -> File:
    try:
        return kind.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, ValidationError, tomllib.TOMLDecodeError) as error:
        raise FileRefused(f"{path.name}: {error}") from error
