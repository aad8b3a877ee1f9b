"""A subject's cases and their pack for peer review: right about themselves, and silent about anybody else."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from services.ratings.casemix.mix import exact_shares, nearest_five, safe_shares
from services.ratings.store.remembering import keys_of_named
from services.ratings.workflow.previewing import preview_of
from shared.contracts.pack import CaseMix, OwnCases, Pack, PackResult
from shared.contracts.public.results import PublishedResult
from tests.stores import Stores
from tests.unit.told_rig import ROLES, Told, told_in, with_outliers

PUBLISHED, REVIEWED = "2026-07-01", "2026-09-30"
CARDIAC = "adult-cardiac-surgery-mortality-30d"
PROGRAMME = "adult-cardiac-surgery-consultant-outcomes"


@pytest.fixture(scope="module")
def engine() -> str:
    """What is shown here is read from files; the database only says which."""
    return "sqlite"


@pytest.fixture(scope="module")
def told(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with told_in(tmp_path_factory.mktemp("ratings"), stores) as running:
        running.submitted(PUBLISHED)
        running.publish(PUBLISHED)
        running.submitted(REVIEWED)
        yield running


def subjects(told: Told, level: str, indicator: str = CARDIAC) -> list[str]:
    own = told.results(REVIEWED).filter((pl.col("level") == level) & (pl.col("indicator") == indicator))
    return sorted(own["subject"])


def cases(told: Told, level: str, subject: str) -> dict[str, CaseMix]:
    found = told.rig.done(told.be(ROLES[level], subject), "GET", "/v1/me/cases")
    (release,) = OwnCases.model_validate(found).releases
    assert release.release == REVIEWED
    return {one.indicator: one for one in release.indicators}


def pack(told: Told, level: str, subject: str) -> dict[str, PackResult]:
    found = told.rig.ask(told.be(ROLES[level], subject), "GET", "/v1/me/pack")
    assert (found.status_code, found.headers["Cache-Control"]) == (200, "no-store")
    (release,) = Pack.model_validate_json(found.content).releases
    return {one.result.indicator.id: one for one in release.results}  # type: ignore[union-attr]  # whole rows


def episodes() -> pl.DataFrame:
    return with_outliers().episodes.filter(pl.col("specialty") == "adult-cardiac-surgery")


def test_a_consultant_sees_their_own_counts_exactly(told: Told) -> None:
    with_unit = 0
    for consultant in subjects(told, "consultant"):
        mix = cases(told, "consultant", consultant)[CARDIAC]
        own = episodes().filter(pl.col("consultant") == consultant)
        units = episodes().filter(pl.col("provider").is_in(own["provider"].unique().to_list()))
        others = set(units["consultant"].drop_nulls()) - {consultant}
        assert mix.cases == own.height
        for factor in mix.factors:
            filled = own[factor.factor].fill_null("missing")
            told_levels = {one.level: one.cases for one in factor.levels if one.cases}
            assert told_levels == dict(filled.value_counts().iter_rows())
            has_unit = any(one.unit_share is not None for one in factor.levels)
            assert has_unit is (len(others) >= 3)
            with_unit += has_unit
            assert any(one.all_share is not None for one in factor.levels)
        assert bool(mix.says) is (len(others) < 3)
    assert with_unit


def test_a_hospital_sees_counts_that_point_at_no_patient(told: Told) -> None:
    withheld = 0
    for unit in subjects(told, "provider"):
        mix = cases(told, "provider", unit)[CARDIAC]
        counts = [one.cases for factor in mix.factors for one in factor.levels if one.cases is not None]
        (own,) = (one for one in told.own("provider", unit, REVIEWED) if one["result"]["indicator"]["id"] == CARDIAC)
        withheld += own["public"] != "shown"
        assert (mix.cases is not None) is (own["public"] == "shown") is bool(counts)
        assert {count % 5 for count in counts} <= {0}
        assert all(one.unit_share is None for factor in mix.factors for one in factor.levels)
    assert withheld


def test_no_count_or_share_tells_of_a_small_group() -> None:
    assert [nearest_five(count) for count in (0, 1, 7, 8, 12, 13)] == [0, None, None, 10, 10, 15]
    assert exact_shares({"a": 1, "b": 3}) == {"a": 25, "b": 75}
    assert exact_shares({"a": 0}) == {"a": None}
    assert safe_shares({"a": 30, "b": 50, "c": 20, "d": 0}) == {"a": 30, "b": 50, "c": 20, "d": 0}
    assert safe_shares({"a": 30, "b": 65, "c": 5}) == {"a": None, "b": 65, "c": None}
    assert safe_shares({"a": 84, "b": 9, "c": 7}) == {"a": 84, "b": None, "c": None}
    assert safe_shares({"a": 9}) == {"a": None}


def test_charts_end_where_the_result_is(told: Told) -> None:
    """Deaths expected less deaths observed, case after case in the order of dates, end at the release's own numbers."""
    frame = told.results(REVIEWED).filter(pl.col("indicator") == CARDIAC)
    for level in ("consultant", "provider"):
        for subject in subjects(told, level)[:4]:
            found = pack(told, level, subject)[CARDIAC]
            row = frame.filter((pl.col("level") == level) & (pl.col("subject") == subject)).row(0, named=True)
            if found.public != "shown" and level == "provider":
                assert found.chart is None
                continue
            assert found.chart is not None
            assert found.chart.dates == sorted(found.chart.dates)
            assert len(found.chart.vlad) == len(found.chart.rising) == len(found.chart.falling) == row["cases"]
            assert found.chart.vlad[-1] == pytest.approx(row["expected"] - row["observed"], abs=0.001)
            assert min(found.chart.rising) >= 0


def test_a_chart_signals_where_patients_died_who_were_not_expected_to(told: Told) -> None:
    frame = told.results(REVIEWED).filter((pl.col("indicator") == CARDIAC) & (pl.col("level") == "consultant"))
    worst = frame.sort("ratio", descending=True)["subject"][0]
    chart = pack(told, "consultant", worst)[CARDIAC].chart
    assert chart is not None
    assert chart.rising_signals
    assert not chart.falling_signals
    assert all(chart.rising[case - 1] >= chart.threshold for case in chart.rising_signals)
    assert chart.in_control is not None
    assert chart.out_of_control is not None
    assert chart.in_control > 10 * chart.out_of_control


def test_others_are_points_without_names(told: Told) -> None:
    consultant = subjects(told, "consultant")[0]
    found = pack(told, "consultant", consultant)[CARDIAC]
    of_people = (pl.col("indicator_id") == CARDIAC) & (pl.col("level") == "consultant")
    public = told.rig.table(PUBLISHED, "rows").filter(of_people, pl.col("consultant_id") != consultant)
    assert found.funnel.others_of == PUBLISHED
    ratios = sorted(round(one, 1) for one in public["standardised_ratio"])
    assert sorted(one.ratio for one in found.funnel.others) == ratios
    assert all(float(f"{one.expected:.2g}") == one.expected for one in found.funnel.others)
    assert [one.expected for one in found.funnel.others] == sorted(one.expected for one in found.funnel.others)
    assert found.funnel.curve is not None
    assert found.funnel.own is not None
    assert set(type(found.funnel.others[0]).model_fields) == {"expected", "ratio"}


def test_nobody_elses_figures_come_out_of_a_release_that_is_not_out(tmp_path: Path) -> None:
    """Of those whom colleagues could see as points, some may withdraw before publication. Then a partner who covers a
    refuser may be let go, and who had kept the point of the one could take it away from the sum of both."""
    with told_in(tmp_path, Stores(None)) as first:
        first.submitted(REVIEWED)
        for level in ("consultant", "provider"):
            for subject in subjects(first, level)[:2]:
                found = pack(first, level, subject)[CARDIAC]
                assert (found.funnel.others, found.peers, found.better) == ([], 0, [])
        before = _hidden(first)
        let_go = []
        for one in sorted(set(subjects(first, "consultant")) - before):
            first.rig.withdraw(one, PROGRAMME)
            let_go += sorted(before - _hidden(first))
            first.rig.give(one, PROGRAMME)
        assert let_go  # so this is about something


def _hidden(told: Told) -> frozenset[str]:
    fates = preview_of(told.rig.office, REVIEWED).given.fates
    (found,) = (one.hidden for (indicator, _), one in fates.items() if indicator == CARDIAC)
    return found


def test_peers_who_do_better_are_published_and_their_ranges_lie_apart(told: Told) -> None:
    frame = told.results(REVIEWED).filter((pl.col("indicator") == CARDIAC) & (pl.col("level") == "consultant"))
    worst = frame.sort("ratio", descending=True)["subject"][0]
    found = pack(told, "consultant", worst)[CARDIAC]
    public = {row["id"]: row for row in told.rig.table(PUBLISHED, "rows").iter_rows(named=True)}
    assert found.better
    assert isinstance(found.result, PublishedResult)
    assert 3 <= found.peers <= 10
    for one in found.better:
        row = public[one.result]
        assert (one.release, one.name, one.upper) == (PUBLISHED, row["consultant_name"], row["interval_upper"])
        assert one.upper < one.own_lower == found.result.value.interval.lower  # type: ignore[union-attr]  # it is there
        assert "does not say why" in one.says
    assert found.mix is not None
    assert any(level.peer_share is not None for factor in found.mix.factors for level in factor.levels)
    best = frame.filter(pl.col("ratio") > 0).sort("ratio")["subject"][0]
    assert pack(told, "consultant", best)[CARDIAC].better == []


def test_nobody_is_named_while_a_withdrawal_waits_for_its_view(told: Told) -> None:
    """The live view still has rows that gateways hide by now: those of whoever withdrew, and those that cover them."""
    frame = told.results(REVIEWED).filter((pl.col("indicator") == CARDIAC) & (pl.col("level") == "consultant"))
    worst = frame.sort("ratio", descending=True)["subject"][0]
    named = pack(told, "consultant", worst)[CARDIAC].better[0].subject
    told.rig.withdraw(named, PROGRAMME)
    found = pack(told, "consultant", worst)[CARDIAC]
    assert (found.peers, found.better, found.funnel.others) == (0, [], [])
    assert told.rig.follower().follow() == [PUBLISHED]
    after = pack(told, "consultant", worst)[CARDIAC]
    assert after.peers
    assert named not in {one.subject for one in after.better}


def test_a_partner_who_has_no_row_and_withdraws_hides_others_too(told: Told) -> None:
    """Gateways hide what goes with somebody whom the live view hides as a partner; the pack must not show it longer."""
    with told.rig.office.store.reading() as tx:
        named = {who for (of, _), who in keys_of_named(tx).items() if of == PROGRAMME}
    rows = told.rig.table(PUBLISHED, "rows").filter(pl.col("indicator_id") == CARDIAC)
    partners = sorted((named & set(subjects(told, "consultant"))) - set(rows["consultant_id"]))
    assert partners
    reader = next(one for one in subjects(told, "consultant") if one not in partners)
    assert pack(told, "consultant", reader)[CARDIAC].peers
    told.rig.withdraw(partners[0], PROGRAMME)
    found = pack(told, "consultant", reader)[CARDIAC]
    assert (found.peers, found.better, found.funnel.others) == (0, [], [])
    assert told.rig.follower().follow() == [PUBLISHED]
    assert pack(told, "consultant", reader)[CARDIAC].peers
