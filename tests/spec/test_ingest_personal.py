"""What tells who a patient is stays at the door: it is set aside, said by its kind, and repeated nowhere."""

import random
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from services.ingest.checks import LINE, check
from services.ingest.personal import EVERY, in_header, kind_of, kinds_in
from services.ingest.pseudonyms import KEY, load_key, pseudonym
from services.ingest.reading.header import head_of
from services.ingest.refusals import Refused, excerpt
from services.ingest.source import Source, load_sources
from shared.kit.secretfiles import make_secret
from tests.spec.ingest_service import prepared, running
from tests.spec.test_ingest_values import checked, one, source_of

NUMBERS = ["943 476 5919", "9434765919", "943-476-5919", "4010232137", "NHS no. 943 476 5919.", "(943.476.5919)"]
POSTCODES = ["SW1A 1AA", "sw1a1aa", "M1 1AE", "12 High Street, Leeds LS1 4AP", "EC1A\u00a01BB", "GIR 0AA"]
BIRTHS = ["12/03/1950", "1950-03-12", "19500312", "3 March 1950", "12-Mar-50", "born 12.03.1950", "March 12, 1950"]
NAMES = ["Mr John Smith", "Mrs A Patel", "seen: Ms. O'Brien", "SMITH, John", "O'NEILL-JONES, Mary Jane"]
E_MAILS = [
    "a@b.uk",
    "first.last@trust.nhs.example",
    "mail: o'brien+x@x-y.example.",
    "<one@example.org>",
    "A_1@EXAMPLE.COM",
]
TELEPHONES = [
    "01632 960123", "(01632) 960123", "020 7946 0123", "(020)  7946-0123", "0113-496-0123", "tel. 0161 496 0123.",
    "07700 900123", "07700900123", "+447700900123", "+44 (0)7700 900 123", "0044 20 7946 0123", "+44 1632 960123",
]  # fmt: skip
PLANTED = {
    "nhs-number": NUMBERS, "postcode": POSTCODES, "date-of-birth": BIRTHS, "name": NAMES, "e-mail": E_MAILS,
    "telephone": TELEPHONES,
}  # fmt: skip
DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PLANTED.items() for text in texts])
def test_what_people_write_is_known(kind: str, text: str) -> None:
    assert kind_of(text) == kind
    assert kinds_in(pl.Series([text]), EVERY).to_list() == [kind], "what is looked for fast leaves nothing out"


@pytest.mark.parametrize(
    "text",
    [
        "943 476 5918", "4444444444", "4857773456a4857773456b4857773456c",
        "TESTLMgmxx4BW0MY95QVCCDpQc0pOIVW", "E54000050", "W2U3Z", "RR101", "SW1A", "B81002", "Standards Met 20/21",
        "2012-2014", "00/13/1950", "1234567", "12345678", "ST MARY'S HOSPITAL", "DR SMITH & PARTNERS",
        "LEEDS, YORKSHIRE", "Birmingham, Alabama", "THE MISSION PRACTICE", "Mrs", "MS CLINIC", "20251332",
        "EQ-5D Index", "70 to 79", "a @ b", "a@b", "5@3 mg", "user@host", "at @trust.example", "01632960123",
        "00071015523", "0300", "01 02 03 04", "2019 0123 456", "0.0123456789", "0.7123456789", "E0123 456789",
        "0800-1600", "0700 to 0730", "0800 to 0830, 0900 to 0930", "0100 2000 3000 4000", "1-0163-2960123",
    ],
)  # fmt: skip
def test_what_tells_nobody_is_taken(text: str) -> None:
    assert kind_of(text) is None
    assert one({"type": "text"}, text) == text


def test_what_is_found_is_said_by_its_kind_alone() -> None:
    _, aside = checked(source_of({"type": "text"}), "Mr John Smith", "943 476 5919")
    assert [(line["code"], line["column"], line["found"]) for line in aside] == [
        ("personal", "cell", "what looks like the name of a person"),
        ("personal", "cell", "what looks like an NHS number"),
    ]
    assert all("nobody" in line["expected"] for line in aside)


@pytest.mark.parametrize(
    "column",
    [
        {"type": "int"},
        {"type": "code", "codes": ["a"]},
        {"type": "text", "pattern": "^[a-z]$", "form": "a letter"},
        {"type": "identifier", "width": 4},
        {"type": "float"},
        {"type": "flag", "yes": ["Y"], "no": ["N"]},
        {"type": "pseudonym", "most_characters": 5},
    ],
)
@pytest.mark.parametrize("text", ["Mr John Smith", "943 476 5919", "SW1A 1AA", "12/03/1950"])
def test_no_cell_of_any_type_is_quoted_with_it(column: dict[str, Any], text: str) -> None:
    source = source_of(column)
    rows, aside = check(pl.DataFrame({LINE: [2], "id": ["k"], "cell": [text]}), source, b"k" * 32)
    assert rows.is_empty()
    assert text not in str(aside.to_dicts())


def test_a_day_that_is_none_is_quoted_in_a_column_of_days() -> None:
    _, aside = checked(
        source_of({"type": "date", "first": "2020-01-01", "last": "2030-01-01"}), "2025-02-30", "LS1 4AP"
    )
    assert [line["found"] for line in aside] == ["2025-02-30", "what looks like a full postcode"]


def test_ten_digits_that_are_nobodys_number_are_an_identifier() -> None:
    column = {"type": "identifier", "width": 10}
    assert one(column, "9434765918") == "9434765918"
    assert one(column, "9434765919") == "<personal>"
    assert one(column | {"may_hold": ["nhs-number"], "why": "Keys of the publisher."}, "9434765919") == "9434765919"


def test_a_source_may_say_what_it_holds_and_why() -> None:
    column = {"type": "text", "may_hold": ["postcode"], "why": "Of the organisation."}
    assert one(column, "LS1 4AP") == "LS1 4AP"
    assert one(column, "Mr John Smith, LS1 4AP") == "<personal>"


def test_a_column_that_is_called_so_holds_it() -> None:
    assert in_header(["Patient Name", "SURNAME", "forename", "NHS_NUMBER", "DOB", "Date of birth", "Name", "Ward"]) == [
        "Patient Name", "SURNAME", "forename", "NHS_NUMBER", "DOB", "Date of birth",
    ]  # fmt: skip
    for header, text in (("Surname", "Smith"), ("Date of birth", "031950"), ("NHS No", "1")):
        columns = [{"from": "id", "type": "text"}, {"from": header, "name": "cell", "type": "text", "required": False}]
        source = source_of({}, columns=columns)
        _, aside = check(pl.DataFrame({LINE: [2, 3], "id": ["a", "b"], header: [text, ""]}), source)
        assert [(line["line"], line["code"]) for line in aside.to_dicts()] == [(2, "personal")]


def test_columns_of_persons_are_named_where_a_header_is_refused() -> None:
    source = source_of({"type": "text"})
    with pytest.raises(Refused) as refused:
        head_of([["id", "cell", "Surname", "Patient Name", "colour"]], source)
    assert "Surname, Patient Name would tell who patients are" in refused.value.refusal.detail
    with pytest.raises(Refused) as refused:
        head_of([["id", "cell", "colour"]], source)
    assert "patients" not in refused.value.refusal.detail


def test_an_excerpt_of_a_file_tells_nobodys_name() -> None:
    assert excerpt(b'"unclosed,Mr John Smith,1', "utf-8") == "what looks like the name of a person"
    assert excerpt(b"x" * 75 + b" 943 476 5919", "utf-8") == "what looks like an NHS number"
    assert excerpt(b"a,b,c", "utf-8") == "a,b,c"


def test_patients_keys_become_pseudonyms_under_the_key(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_key(tmp_path)
    make_secret(tmp_path, KEY)
    key = load_key(tmp_path)
    source = source_of({"type": "pseudonym"})
    texts = pl.DataFrame({LINE: [2, 3, 4, 5], "id": list("abcd"), "cell": ["943 476 5919", " P1 ", "", "P1"]})
    rows, aside = check(texts, source, key)
    first, second, absent, again = rows["cell"].to_list()
    assert (second, absent) == (again, None)
    assert first == pseudonym("9434765919", key) != pseudonym("9434765919", key + b"x")
    assert [len(first), len(second)] == [32, 32]
    assert aside.is_empty()
    with pytest.raises(ValueError, match="no key"):
        check(texts, source)


@pytest.mark.parametrize(
    "spelt", ["943 476 5919", "943-476-5919", "943\u00a0476\u00a05919", "9434 765 919", " 9434765919 "]
)
def test_one_patient_in_two_spellings_has_one_pseudonym(spelt: str) -> None:
    texts = pl.DataFrame({LINE: [2, 3], "id": ["a", "b"], "cell": ["9434765919", spelt]})
    rows, _ = check(texts, source_of({"type": "pseudonym"}), b"k" * 32)
    assert rows["cell"].n_unique() == 1


@pytest.mark.parametrize(
    ("one", "other"), [("943 476 5918", "9434765918"), ("P1", "p1"), ("0116", "116"), ("1 2", "12")]
)
def test_what_may_be_two_patients_has_two_pseudonyms(one: str, other: str) -> None:
    texts = pl.DataFrame({LINE: [2, 3], "id": ["a", "b"], "cell": [one, other]})
    rows, _ = check(texts, source_of({"type": "pseudonym"}), b"k" * 32)
    assert rows["cell"].n_unique() == 2


def test_a_pseudonym_is_what_another_program_makes_of_it() -> None:
    # RFC 4231, test case 2
    assert pseudonym("what do ya want for nothing?", b"Jefe") == "5bdcc146bf60754e6a042426089575c7"


RECORDS = """
id = "records"
label = "Records (synthetic)"
kind = "episodes"
schema_version = 1
synthetic = true
content = "patients"
ground = { kind = "synthetic", instrument = "Made by a test: nobody in it exists" }
encodings = ["utf-8"]
null_tokens = [""]
key = ["record"]

[[columns]]
from = "record"
type = "int"

[[columns]]
each = ["ward", "note"]
type = "text"

[[columns]]
from = "outcome"
type = "code"
codes = ["well", "died"]
"""


def test_of_identifiers_planted_in_a_hundred_thousand_rows_none_is_kept_or_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(7)
    planted = {f"{text} {rng.choice('abc')}" if kind != "date-of-birth" else text: kind
               for kind, texts in PLANTED.items() for text in texts if not text.startswith("SMITH")
               and "," not in text}  # fmt: skip
    lines, expected = ["record,ward,note,outcome"], []
    for number in range(100_000):
        cells = ["Ward 7", "discharged home", "well"]
        if number % 50 == 0:
            cells[rng.randrange(3)] = rng.choice(list(planted))
            expected.append(number + 2)
        lines.append(",".join([str(number), *cells]))
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "records.toml").write_text(RECORDS, encoding="utf-8")
    with running(*prepared(tmp_path, sources_dir=folder)) as ingest:
        content = "\n".join([*lines, ""]).encode()
        sent = ingest.send(content, "records")
        told = ingest.aside(content, feed="records", limit="1000")
        snapshot = ingest.rows(ingest.freeze("records"))
    assert sent["fates"]["quarantined"] == len(expected)
    assert sent["fates"]["accepted"] == 100_000 - len(expected)
    assert [line["line"] for line in told] == expected[: len(told)]
    assert {line["code"] for line in told} == {"personal", "not-in-list"}
    said = " ".join(f"{line['found']} {line['expected']}" for line in told)
    captured = capfd.readouterr()
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and "uploads" not in path.parts]
    for secret in planted:
        assert secret not in said
        assert secret not in captured.out + captured.err
        assert secret.encode() not in snapshot
        assert not [path for path in kept if secret.encode() in _plain(path)]


def _plain(path: Path) -> bytes:
    """What a file holds, a table as text."""
    return pl.read_parquet(path).write_csv().encode() if path.suffix == ".parquet" else path.read_bytes()


@pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here")
def test_names_and_addresses_of_organisations_raise_no_alarm() -> None:
    """Names of 30,000 practices, trusts and hospitals; those that are called after a person are few, and declared."""
    columns = [
        ("nhs-gp/imd_by_practice.csv", "AreaName", 0),
        ("nhs-gp/practice_profile_2023.csv", "practice_name", 0),
        ("nhs-ods/gp_practice_mapping_2022_01.csv", "PRACTICE_NAME", 0),
        ("nhs-waits/monthly-ae/ae_2024-06.csv", "Org name", 0),
        ("us-cms/outcome-of-care-measures.csv", "Hospital Name", 0),
        ("us-cms/outcome-of-care-measures.csv", "Address 1", 0),
        ("ny-cardiac/hospital_2008_2015.csv", "Hospital Name", 0),
        ("ca-hospitals/inpatient_mortality_2012.csv", "Hospital", 0),
        ("nhs-gp/cqc_gp_ratings_2024.csv", "location_name", 6),
    ]
    for name, column, alarms in columns:
        texts = pl.read_csv(DATA / name, infer_schema_length=0)[column]
        assert kinds_in(texts, EVERY).drop_nulls().len() == alarms, name


def test_what_a_packaged_source_may_hold_has_its_reason() -> None:
    held: list[Source] = list(load_sources().values())
    assert held
    assert all(column.why for source in held for column in source.sent if column.may_hold)
