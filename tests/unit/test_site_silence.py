"""Pages while consent is out of reach: what depends on nobody is whole, and a page that mixes says what is missing."""

import asyncio
import html
from pathlib import Path

import pytest

from services.gateway.site.pages.subjects import first_to_compare
from tests.browser.audit_view import CHOSEN, LABELS, SMALL, Audit, audit
from tests.unit.test_gateway_baked import FIXED, MIXED
from tests.unit.test_gateway_world import Gateway, World, world

STATESIDE = "ZZ120"
NOTICE = "Some figures cannot be shown just now"


def with_a_fixed_hospital() -> Audit:
    """STATESIDE has rows of the fixed indicator only, as a hospital of New York has."""
    made = audit()
    made.rows = [row for row in made.rows if row["provider_id"] != STATESIDE or row["indicator_id"] == FIXED]
    return made


def silent(folder: Path, *addresses: str) -> dict[str, tuple[int, str, str]]:
    """Status, cache class and text of each page while consent is away."""

    async def scenario(made: World) -> dict[str, tuple[int, str, str]]:
        async with made.gateway(poll_seconds=60.0) as gateway:
            made.consent_at.stop()
            found = {one: await gateway.client.get(one) for one in addresses}
            made.consent_at.start()
            return {one: (got.status_code, got.headers["cache-control"], html.unescape(got.text))
                    for one, got in found.items()}  # fmt: skip

    with world(folder, with_a_fixed_hospital()) as made:
        return asyncio.run(scenario(made))


def test_a_hospital_that_depends_on_nobody_is_shown_whole_and_without_a_notice(tmp_path: Path) -> None:
    found = silent(tmp_path, f"/providers/{STATESIDE}", f"/providers/{SMALL}")
    for status, cache, text in found.values():
        assert (status, cache, NOTICE in text) == (200, "public, max-age=300", False)
    _, _, text = found[f"/providers/{STATESIDE}"]
    assert LABELS[FIXED] in text
    assert "<svg" in text
    assert LABELS[MIXED] not in text


def test_a_mixed_page_says_which_figures_cannot_be_shown_just_now(tmp_path: Path) -> None:
    status, cache, text = silent(tmp_path, f"/providers/{CHOSEN}")[f"/providers/{CHOSEN}"]
    assert (status, cache) == (200, "no-store")
    notice = text.split(NOTICE)[1].split("</div>")[0]
    assert LABELS[MIXED] in notice
    assert "the list of consultants" in notice
    assert LABELS[FIXED] not in notice
    assert LABELS[FIXED] in text


def test_what_is_hidden_now_does_not_make_a_hospital_independent(tmp_path: Path) -> None:
    """All revocable rows of CHOSEN are withdrawn: the answer still waits for the check, as it did before."""

    async def scenario(made: World, gateway: Gateway) -> None:
        for gmc in [gmc for gmc, ids in made_by.quarantine.items() if set(ids) & here]:
            made.consent.withdraw(gmc)
        assert (await gateway.get(f"/providers/{CHOSEN}/results")).status_code == 200
        made.consent_at.stop()
        assert (await gateway.get(f"/providers/{CHOSEN}/results")).status_code == 503
        assert (await gateway.get(f"/results?provider={CHOSEN}")).status_code == 503
        assert (await gateway.get(f"/providers/{STATESIDE}/results")).status_code == 200
        made.consent_at.start()

    async def run(made: World) -> None:
        async with made.gateway(poll_seconds=60.0) as gateway:
            await scenario(made, gateway)

    made_by = with_a_fixed_hospital()
    here = {row["id"] for row in made_by.rows if row["provider_id"] == CHOSEN and row["partition"] == "revocable"}
    assert here
    with world(tmp_path, made_by) as house:
        asyncio.run(run(house))


def a_row(indicator: str, status: str = "published", position: str = "within") -> dict[str, object]:
    return {"id": f"r-{indicator}", "status": status, "indicator": {"id": indicator}, "subject": {"id": "ZZ1"},
            "period": {"end": "2026-03-31"}, "comparison": {"status": "rated", "position": position}}  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        ([a_row("a"), a_row("b")], "a"),
        ([a_row("a"), a_row("b", position="above_control")], "b"),
        ([a_row("a", position="above_warning"), a_row("b", position="below_control")], "b"),
        ([a_row("a", "not_published"), a_row("b")], "b"),
        ([a_row("a", "suppressed"), a_row("b", "suppressed")], "a"),
    ],
)
def test_the_chart_begins_with_a_signal_and_never_where_nothing_is_published(
    rows: list[dict[str, object]], first: str
) -> None:
    """ "The first indicator with a published row of that provider, one beyond control limits first"."""
    labels = [{"id": "b", "label": "Beta"}, {"id": "a", "label": "Alpha"}]
    assert first_to_compare(rows, labels) == first
    assert first_to_compare([], []) is None
