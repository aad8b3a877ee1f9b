"""Bodies about choices: how many were asked, who refused."""

from services.gateway.api.answer import Body
from services.gateway.api.listing import address
from services.gateway.view.opened import OpenView
from shared.contracts.consent import ProgrammeRefusers, ProgrammeShare, Refuser, SafeParticipation
from shared.kit.problems import ValueNotAllowed


def programmes_of(view: OpenView) -> list[str]:
    return sorted({entry.programme for entry in view.definitions.indicators.values() if entry.programme})


def check_programme(view: OpenView, programme: str) -> None:
    """Raises ValueNotAllowed: which programmes a release has is no secret."""
    if programme not in programmes_of(view):
        where = address(view.release, "/participation")
        raise ValueNotAllowed("The release has no such programme.", errors=[{"parameter": "programme", "list": where}])


def participation_body(view: OpenView, told: SafeParticipation) -> Body:
    wanted = set(programmes_of(view))
    data = [_share(one) for one in told.programmes if one.programme in wanted]
    meta = {
        "release": view.release, "total": len(data), "returned": len(data), "area": "England",
        "as_at": f"{told.at:%Y-%m-%dT%H:%M:%SZ}", "levels": told.levels, "fewest": told.fewest,
    }  # fmt: skip
    return {"data": data, "meta": meta, "links": {"self": address(view.release, "/participation")}}


def _share(one: ProgrammeShare) -> Body:
    known = {"status": one.status, "programme": one.programme, "label": one.label}
    if one.status == "suppressed":
        return known | {"reason": "small_numbers"}
    share = {"at_least": one.at_least_percent}
    if one.less_than_percent is not None:
        share["less_than"] = one.less_than_percent
    return known | {"asked": one.asked, "may_be_named": share}


def refusals_body(release: str, listed: ProgrammeRefusers) -> Body:
    data = [_refusal(one) for one in listed.refusers]
    meta = {
        "release": release, "programme": listed.programme, "label": listed.label, "total": len(data),
        "returned": len(data),
    }  # fmt: skip
    where = address(release, "/refusals", [("programme", listed.programme)])
    return {"data": data, "meta": meta, "links": {"self": where}}


def _refusal(one: Refuser) -> Body:
    reason = {"code": one.reason, "label": one.reason_label} if one.reason else None
    return {"name": one.name} | ({"reason": reason} if reason else {})
