"""Reads the files of published models and of comorbidity indices; one that breaks a rule stops the service."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from services.ratings.indicators.loading import FOLDER, FileRefused
from services.ratings.methods.comorbidity import ComorbidityIndex
from services.ratings.methods.published_models import Bands, Levels, PublishedModel, PublishedTerm, Slope
from shared.contracts.base import Slug

PUBLISHED = FOLDER / "models" / "published"
RANGE = re.compile(r"^([A-Z])([0-9]+)-([A-Z])([0-9]+)$")


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LevelsTable(Table):
    column: str
    reference: str
    weights: dict[str, float] = Field(min_length=1)

    def as_term(self) -> Levels:
        return Levels(self.column, self.reference, self.weights)


class NumberTable(Table):
    """Either bands (`up_to`, `weights`) or a slope (`centre`, `slope`); `range` is where the model may be used."""

    column: str
    range: tuple[float, float]
    up_to: list[float] = []
    weights: list[float] = []
    centre: float | None = None
    slope: float | None = None
    at_least: float | None = None
    overruled_by: LevelsTable | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "NumberTable":
        bands = {"up_to", "weights"} <= self.model_fields_set <= {"column", "range", "up_to", "weights", "overruled_by"}
        line = {"centre", "slope"} <= self.model_fields_set <= {"column", "range", "centre", "slope", "at_least"}
        if not bands and not line:
            raise ValueError(f"{self.column}: give bands, or a centre with its slope")
        return self

    def as_term(self) -> PublishedTerm:
        if self.slope is None or self.centre is None:
            overruled_by = self.overruled_by.as_term() if self.overruled_by else None
            return Bands(self.column, *self.range, tuple(self.up_to), tuple(self.weights), overruled_by)
        return Slope(self.column, *self.range, self.centre, self.slope, self.at_least)


class ModelFile(Table):
    """A published model. `checked_by`: the two roles that compared the file with its source."""

    kind: Literal["logistic"]
    id: Slug
    version: str
    source: str
    link: Literal["logit"]
    intercept: float
    checked_by: Annotated[list[str], Field(min_length=2, max_length=2)]
    term: list[LevelsTable | NumberTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _checked_twice(self) -> "ModelFile":
        if len(set(self.checked_by)) < 2:
            raise ValueError("two different roles must have checked the file")
        return self


class IndexFile(Table):
    """A comorbidity index. Codes carry no dots; `C00-C26` stands for all of them."""

    kind: Literal["comorbidity"]
    id: Slug
    source: str
    checked_by: Annotated[list[str], Field(min_length=2, max_length=2)]
    cancels: dict[str, str]
    codes: dict[str, list[str]]
    weights: dict[str, dict[str, int]]

    def as_index(self) -> ComorbidityIndex:
        prefixes = {name: tuple(one for code in of for one in _spelled_out(code)) for name, of in self.codes.items()}
        return ComorbidityIndex(self.id, self.source, prefixes, self.weights, self.cancels)


def load_published_models(folder: Path = PUBLISHED) -> tuple[PublishedModel, ...]:
    """Every published model, in order of file names; raises FileRefused for the first file that breaks a rule."""
    files = [(path, _read(path)) for path in sorted(folder.glob("*.toml"))]
    return tuple(_model(path, said) for path, said in files if said.get("kind") != "comorbidity")


def load_comorbidity_index(index: str, folder: Path = PUBLISHED) -> ComorbidityIndex:
    """Raises FileRefused where the file breaks a rule or is not there."""
    path = folder / f"{index}.toml"
    if not path.is_file():
        raise FileRefused(f"there is no comorbidity index {index}")
    try:
        return IndexFile.model_validate(_read(path)).as_index()
    except (ValidationError, ValueError) as error:
        raise FileRefused(f"{path.stem}: {error}") from error


def _model(path: Path, said: dict[str, object]) -> PublishedModel:
    try:
        file = ModelFile.model_validate(said)
        terms = tuple(term.as_term() for term in file.term)
    except (ValidationError, ValueError) as error:
        raise FileRefused(f"{path.stem}: {error}") from error
    if path.stem != f"{file.id}-{file.version}":
        raise FileRefused(f"{path.stem}: the id and version in the file are {file.id} and {file.version}")
    return PublishedModel(file.id, file.version, file.source, file.intercept, terms)


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise FileRefused(f"{path.stem}: {error}") from error


def _spelled_out(code: str) -> list[str]:
    found = RANGE.match(code)
    if found is None:
        return [code]
    letter, first, other, last = found.groups()
    if letter != other or len(first) != len(last) or not int(first) < int(last):
        raise ValueError(f"{code} is not a range of codes")
    return [f"{letter}{number:0{len(first)}}" for number in range(int(first), int(last) + 1)]
