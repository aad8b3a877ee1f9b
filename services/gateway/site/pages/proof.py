"""The page of the proof: whose published tables this build reproduces, and what does not reproduce."""

from typing import Final

from services.gateway.site.rendering import Page
from services.gateway.site.wording import Body

CRUMBS: Final = (("Home", "/"), ("Data", "/data"))
PUBLISHERS: Final = {
    "ny-cardiac": "New York State: heart operations",
    "nhs-shmi": "England: hospital mortality (SHMI)",
    "nhs-proms": "England: patients' own reports (PROMs)",
    "us-cms-star-rating": "United States: star rating of hospitals",
    "us-cms-outcomes": "United States: 30-day outcomes",
    "phe-prevalence": "England: child measurement",
    "ca-hospitals": "California: inpatient mortality",
    "us-medicare-az": "Arizona: Medicare stays",
    "uk-cardiac-surgery": "United Kingdom: a heart centre",
}


def proof(body: Body) -> Page:
    """`body` is that of `/v1/proof`."""
    rows = [row | {"publisher": PUBLISHERS.get(row["source"], row["source"])} for row in body["rows"]]
    files = [file | {"kept": file["fates"]["accepted"] + file["fates"]["aggregate"]} for file in body["files"]]
    context = {
        "proof": body,
        "rows": rows,
        "apart": [row for row in rows if row["exceptions"] or not row["ok"]],
        "notes": [row for row in rows if row["why"] and row["ok"] and not row["exceptions"]],
        "files": files,
        "short": sum(not row["ok"] for row in rows),
    }
    return Page(
        "proof.jinja", "What we reproduce of others' published figures", context, CRUMBS, json="/v1/proof",
        path="/proof", synthetic=False,
    )  # fmt: skip
