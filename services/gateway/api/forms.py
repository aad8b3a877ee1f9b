"""Which form an answer takes: the suffix of the address first, then `Accept`."""

from typing import Final

from fastapi import Request

from services.gateway.api.problems import NotAcceptable

JSON: Final = "application/json"
CSV: Final = "text/csv; charset=utf-8"
NDJSON: Final = "application/x-ndjson"
NAMES: Final = {
    "application/json": JSON,
    "application/vnd.candour.v1+json": JSON,
    "text/csv": CSV,
    "application/x-ndjson": NDJSON,
}
SUFFIXES: Final = {".json": JSON, ".csv": CSV, ".ndjson": NDJSON}


async def only_json(request: Request) -> None:
    """A route's dependency: refuses readers that take no JSON."""
    chosen(request.headers.get("accept"), (JSON,))


def form_of(request: Request, suffix: str) -> str:
    """The content type for a list of results. Raises NotAcceptable."""
    return SUFFIXES[suffix] if suffix else chosen(request.headers.get("accept"), (JSON, CSV, NDJSON))


def chosen(accept: str | None, offered: tuple[str, ...]) -> str:
    """The offered type that the header likes best; the first offered on a draw or where nothing is asked."""
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.split(",")]
    liked = {one: max((q for name, q in ranges if _covers(name, one)), default=0.0) for one in offered}
    best = max(offered, key=lambda one: liked[one])
    if liked[best] <= 0:
        raise NotAcceptable(tuple(one.partition(";")[0] for one in offered))
    return best


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            try:
                return name, min(max(float(value), 0.0), 1.0)
            except ValueError:
                return name, 0.0
    return name, 1.0


def _covers(name: str, offered: str) -> bool:
    plain = offered.partition(";")[0]
    return name in ("*/*", plain, f"{plain.partition('/')[0]}/*") or NAMES.get(name) == offered
