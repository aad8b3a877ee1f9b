"""The funnel's sentence, by the limits that give a verdict; and the licence of what is published."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from services.gateway.api.funnels import funnel_body, trimmed, words
from shared.contracts.views import CurvePoint, FunnelCurves
from tests.unit.test_gateway_baked import ADAMS, FIXED, MIXED, PERIOD, Baked, first_view, indicator, row_of
from tests.unit.test_gateway_world import world

HOSPITALS, CONSULTANTS = ("hospital", "hospitals"), ("consultant", "consultants")
NONE = {"within": 0, "above_warning": 0, "above_control": 0, "below_warning": 0, "below_control": 0, "not_rated": 0}


@pytest.mark.parametrize(
    ("found", "limits", "subjects", "said"),
    [
        ({"within": 138, "above_warning": 4, "below_warning": 3, "above_control": 1, "below_control": 1}, "control",
         HOSPITALS, "145 of 147 hospitals are inside the control limits; one is above and one is below."),
        ({"within": 138, "above_warning": 4, "below_warning": 3, "above_control": 1, "below_control": 1}, "warning",
         HOSPITALS, "138 of 147 hospitals are inside the warning limits; five are above and four are below."),
        ({"within": 1}, "control", CONSULTANTS, "1 of 1 consultant is inside the control limits."),
        ({"above_control": 1}, "control", CONSULTANTS,
         "0 of 1 consultant is inside the control limits; one is above."),
        ({"within": 5, "not_rated": 36}, "control", HOSPITALS,
         "5 of 5 hospitals are inside the control limits. 36 more have too few cases to tell."),
        ({"within": 5, "not_rated": 1}, "control", HOSPITALS,
         "5 of 5 hospitals are inside the control limits. 1 more has too few cases to tell."),
        ({"not_rated": 3}, "control", HOSPITALS, "None has enough cases to be compared."),
    ],
)  # fmt: skip
def test_the_sentence(found: dict[str, int], limits: str, subjects: tuple[str, str], said: str) -> None:
    assert words(NONE | found, limits, subjects, {"too_few_cases"}) == said


def test_another_reason_for_grey_is_not_called_too_few_cases() -> None:
    said = words(NONE | {"within": 5, "not_rated": 2}, "control", HOSPITALS, {"reliability_below_floor"})
    assert said.endswith(". 2 more have results that cannot be told from chance.")


@pytest.mark.parametrize(
    ("verdict", "control", "expected"),
    [("control", True, "control"), ("warning", True, "warning"), ("control", False, "warning")],
)
def test_words_go_by_the_limits_of_the_indicator(verdict: Any, control: bool, expected: str) -> None:
    """ "Where `verdict == "warning"` (New York) the funnel's `words` … go by the warning limits"."""
    entry = indicator(FIXED, False).model_copy(update={"verdict": verdict})
    point = CurvePoint(x=10.0, warning_lower=0.5, warning_upper=1.8,
                       control_lower=0.3 if control else None, control_upper=2.5 if control else None)  # fmt: skip
    curves = FunnelCurves(indicator=FIXED, period=PERIOD, level="provider", target=1.0, limits_method="exact_poisson",
                          curve=[point])  # fmt: skip
    rows = [row_of(1, provider_id="ZZ001"), row_of(2, provider_id="ZZ002", position="above_warning")]
    body = funnel_body(entry, curves, rows, {})
    assert body["limits"]["verdict"] == expected
    assert f"inside the {expected} limits" in body["words"]
    assert body["words"].startswith("2 of 2" if expected == "control" else "1 of 2")
    assert body["axes"]["x"]["label"] == "Expected number, for these patients"


GRID = [0.25, 1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4000.0]


@pytest.mark.parametrize(
    ("shown", "drawn"),
    [
        ([5.0, 61.25], GRID[2:5]), ([4.0, 64.0], GRID[2:5]), ([0.1, 64.01], GRID[:6]), ([7.0], GRID[2:4]),
        ([1.5, 5000.0], GRID[1:]), ([], GRID[1:6]),
    ],
)  # fmt: skip
def test_the_curve_ends_around_what_is_shown(shown: list[float], drawn: list[float]) -> None:
    curve = [CurvePoint(x=x, warning_lower=0.5, warning_upper=1.8) for x in GRID]
    assert [one.x for one in trimmed(curve, shown)] == drawn


class OnGrid(Baked):
    """The first view, with curves over a whole grid."""

    def files(self) -> dict[str, bytes]:
        found = super().files()
        funnels = json.loads(found["funnels.json"])
        for one in funnels:
            one["curve"] = [one["curve"][0] | {"x": x} for x in GRID]
        return found | {"funnels.json": json.dumps(funnels).encode()}


def test_after_a_withdrawal_the_curve_tells_nothing_of_who_is_gone(tmp_path: Path) -> None:
    """The total that a withdrawal hides has the largest expected number: the curve ends with those still visible."""
    made = first_view()
    made.rows[0] |= {"expected": 1300.0}

    async def scenario() -> None:
        with world(tmp_path, OnGrid(made.rows, made.quarantine)) as house:
            async with house.gateway() as gateway:
                path = f"/indicators/{MIXED}/funnel?level=provider"
                ends = [(await gateway.get(path)).json()["limits"]["curve"][-1]["x"]]
                house.consent.withdraw(ADAMS)
                body = (await gateway.get(path)).json()
                ends.append(body["limits"]["curve"][-1]["x"])
                assert ends == [4000.0, 64.0]
                assert [one["x"] for one in body["points"]] == [61.25]

    asyncio.run(scenario())


class Licensed(Baked):
    """The first view, with these licences of its two indicators."""

    licences: Sequence[str]

    def files(self) -> dict[str, bytes]:
        entries = [indicator(FIXED, False), indicator(MIXED, True)]
        named = [entry.model_copy(update={"licence": licence})
                 for entry, licence in zip(entries, self.licences, strict=True)]  # fmt: skip
        text = json.dumps([entry.model_dump(mode="json") for entry in named])
        return super().files() | {"indicators.json": text.encode()}


@pytest.mark.parametrize(
    ("licences", "said", "link", "page"),
    [
        (("OGL-UK-3.0", "OGL-UK-3.0"), "OGL-UK-3.0",
         "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/", "Open Government Licence 3.0"),
        (("PUBLIC_DOMAIN", "PUBLIC_DOMAIN"), "PUBLIC_DOMAIN",
         "https://creativecommons.org/publicdomain/mark/1.0/", "Public domain"),
        (("PUBLIC_DOMAIN", "OGL-UK-3.0"), "see-indicators", "/v1/releases/2026-09-30/indicators",
         "the page of each indicator says its own"),
    ],
)  # fmt: skip
def test_the_licence_of_a_release_is_that_of_its_indicators(
    tmp_path: Path, licences: tuple[str, str], said: str, link: str, page: str
) -> None:
    made = first_view()
    baked = Licensed(made.rows, made.quarantine)
    baked.licences = licences

    async def scenario() -> None:
        with world(tmp_path, baked) as house:
            async with house.gateway() as gateway:
                entry = await gateway.get("/v1/releases/latest")
                assert entry.json()["manifest"]["licence"] == said
                for path in ("/v1/releases/latest", "/results", "/results.csv", f"/indicators/{FIXED}"):
                    assert f'<{link}>; rel="license"' in (await gateway.get(path)).headers["link"], path
                assert (await gateway.get(f"/indicators/{FIXED}")).json()["licence"] == licences[0]
                assert page in (await gateway.client.get("/data")).text
                names = {"PUBLIC_DOMAIN": "Public domain", "OGL-UK-3.0": "Open Government Licence 3.0"}
                assert names[licences[0]] in (await gateway.client.get(f"/indicators/{FIXED}")).text
                assert (await gateway.get("/v1")).json()["licence"] == "OGL-UK-3.0"

    asyncio.run(scenario())
