"""Access: every line that carries a person's number is found, whatever became of it, and nothing of anybody else."""

import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import openpyxl
import polars as pl
import pytest

from services.ingest.source import load_sources
from shared.kit.secretfiles import make_secret
from tests.spec.ingest_service import EPISODES_HEADER, Ingest, episode, episodes_file, prepared, running, sha256
from tests.stores import Stores

FEED, REGISTER = "candour-demo", "candour-demo-consultants"
BOOKS, PARQUET = "fingertips-workbook", "artificial-hes-apc-parquet"
FINGERTIPS: Final = load_sources()[BOOKS].headers[0]
PEOPLE: Final = [f"98{number:05}" for number in range(7, 707, 7)]  # 100 people, five lines each
OWNERS: Final = {gmc: f"9{number:06}" for number, gmc in enumerate(PEOPLE, 10)}  # somebody else beside each
Piece = dict[str, Any]


def mark(gmc: str, where: str) -> str:
    """An episode's id that is planted with a person's line, and no other."""
    return f"E{5_000_000 + 10 * PEOPLE.index(gmc) + 'AQCS'.index(where):07d}"


@pytest.fixture(scope="module")
def ingest(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    with running(*prepared(tmp_path_factory.mktemp("ingest"), stores)) as service:
        plant(service)
        yield service


def first_file() -> bytes:
    rows = []
    for number, gmc in enumerate(PEOPLE):
        rows += [
            episode(0, episode=mark(gmc, "A"), consultant=gmc),
            episode(0, episode=mark(gmc, "Q"), consultant=gmc, sex="unknown-sex"),  # set aside for another cell
            episode(0, episode=f"E{number:07d}", consultant=OWNERS[gmc], comorbidity=f"see {gmc}"),  # another's line
            f"{mark(gmc, 'S')},ZZ001,{gmc},too,few",  # no row at all
        ]
    return episodes_file(*rows)


def second_file() -> bytes:
    """The first line of everybody once more, and one that is in conflict with it."""
    again = [episode(0, episode=mark(gmc, "A"), consultant=gmc) for gmc in PEOPLE]
    return episodes_file(*again, *(episode(0, episode=mark(gmc, "C"), consultant=gmc) for gmc in PEOPLE))


def plant(service: Ingest) -> None:
    sent = service.send(first_file(), feed=FEED)
    assert (sent["fates"]["accepted"], sent["fates"]["quarantined"]) == (100, 300)
    service.send(second_file(), feed=FEED)
    other = episodes_file(*(episode(0, episode=mark(gmc, "C"), consultant=gmc, died_30_days="1") for gmc in PEOPLE))
    service.send(other, feed=FEED)
    lines = [f"{gmc},Dr Namemark{gmc[::-1]},vascular-surgery,ZZ001" for gmc in PEOPLE]
    service.send("\n".join(["gmc,name,specialty,provider", *lines]).encode() + b"\n", feed=REGISTER)
    service.freeze(FEED)
    wrong = EPISODES_HEADER.replace("consultant", PEOPLE[0]) + "\n"
    assert service.send(wrong.encode(), feed=FEED)["state"] == "refused"


def planted_on(gmc: str) -> set[str]:
    return {*(mark(gmc, where) for where in "AQC"), f"Dr Namemark{gmc[::-1]}", f"see {gmc}"}


def access(service: Ingest, gmc: str) -> tuple[list[Piece], dict[str, int]]:
    answer = service.ask("GET", f"/v1/subject-access/{gmc}", "auditor")
    assert answer.status_code == 200, answer.text
    *pieces, last = [json.loads(line) for line in answer.text.splitlines()]
    counted = {place: sum(one["place"] == place for one in pieces) for place in last["searched"]}
    assert (last["service"], last["searched"]) == ("ingest", counted)
    return pieces, counted


def test_every_planted_line_of_a_person_is_found_and_nobody_elses(ingest: Ingest) -> None:
    for gmc in PEOPLE:
        pieces, counted = access(ingest, gmc)
        whole = json.dumps(pieces)
        assert {one for one in planted_on(gmc) if one not in whole} == set()
        lines = [one["found"] for one in pieces if one["place"] == "lines"]
        fates = sorted((one["fate"], one["own"]) for one in lines)
        expected = [("accepted", True)] * 2 + [("conflict", True)] * 2 + [("not-standing", True)]
        expected += [("quarantined", False)] * 2 + [("quarantined", True)]
        assert fates[: len(expected)] == sorted(expected)
        foreign = [other for other in PEOPLE if other != gmc and any(one in whole for one in planted_on(other))]
        assert foreign == []
        assert OWNERS[gmc] not in whole
        assert counted["tables"] >= 2


def test_another_persons_line_shows_the_one_cell_only(ingest: Ingest) -> None:
    pieces, _ = access(ingest, PEOPLE[5])
    others = [one["found"] for one in pieces if one["place"] == "lines" and not one["found"]["own"]]
    assert {tuple(one["cells"].items()) for one in others} == {
        (("comorbidity", f"see {PEOPLE[5]}"),), (("cell 3", PEOPLE[5]),),
    }  # fmt: skip
    assert [one["line"] for one in others] == [2 + 4 * 5 + 2, 2 + 4 * 5 + 3]
    assert {one["sha256"] for one in others} == {sha256(first_file())}


def test_snapshots_and_refusals_say_that_they_have_the_person(ingest: Ingest) -> None:
    pieces, counted = access(ingest, PEOPLE[0])
    tables = [one["found"] for one in pieces if one["place"] == "tables"]
    (frozen,) = [one for one in tables if one.get("snapshots")]
    assert (frozen["rows"], frozen["snapshots"][0]["feed"]) == (1, FEED)
    assert counted["refusals"] == 1


def test_who_is_nowhere_is_found_nowhere(ingest: Ingest) -> None:
    assert access(ingest, "9999999") == ([], {"lines": 0, "refusals": 0, "tables": 0})
    assert ingest.ask("GET", "/v1/subject-access/99", "auditor").status_code == 422
    assert ingest.ask("GET", "/v1/subject-access/9999999?x=1", "auditor").status_code == 422


def test_a_long_file_is_searched_in_pieces(stores: Stores, tmp_path: Path) -> None:
    """Across the edges of blocks: lines are found where they are."""
    rows = [episode(number, consultant="9900002") for number in range(120_000)]
    for line in (0, 59_999, 119_999):
        rows[line] = episode(line, consultant="9812345")
    with running(*prepared(tmp_path, stores)) as service:
        service.send(episodes_file(*rows), feed=FEED)
        pieces, _ = access(service, "9812345")
    assert [one["found"]["line"] for one in pieces if one["place"] == "lines"] == [2, 60_001, 120_001]


def packed(form: str, text: bytes) -> bytes:
    if form == "gzip":
        return gzip.compress(text)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sent.csv", text)
    return out.getvalue()


@pytest.mark.parametrize("form", ["gzip", "zip"])
def test_lines_are_found_inside_of_archives(stores: Stores, tmp_path: Path, form: str) -> None:
    mine, other = episode(1, consultant="9812345"), episode(2, consultant="9900002", comorbidity="see 9812345")
    wrong = episodes_file(mine).replace(b"urgency", b"hurry")
    with running(*prepared(tmp_path, stores)) as service:
        service.send(packed(form, episodes_file(episode(0), mine, other)), feed=FEED)
        assert service.send(packed(form, wrong), feed=FEED)["state"] == "refused"
        pieces, _ = access(service, "9812345")
    lines = [one["found"] for one in pieces if one["place"] == "lines"]
    assert [(one["line"], one["own"], one["fate"]) for one in lines] == [
        (3, True, "accepted"), (4, False, "quarantined"), (2, True, "refused"),
    ]  # fmt: skip
    assert lines[0]["cells"]["episode"] == "E0000001"
    assert lines[1]["cells"] == {"comorbidity": "see 9812345"}


def test_a_workbook_and_a_parquet_file_are_searched_and_in_nobodys_way(stores: Stores, tmp_path: Path) -> None:
    """The word that is recorded of them where others have an encoding is none."""
    settings, passwords = prepared(tmp_path, stores)
    make_secret(settings.secrets_dir, "ingest-pseudonyms")
    rows = [["9812345", "1", "asked of 9812345, not of 9900002"], ["9900002", "2", "another"]]
    with running(settings, passwords) as service:
        read = service.send(workbook(FINGERTIPS, *rows), feed=BOOKS, name="upload-1.xlsx")
        service.send(workbook(["Title"], *rows[:1]), feed=BOOKS, name="upload-2.xlsx")
        service.send(b"9812345, and not a workbook", feed=BOOKS, name="upload-3.xlsx")
        service.send(parquet(), feed=PARQUET, name="artificial_hes_apc_0102.parquet")
        pieces, _ = access(service, "9812345")
    assert read["state"] == "checked"
    lines = [one["found"] for one in pieces if one["place"] == "lines"]
    assert [(one["feed"], one["line"], one["own"], one["fate"]) for one in lines] == [
        (BOOKS, 2, False, "quarantined"), *[(BOOKS, line, False, "refused") for line in (2, 1)],
        (PARQUET, 2, False, "refused"),
    ]  # fmt: skip
    told = ["9812345", "asked of 9812345, not of [another number]"]
    assert [list(one["cells"].values()) for one in lines] == [told, told, ["9812345"], ["9812345"]]


def workbook(*rows: list[str]) -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.title = "PHOLIO"
    for row in rows:
        sheet.append(row)
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    out = io.BytesIO()
    pl.DataFrame({"a": ["x", "9812345"], "b": ["9900002", "y"]}).write_parquet(out)
    return out.getvalue()
