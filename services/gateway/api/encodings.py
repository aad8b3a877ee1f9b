"""Content codings: only whole files have one. Everything else is sent as it is, and a proxy may pack what is fixed."""


def takes_gzip(accept: str | None) -> bool:
    """Whether `Accept-Encoding` asks for gzip, and likes it no less than the plain bytes (RFC 9110, 12.5.3)."""
    liked = dict(_weighed(part) for part in (accept or "").lower().split(","))
    gzip = liked.get("gzip", liked.get("x-gzip", liked.get("*", 0.0)))
    return gzip > 0 and gzip >= liked.get("identity", 0.0)


def _weighed(part: str) -> tuple[str, float]:
    """A coding and its weight; one that cannot be read is no wish."""
    name, _, parameter = part.partition(";")
    key, _, value = parameter.replace(" ", "").replace("\t", "").partition("=")
    try:
        weight = float(value) if key == "q" else 1.0
    except ValueError:
        weight = 0.0
    return name.strip(), weight
