"""Bodies about consultants: only those with a visible row exist."""

from services.gateway.api.answer import Body
from services.gateway.view.opened import OpenView
from services.gateway.view.queries import Row
from services.gateway.view.selection import Selection


def consultant_line(view: OpenView, gmc: str, rows: list[Row]) -> Body:
    """An entry of the list; `rows` are the consultant's visible rows, at least one."""
    providers = {row["provider_id"]: row["provider_name"] for row in rows if row["provider_id"] is not None}
    base = f"/v1/releases/{view.release}/consultants/{gmc}"
    return {
        "id": gmc,
        "name": rows[0]["consultant_name"],
        "specialties": view.rows.specialties(gmc),
        "providers": [{"id": one, "name": providers[one]} for one in sorted(providers)],
        "links": {"self": base, "results": f"{base}/results"},
    }


def consultant_body(view: OpenView, gmc: str, rows: list[Row]) -> Body:
    line = consultant_line(view, gmc, rows)
    links = line.pop("links")
    return line | {
        "unit_results": unit_results(view, line),
        "commentary": commentary(view, "consultant", gmc),
        "links": links,
    }


def commentary(view: OpenView, level: str, subject: str) -> Body:
    """What a subject says about all of their results, or by which day nothing had come."""
    said = view.definitions.commentaries.get((level, subject))
    if said is None:
        return {"status": "none"}
    return said.model_dump(mode="json", exclude={"level", "subject"})


def unit_results(view: OpenView, line: Body) -> list[str]:
    """Results of the teams that the consultant belongs to: same provider, same specialty."""
    entries = view.definitions.indicators.values()
    indicators = tuple(entry.id for entry in entries if entry.specialty in line["specialties"])
    providers = tuple(one["id"] for one in line["providers"])
    if not indicators or not providers:
        return []
    wanted = Selection({"indicator": indicators, "provider": providers, "level": ("provider",)})
    return [row["id"] for row in view.rows.page(wanted, "subject", None, -1)]
