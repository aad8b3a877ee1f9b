"""A risk model's file: its columns, their levels and references, and where a level goes that cannot be estimated."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.ratings.methods.design_matrix import Categorical
from shared.contracts.base import Slug


class Factor(BaseModel):
    """A categorical column. `merge_into`: level -> neighbour that takes it in where it is rare or events separate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str
    levels: list[str] = Field(min_length=2)
    reference: str
    merge_into: dict[str, str] = {}

    @model_validator(mode="after")
    def _known_levels(self) -> "Factor":
        if unknown := ({self.reference} | set(self.merge_into) | set(self.merge_into.values())) - set(self.levels):
            raise ValueError(f"{self.column}: {sorted(unknown)} are not among its levels")
        if self.reference in self.merge_into:
            raise ValueError(f"{self.column}: the reference level cannot be merged into another")
        for level in self.merge_into:
            path = [level]
            while (into := self.merge_into.get(path[-1])) is not None:
                if into in path:
                    raise ValueError(f"{self.column}: {level} would be merged in a circle")
                path.append(into)
        return self

    def as_term(self) -> Categorical:
        return Categorical(self.column, tuple(self.levels), self.reference)


class RiskModel(BaseModel):
    """A logistic model to be fitted on covariate patterns; column order is file order.

    A level with fewer than `minimum_cases` cases or fewer than `minimum_events` events is rare: it is counted with the
    neighbour that its factor names, before any fit, in file order until none is left. One without a neighbour stays.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Slug
    version: str
    link: str = Field(pattern="^logit$")
    outcome: str
    minimum_cases: int = Field(default=0, ge=0)
    minimum_events: int = Field(default=0, ge=0)
    factor: list[Factor] = Field(min_length=1)

    @property
    def columns(self) -> list[str]:
        return [factor.column for factor in self.factor]

    def without(self, column: str) -> "RiskModel":
        """The same model without one of its factors. Raises ValueError where that leaves none, or it has no such."""
        left = [factor for factor in self.factor if factor.column != column]
        if not left or len(left) == len(self.factor):
            raise ValueError(f"{self.id} cannot be fitted without {column}")
        return self.model_copy(update={"factor": left})
