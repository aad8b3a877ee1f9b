"""Bodies that depend on nobody's decision: service document, releases, indicators, providers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.gateway.api.answer import OPEN_GOVERNMENT
from services.gateway.view.opened import OpenView
from services.gateway.view.stored import WholeFile
from shared.contracts.public.rendering import present
from shared.contracts.views import IndicatorEntry, ProviderEntry, RiskModelEntry, Succession

Body = dict[str, Any]
LICENCE: Final = "OGL-UK-3.0"
SEE_INDICATORS: Final = "see-indicators"
LICENCES: Final = {
    LICENCE: OPEN_GOVERNMENT, "PUBLIC_DOMAIN": "https://creativecommons.org/publicdomain/mark/1.0/",
}  # fmt: skip


def instant(view: OpenView) -> str:
    return view.published.strftime("%Y-%m-%dT%H:%M:%SZ")


def licence_of(view: OpenView) -> str:
    """That of all the release's figures; where they differ, each indicator says its own."""
    found = {entry.licence for entry in view.definitions.indicators.values()}
    return found.pop() if len(found) == 1 else SEE_INDICATORS if found else LICENCE


def licence_address(view: OpenView) -> str:
    """Where the licence of a release's answers is to be read; a licence without an address, in the indicators."""
    return LICENCES.get(licence_of(view), f"/v1/releases/{view.release}/indicators")


def service_body(latest: OpenView | None) -> Body:
    body: Body = {"name": "Candour", "contract": "v1", "licence": LICENCE}
    if latest is not None:
        body |= {"release": latest.release, "published": instant(latest), "synthetic": latest.manifest.synthetic}
    links = {"self": "/v1", "openapi": "/v1/openapi.json", "releases": "/v1/releases", "codelists": "/v1/codelists",
             "changes": "/v1/changes", "proof": "/v1/proof"}  # fmt: skip
    if latest is not None:
        links["release"] = f"/v1/releases/{latest.release}"
    return body | {"links": links}


def release_status(view: OpenView, latest: OpenView | None) -> str:
    return "current" if latest is view else "superseded"


def release_line(view: OpenView, latest: OpenView | None, readable: Sequence[OpenView]) -> Body:
    return {
        "release": view.release,
        "status": release_status(view, latest),
        "published": instant(view),
        "synthetic": view.manifest.synthetic,
        **present(correction=correction_of(view), corrections=corrections_of(view, readable) or None),
        "links": {"self": f"/v1/releases/{view.release}"},
    }


def correction_of(view: OpenView) -> Body | None:
    """What this release sets right in an earlier one."""
    noted = view.manifest.correction
    return None if noted is None else {"supersedes": noted.supersedes, "text": noted.text}


def corrections_of(view: OpenView, readable: Sequence[OpenView]) -> list[Body]:
    """What other readable releases set right in this one, the oldest first."""
    noted = [(one, one.manifest.correction) for one in sorted(readable, key=lambda one: (one.published, one.release))]
    return [
        {"release": one.release, "published": instant(one), "text": correction.text}
        for one, correction in noted
        if correction is not None and correction.supersedes == view.release
    ]


def release_body(view: OpenView, latest: OpenView | None, readable: Sequence[OpenView]) -> Body:
    manifest, base = view.manifest, f"/v1/releases/{view.release}"
    return {
        "release": view.release,
        "status": release_status(view, latest),
        "view": manifest.view,
        **present(previous=manifest.supersedes),
        "known_issues": [],
        **present(correction=correction_of(view)),
        "corrections": corrections_of(view, readable),
        "manifest": {
            "release": view.release,
            "published": instant(view),
            "licence": licence_of(view),
            "contract": "v1",
            "synthetic": manifest.synthetic,
            "method_version": manifest.method_version,
            "results_digest": manifest.results_digest,
            "replay": {"code": manifest.code, "inputs": manifest.inputs,
                       "command": f"candour verify {view.release}"},
            "files": [file_line(one) for one in (view.files or {}).values()],
        },
        "links": {"self": base, "results": f"{base}/results", "indicators": f"{base}/indicators",
                  "providers": f"{base}/providers", "consultants": f"{base}/consultants", "files": f"{base}/files"},
    }  # fmt: skip


def file_line(file: WholeFile) -> Body:
    return {"partition": "fixed", "name": file.name, "media_type": file.media_type.partition(";")[0],
            "bytes": file.plain.bytes, "rows": file.rows, "sha256": file.plain.sha256}  # fmt: skip


def file_entry(release: str, file: WholeFile) -> Body:
    base = f"/v1/releases/{release}/files"
    return {**file_line(file), "links": {"self": f"{base}/{file.name}", "permanent": f"{base}/{file.permanent}"}}


def indicator_body(view: OpenView, entry: IndicatorEntry) -> Body:
    base = f"/v1/releases/{view.release}/indicators/{entry.id}"
    funnels = [curves for (name, _, _), curves in view.definitions.funnels.items() if name == entry.id]
    drawn = any(point.control_lower is not None or point.control_upper is not None
                for curves in funnels for point in curves.curve)  # fmt: skip
    return {
        "id": entry.id, "version": entry.version, "status": entry.status, "label": entry.label, "unit": entry.unit,
        "polarity": entry.polarity, "decimals": entry.decimals, "rounding": entry.rounding,
        "numerator": entry.numerator, "denominator": entry.denominator, "levels": entry.levels,
        "periods": entry.periods, **present(specialty=entry.specialty, programme=entry.programme),
        "interval": {"level": entry.interval_level, "method": entry.interval_method},
        "limits": {"method": entry.limits_method, "warning": 0.95} | ({"control": 0.998} if drawn else {})
        | {"verdict": entry.verdict if drawn else "warning"},
        "test": entry.test,
        "rules": {"min_denominator": entry.min_denominator, "min_expected": entry.min_expected,
                  "min_power": entry.min_power}
        | present(min_case_ascertainment=_unless_none(entry.min_case_ascertainment)),
        **present(risk_model=_risk_model(entry.risk_model) if entry.risk_model else None),
        "why_it_matters": entry.why_it_matters, "does_not_show": entry.does_not_show,
        "authored_by": entry.authored_by, "checked_by": entry.checked_by,
        "next_review": entry.next_review.isoformat(), "revocable": entry.revocable, "synthetic": entry.synthetic,
        "source": entry.source, "licence": entry.licence, "ranked": entry.ranked, "recipe": entry.recipe,
        **present(words=entry.words or None, who_operated=entry.who_operated or None),
        "links": {"self": base, "results": f"{base}/results"}
        | present(funnel=f"{base}/funnel" if funnels else None,
                  model=f"{base}/model" if entry.risk_model and entry.risk_model.carded else None),
    }  # fmt: skip


def _unless_none(rule: str) -> str | None:
    """Absent where the indicator declares `none`, as all did before there was such a rule."""
    return None if rule == "none" else rule


def _risk_model(entry: RiskModelEntry) -> Body:
    """With the performance on hospitals that were left out of the fit, where it is known."""
    return present(id=entry.id, variables=entry.variables, c_statistic=entry.c_statistic,
                   calibration_slope=entry.calibration_slope, brier=entry.brier)  # fmt: skip


def provider_body(release: str, entry: ProviderEntry, known: Mapping[str, ProviderEntry]) -> Body:
    """`known`: all providers of the release, of which one may be the parent."""
    base = f"/v1/releases/{release}/providers/{entry.id}"
    parent = known.get(entry.parent) if entry.parent is not None else None
    return {
        "id": entry.id, "name": entry.name, "kind": entry.kind, "region": entry.region,
        **present(
            town=entry.town, postcode=entry.postcode, active=entry.active, opened=_day(entry.opened),
            closed=_day(entry.closed), parent={"id": parent.id, "name": parent.name} if parent else None,
            succession=[_succeeding(one) for one in entry.succession] or None,
        ),
        "register": {"source": entry.register_source, "as_of": entry.register_as_of.isoformat()},
        "synthetic": entry.synthetic, "links": {"self": base, "results": f"{base}/results"},
    }  # fmt: skip


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _succeeding(one: Succession) -> Body:
    return {"relation": one.relation, "id": one.id, "name": one.name, **present(since=_day(one.since))}
