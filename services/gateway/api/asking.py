"""Strictness: what we do not understand is refused, with the nearest name that we do."""

import difflib
import re
from typing import Annotated, Any, Final, Literal, get_origin

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from services.gateway.api import codelists as codes
from shared.contracts.public.reasons import CodeList
from shared.kit.problems import RepeatedParameter, UnknownParameter

DEFAULT_SORT: Final = "level,subject,indicator,period"
LIMIT: Final = Field(default=100, ge=1, le=1000, description="Entries on a page.")
CURSOR: Final = Field(default=None, description="From `links.next` of the page before; opaque.")
WHOLE: Final = re.compile(r"[0-9]+")
NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")


def _spelled(form: re.Pattern[str], expected: str) -> BeforeValidator:
    """Python's numbers may have spaces around them, and `_` between their digits: `1_0` is no way to ask for ten."""

    def spelled(value: object) -> object:
        if isinstance(value, str) and not form.fullmatch(value):
            raise PydanticCustomError("spelling", "Input should be {expected}", {"expected": expected})
        return value

    return BeforeValidator(spelled)


Whole = Annotated[int, _spelled(WHOLE, "a whole number, in digits")]
Number = Annotated[float, _spelled(NUMBER, "a number such as 12, 0.5 or 1e-3")]


class Query(BaseModel):
    """Base of every query: refuses names that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class NoQuery(Query):
    """For addresses without parameters."""


def _coded(text: str, found: CodeList) -> Any:
    schema: JsonDict = {"items": {"type": "string", "enum": list(found.codes)}} if found.kind == "closed" else {}
    return Field(default=[], description=text, json_schema_extra=schema)


class ResultsQuery(Query):
    """Several values of one field mean or, several fields mean and. A filter on a value matches no absent row."""

    indicator: list[str] = Field(default=[], description="Indicator ids.")
    provider: list[str] = Field(default=[], description="Provider ids.")
    consultant: list[str] = Field(default=[], description="GMC numbers, seven digits.")
    level: list[str] = _coded("Whom the figure is about.", codes.LEVELS)
    kind: list[str] = _coded("Kinds of provider.", codes.KINDS)
    region: list[str] = Field(default=[], description="Regions of the providers.")
    period: list[str] = Field(default=[], description="Period ids.")
    status: list[str] = _coded("Whether there is a figure.", codes.STATUS)
    band: list[str] = _coded("Meaning under the polarity.", codes.BANDS)
    position: list[str] = _coded("Place in the funnel.", codes.POSITIONS)
    partition: list[str] = _coded("`fixed`: only what no withdrawal of consent can ever touch.", codes.PARTITIONS)
    estimate_gte: Number | None = Field(default=None, alias="estimate[gte]", allow_inf_nan=False)
    estimate_lte: Number | None = Field(default=None, alias="estimate[lte]", allow_inf_nan=False)
    sort: str = Field(default=DEFAULT_SORT, description=f"`{DEFAULT_SORT}` or `name`.")
    include: list[str] = Field(default=[], description="`rank_interval`: between which places a figure lies; of one "
                               "indicator, period and level only.")  # fmt: skip
    fields: str | None = Field(default=None, description="Keys to keep, with commas; `id` and `status` always stay.")
    bom: Whole = Field(default=0, ge=0, le=1, description="`1`: a byte-order mark before a CSV. Not for other forms.")
    limit: Whole = LIMIT
    cursor: str | None = CURSOR


class ProvidersQuery(Query):
    q: str = Field(default="", max_length=200, description="Words of the name, town or region, all of which must occur;"
                   " or a code, or how it begins; or a postcode, or its district.")  # fmt: skip
    kind: list[str] = _coded("Kinds of provider.", codes.KINDS)
    region: list[str] = Field(default=[], description="Regions.")
    active: Literal["true", "false"] | None = Field(default=None, description="`true`: only those that are known to be "
                                                    "open; `false`: only those that have closed.")  # fmt: skip
    limit: Whole = LIMIT
    cursor: str | None = CURSOR


class ConsultantsQuery(Query):
    q: str = Field(default="", max_length=200, description="Words of the name, or the GMC number.")
    provider: list[str] = Field(default=[], description="Provider ids.")
    specialty: list[str] = Field(default=[], description="Specialties.")
    limit: Whole = LIMIT
    cursor: str | None = CURSOR


class FunnelQuery(Query):
    period: str | None = Field(default=None, description="A period of the indicator; the newest by default.")
    level: str | None = Field(default=None, description="A level of the indicator; its first by default.")


class ChangesQuery(Query):
    after: Whole = Field(default=0, ge=0, description="The last sequence number already seen.")
    limit: Whole = LIMIT


class Strict:
    """A route's dependency: refuses unknown and repeated parameters before anything else is done."""

    def __init__(self, query: type[Query] = NoQuery) -> None:
        self.repeatable = {
            info.alias or name: get_origin(info.annotation) is list for name, info in query.model_fields.items()
        }

    async def __call__(self, request: Request) -> None:
        seen: set[str] = set()
        for name, _ in request.query_params.multi_items():
            if name not in self.repeatable:
                raise unknown(name, list(self.repeatable))
            if name in seen and not self.repeatable[name]:
                raise RepeatedParameter("Give this parameter once.", errors=[{"parameter": name}])
            seen.add(name)


def unknown(name: str, known: list[str]) -> UnknownParameter:
    shown = name[:80]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        detail = f"This resource has no parameter of that name. Did you mean '{near[0]}'?"
        return UnknownParameter(detail, errors=[{"parameter": shown, "hint": near[0]}])
    names = ", ".join(known) or "none"
    return UnknownParameter(
        f"This resource has no parameter of that name. It has: {names}.", errors=[{"parameter": shown}]
    )


def pairs(query: Query, leave_out: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    """The query as name and value, in one canonical order, defaults left out."""
    found: list[tuple[str, str]] = []
    for name, info in type(query).model_fields.items():
        value = getattr(query, name)
        if name in leave_out or value is None or value == info.get_default(call_default_factory=True):
            continue
        values = value if isinstance(value, list) else [value]
        found += [(info.alias or name, _written(one)) for one in values]
    return found


def _written(value: object) -> str:
    return repr(value) if isinstance(value, float) else str(value)
