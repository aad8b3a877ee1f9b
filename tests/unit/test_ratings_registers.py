"""Organisations: registers put in order, chains of successors, and a merged trust's result under its successor."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.ratings.assembly.registers import (
    NOT_STATED,
    in_order,
    listed,
    providers_of_counts,
    providers_of_register,
)
from services.ratings.assembly.schema import FRAMES, PROVIDERS, BuildRefused, as_declared, completed
from services.ratings.assembly.succession import NO_SUCCESSIONS, links_of, successions_of
from services.ratings.store.frames import Frames
from services.ratings.view.entries import provider_entries
from services.ratings.view.rows import numbered
from services.ratings.workflow.measuring import told_of_registers
from shared.contracts.views import ROW_COLUMNS, ROW_TYPES

APRIL = date(2012, 4, 1)
TODAY = date(2026, 9, 30)
ISLE, NEWER = "5QT", "R1F"


def register(source: str = "ODS", **columns: Iterable[Any]) -> pl.DataFrame:
    return providers_of_register(pl.DataFrame(columns), source, False)


def links(*pairs: tuple[str, str, date | None], as_of: date = TODAY) -> Any:
    frame = pl.DataFrame(
        list(pairs), schema={"provider": pl.String, "successor": pl.String, "since": pl.Date}, orient="row"
    )
    return links_of([frame], as_of)


def successions(*pairs: tuple[str, str, date | None], known: str) -> list[tuple[Any, ...]]:
    return successions_of(links(*pairs), known.split()).rows()


def test_an_older_register_has_four_columns_and_says_nothing_of_closing() -> None:
    old = register(provider=["ZZ1"], name=["A"], kind=["hospital"], region=["Wessex"])
    assert old.row(0, named=True) == {
        "id": "ZZ1", "name": "A", "kind": "hospital", "region": "Wessex", "register_source": "ODS", "synthetic": False,
        "town": None, "postcode": None, "opened": None, "closed": None, "parent": None, "says_closing": None,
    }  # fmt: skip
    (entry,) = provider_entries(old, TODAY)
    assert entry.active is None
    assert entry.model_dump(exclude_none=True) == {
        "id": "ZZ1", "name": "A", "kind": "hospital", "region": "Wessex", "register_source": "ODS",
        "register_as_of": TODAY, "synthetic": False, "succession": [],
    }  # fmt: skip


def test_a_register_with_days_says_who_is_open() -> None:
    rows = register(
        provider=["A", "B", "C"], name=["a", "b", "c"], kind=["trust"] * 3, region=[None, "X", "X"],
        closed=pl.Series([None, date(2020, 3, 31), date(2027, 3, 31)], dtype=pl.Date), parent=["C", None, None],
    )  # fmt: skip
    found = provider_entries(rows, TODAY)
    assert [one.active for one in found] == [True, False, True]
    assert [one.region for one in found] == [NOT_STATED, "X", "X"]
    assert found[0].parent == "C"


def test_a_frame_of_an_earlier_version_is_completed() -> None:
    kept = pl.DataFrame({"id": ["A"], "name": ["a"], "kind": ["hospital"], "region": ["X"], "register_source": ["r"],
                         "synthetic": [True]})  # fmt: skip
    (entry,) = provider_entries(completed(kept, "providers"), TODAY)
    assert (entry.active, entry.town, entry.succession) == (None, None, [])


def test_the_first_register_gives_all_the_facts_and_the_rows_come_last() -> None:
    first = register("one", provider=["A"], name=["ALPHA  trust"], kind=["trust"], region=["X"])
    second = register("two", provider=["A", "B"], name=["Alpha Trust", "Beta"], kind=["area", "trust"],
                      region=["Y", "Y"], town=["Town", "Town"])  # fmt: skip
    rows = providers_of_counts(
        pl.DataFrame({"provider": ["A", "C"], "provider_name": ["Quite another", "Gamma"],
                      "period_end": [TODAY] * 2}), "figures", kind="trust",
    )  # fmt: skip
    found = in_order([first, second], [rows])
    assert found.providers.select("id", "name", "kind", "region", "town", "register_source").rows() == [
        ("A", "ALPHA  trust", "trust", "X", None, "one"),
        ("B", "Beta", "trust", "Y", "Town", "two"),
        ("C", "Gamma", "trust", NOT_STATED, None, "figures"),
    ]
    assert found.differences.is_empty()  # case and spaces make no other name; names of rows are not the registers'


def test_another_name_in_a_later_register_is_reported_and_the_first_stands() -> None:
    first = register("one", provider=["A"], name=["Alpha"], kind=["trust"], region=["X"])
    second = register("two", provider=["A"], name=["Alpha and Omega"], kind=["trust"], region=["X"])
    found = in_order([first, second, second])
    assert found.providers["name"].to_list() == ["Alpha"]
    assert found.differences.rows() == [("A", "Alpha", "one", "Alpha and Omega", "two")]


def test_the_gate_is_told_how_many_and_which(tmp_path: Path) -> None:
    """By code, so that somebody can look them up; a difference holds nothing up."""
    codes = [f"P{number:02}" for number in range(12)]
    first, second = (
        register(source, provider=codes, name=[f"{source} {code}" for code in codes], kind=["trust"] * 12,
                 region=["X"] * 12)
        for source in ("one", "two")
    )  # fmt: skip
    frames = Frames(tmp_path)
    kept = frames.keep(in_order([first, second]).differences, FRAMES["register_differences"][1])
    assert told_of_registers(frames.load(kept)) == {
        "registers_differ": 12, "registers_differ_on": ", ".join(codes[:10]),
    }  # fmt: skip


def test_one_register_with_a_code_twice_is_refused() -> None:
    twice = register(provider=["A", "A"], name=["a", "b"], kind=["trust"] * 2, region=["X"] * 2)
    with pytest.raises(BuildRefused, match="one code twice"):
        in_order([twice])


def test_the_name_of_the_latest_period_counts_and_totals_are_nobody() -> None:
    rows = pl.DataFrame({
        "provider": ["A", "A", "ALL"], "provider_name": ["Newer", "Older", "Everywhere"], "region": ["X", "W", "Z"],
        "aggregate": [False, False, True], "measure": ["m"] * 3,
        "period_start": [date(2012, 1, 1), date(2011, 1, 1), date(2012, 1, 1)],
        "period_end": [date(2012, 12, 31), date(2011, 12, 31), date(2012, 12, 31)],
    })  # fmt: skip
    assert providers_of_counts(rows, "p").select("id", "name", "region").rows() == [("A", "Newer", "X")]
    assert providers_of_counts(rows.drop("provider_name"), "p").is_empty()


def test_the_kind_of_whom_no_register_knows_is_read_off_the_code() -> None:
    rows = pl.DataFrame({"provider": ["R1F", "A81001", "R1FX"], "provider_name": ["a", "b", "c"]})
    found = providers_of_counts(rows, "p", {"R..": "trust", "[A-Z][0-9]{5}": "gp-practice"}, "other")
    assert found.select("id", "kind").rows() == [("A81001", "gp-practice"), ("R1F", "trust"), ("R1FX", "other")]


def test_a_chain_is_followed_to_its_end() -> None:
    """A became B in 2005 and B became C in 2012: results of both are found under C, each with the day of C."""
    early = date(2005, 10, 1)
    found = successions(("A", "B", early), ("B", "C", APRIL), known="A B C")
    assert found == [("A", "B", early, False), ("A", "C", APRIL, True), ("B", "C", APRIL, True)]


def test_a_link_through_an_organisation_that_no_register_knows_is_followed() -> None:
    assert successions(("A", "B", None), ("B", "C", APRIL), known="A C") == [("A", "C", APRIL, True)]


def test_a_successor_outside_every_register_is_not_shown_and_the_results_stay() -> None:
    assert successions(("A", "B", APRIL), known="A") == []


def test_an_organisation_that_was_split_keeps_its_results_and_names_its_successors() -> None:
    found = successions(("A", "B", APRIL), ("B", "C", APRIL), ("B", "D", APRIL), known="A B C D")
    assert [(before, after) for before, after, _, heir in found if heir] == [("A", "B")]
    assert [(before, after) for before, after, _, heir in found if before == "B"] == [("B", "C"), ("B", "D")]


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ((("A", "A"),), "A → A"),
        ((("A", "B"), ("B", "C"), ("C", "A")), "A → B → C → A"),
        ((("X", "A"), ("A", "B"), ("A", "C"), ("C", "D"), ("D", "A")), "A → C → D → A"),
    ],
)
def test_a_circle_is_refused_with_its_codes(pairs: tuple[tuple[str, str], ...], told: str) -> None:
    with pytest.raises(BuildRefused, match=f"in a circle: {told}$"):
        successions(*((one, other, None) for one, other in pairs), known="A")


def test_two_ways_to_one_successor_are_no_circle() -> None:
    found = successions(("A", "B", None), ("A", "C", None), ("B", "D", None), ("C", "D", None), known="A D")
    assert found == [("A", "D", None, False)]


def test_ten_thousand_links_in_one_chain_are_no_trouble() -> None:
    chain = [(f"P{n:05}", f"P{n + 1:05}", None) for n in range(10_000)]
    found = successions_of(links(*chain), ["P00000", "P10000"])
    assert found.rows() == [("P00000", "P10000", None, True)]


def test_what_is_planned_has_not_happened() -> None:
    assert links(("A", "B", APRIL), as_of=date(2012, 3, 31)) == {}
    assert links(("A", "B", APRIL), as_of=APRIL) == {"A": {"B": APRIL}}


def test_a_later_source_gives_the_day_that_the_first_has_not() -> None:
    first = pl.DataFrame({"provider": ["A"], "successor": ["B"]})
    second = pl.DataFrame({"provider": ["A"], "successor": ["B"], "since": [APRIL]})
    assert links_of([first, second], TODAY) == {"A": {"B": APRIL}}


def test_a_row_without_a_successor_says_that_there_is_none() -> None:
    frame = pl.DataFrame({"provider": ["A", "B"], "successor": [None, "C"]})
    assert links_of([frame], TODAY) == {"B": {"C": None}}


def isle_of_wight() -> tuple[pl.DataFrame, pl.DataFrame]:
    """As the SHMI's files and the register of trusts know them."""
    ods = register(
        provider=[NEWER, "R0A", "QRL"], name=["Isle of Wight NHS Trust", "Manchester", "An ICB"],
        kind=["trust", "trust", "area"], region=["South East", "North West", "South East"], town=["Newport", "M", "S"],
        postcode=["PO30 5TG", "M13 9WL", None], opened=[APRIL, APRIL, APRIL],
        closed=pl.Series([None, None, None], dtype=pl.Date), parent=["QRL", "QOP", None],
    )  # fmt: skip
    rows = providers_of_counts(
        pl.DataFrame({"provider": [ISLE], "provider_name": ["Isle of Wight NHS Primary Care Trust"],
                      "period_end": [date(2011, 3, 31)]}), "HSCIC", kind="trust",
    )  # fmt: skip
    places = in_order([ods], [rows]).providers
    return places, successions_of(links((ISLE, NEWER, APRIL)), places["id"].to_list())


def test_a_release_lists_those_with_results_and_their_next_of_kin() -> None:
    places, found = isle_of_wight()
    kept = listed(places, found, [ISLE])
    assert kept.select("id", "parent").rows() == [(ISLE, None), ("QRL", None), (NEWER, "QRL")]
    assert listed(places, NO_SUCCESSIONS, ["R0A"]).select("id", "parent").rows() == [("R0A", None)]  # QOP is unknown


def test_both_ends_of_a_succession_say_so_and_the_one_that_ended_is_not_active() -> None:
    places, found = isle_of_wight()
    entries = {one.id: one for one in provider_entries(places, TODAY, found)}
    (after,), (before,) = entries[ISLE].succession, entries[NEWER].succession
    assert (after.relation, after.id, after.name, after.since) == ("successor", NEWER, "Isle of Wight NHS Trust", APRIL)
    assert (before.relation, before.id, before.since) == ("predecessor", ISLE, APRIL)
    assert (entries[ISLE].active, entries[NEWER].active) == (False, True)
    assert (entries[NEWER].town, entries[NEWER].postcode, entries[NEWER].opened) == ("Newport", "PO30 5TG", APRIL)


def test_a_row_is_its_heirs_and_says_about_whom_it_was_published() -> None:
    places, found = isle_of_wight()
    kinds = {"int": pl.Int64, "text": pl.String, "float": pl.Float64, "date": pl.Date}
    columns = {name: kinds[ROW_TYPES[name]] for name in ROW_COLUMNS if name not in ("provider_name", "provider_kind",
               "consultant_name")}  # fmt: skip
    own = {"level": "provider", "indicator_id": "shmi", "period_id": "2010-04_2011-03", "estimate": 1.18}
    rows = pl.DataFrame(
        [own | {"provider_id": ISLE, "subject": ISLE}, own | {"provider_id": NEWER, "subject": NEWER},
         own | {"provider_id": ISLE, "subject": "9900001", "level": "consultant"}],
        schema=columns | {"subject": pl.String},
    ).drop("row", "id")  # fmt: skip
    nobody = as_declared([], "consultants")
    made = numbered(rows, b"salt", places, nobody, successions=found)
    told = ("level", "subject", "provider_id", "provider_name", "reported_as_id", "reported_as_name")
    assert made.select(told).rows() == [
        ("consultant", "9900001", ISLE, "Isle of Wight NHS Primary Care Trust", None, None),
        ("provider", ISLE, NEWER, "Isle of Wight NHS Trust", ISLE, "Isle of Wight NHS Primary Care Trust"),
        ("provider", NEWER, NEWER, "Isle of Wight NHS Trust", None, None),
    ]  # fmt: skip
    before = numbered(rows, b"salt", places, nobody)
    assert before["id"].to_list() == made["id"].to_list()  # what an id stands for does not move with a merger
    assert before["reported_as_id"].null_count() == 3


def test_the_columns_of_the_contract_are_those_of_the_frame() -> None:
    assert {"town", "postcode", "opened", "closed", "parent"} < set(PROVIDERS)
