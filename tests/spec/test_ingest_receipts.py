"""A receipt is checked without us; and whoever sends the same again gets the same, to the byte."""

import gzip
import json
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from sqlalchemy import inspect, text

from cli.operations.credentials import Credentials
from cli.operations.secrets import next_steps
from cli.source.running import recognised
from cli.up.layout import Layout
from services.ingest.__main__ import MIGRATIONS
from services.ingest.backing_up import backup, restore
from services.ingest.receipts import FILE, MADE_FOR, LineCount, signer_in
from services.ingest.store.database import Store
from shared.kit.database import Database
from shared.kit.migrating import migrate, migrate_back
from shared.kit.secretfiles import make_secret
from shared.kit.signing import NotSigned, Signer, jwk_of, signed_claims
from tests.postgres import BIN
from tests.spec.ingest_service import DATA, NY, Ingest, ny_file, ny_row, prepared, running, sha256
from tests.stores import Stores

CONTENT = ny_file(ny_row("1001"), ny_row("1002", cases="many"))
PATH = f"/v1/feeds/{NY}/submissions/{sha256(CONTENT)}"
FIELDS = {"receipt", "feed", "sha256", "bytes", "lines", "received", "key", "jws"}


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of PostgreSQL must not be older than its server."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")


def keys(ingest: Ingest) -> list[dict[str, Any]]:
    """As anybody reads them."""
    found: list[dict[str, Any]] = ingest.ask("GET", "/v1/receipt-keys", who="").raise_for_status().json()["keys"]
    return found


def holds(receipt: dict[str, Any], published: list[dict[str, Any]]) -> bool:
    """What somebody does who has the receipt, the published keys, and nothing of ours."""
    try:
        signed = signed_claims(receipt["jws"], receipt["key"], published)
    except NotSigned:
        return False
    return signed == {name: value for name, value in receipt.items() if name not in {"key", "jws"}}


def of_old(ingest: Ingest, content: bytes) -> None:
    """As of the days before receipts were signed."""
    store: Store = ingest.client.app.state.store  # type: ignore[attr-defined]  # a FastAPI application
    with store.database.transaction() as session:
        session.connection().execute(
            text("update submission set receipt = null where sha256 = :it"), {"it": sha256(content)}
        )


def test_it_says_what_came_and_can_be_checked(stores: Stores, tmp_path: Path) -> None:
    with running(*prepared(tmp_path, stores)) as ingest:
        answer = ingest.put(CONTENT)
        receipt = answer.json()
        assert (answer.status_code, set(receipt)) == (201, FIELDS)
        assert (receipt["feed"], receipt["sha256"], receipt["bytes"]) == (NY, sha256(CONTENT), len(CONTENT))
        sent = ingest.decided(CONTENT)
        assert (receipt["lines"], receipt["received"]) == (sent["lines"], sent["received"]) == (3, sent["received"])
        assert holds(receipt, keys(ingest))
        shown = ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt", who="analyst")
        assert shown.content == answer.content


Signed = tuple[dict[str, Any], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    """A receipt that holds, and the keys."""
    with running(*prepared(tmp_path_factory.mktemp("signed"))) as ingest:
        receipt, published = ingest.put(CONTENT).json(), keys(ingest)
    assert holds(receipt, published)
    return receipt, published


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("receipt", "candour upload receipt 2"), ("feed", "shmi"), ("sha256", "0" * 64), ("bytes", len(CONTENT) + 1),
        ("lines", 4), ("received", "2001-01-01T00:00:00Z"), ("key", "0" * 16), ("more", 1),
    ],
)  # fmt: skip
def test_whatever_is_changed_in_it_is_seen(signed: Signed, field: str, other: object) -> None:
    receipt, published = signed
    assert not holds(receipt | {field: other}, published)
    if field not in {"key", "more"}:
        assert not holds({name: value for name, value in receipt.items() if name != field}, published)


@pytest.mark.parametrize("part", range(3))
def test_whatever_is_changed_in_the_signature_is_seen(signed: Signed, part: int) -> None:
    receipt, published = signed
    parts = receipt["jws"].split(".")
    for place in range(len(parts[part]) - 1):  # the last letter may have bits that say nothing
        letter = "A" if parts[part][place] != "A" else "B"
        changed = parts[part][:place] + letter + parts[part][place + 1 :]
        assert not holds(receipt | {"jws": ".".join([*parts[:part], changed, *parts[part + 1 :]])}, published)


def test_a_key_of_somebody_elses_under_our_name_is_none(signed: Signed) -> None:
    receipt, _ = signed
    theirs = jwk_of(Signer(b"a secret of somebody else's", MADE_FOR).public)
    assert not holds(receipt, [theirs])
    assert not holds(receipt, [theirs | {"kid": receipt["key"]}])


def test_the_same_upload_fifty_times_has_one_receipt(ingest: Ingest) -> None:
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: ingest.put(CONTENT), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.content for answer in answers}) == 1
    whole = ingest.ask("PUT", PATH, content=b"", headers={"Upload-Offset": str(len(CONTENT))})
    assert (whole.status_code, whole.content) == (200, answers[0].content)


def test_it_is_the_same_after_a_restart_a_restore_and_under_another_key(stores: Stores, tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords) as ingest:
        first = ingest.put(CONTENT).content
        ingest.decided(CONTENT)
        assert ingest.ask("POST", f"/v1/submissions/{sha256(CONTENT)}/reruns", json={}).status_code == 202
        assert ingest.put(CONTENT, supersede="true").content == first
    with running(settings, passwords) as ingest:
        assert ingest.put(CONTENT).content == first
    assert backup(settings, tmp_path / "backup") == 0
    shutil.rmtree(settings.data_dir / "ingest")
    assert restore(settings, tmp_path / "backup") == 0
    (settings.secrets_dir / FILE).unlink()
    make_secret(settings.secrets_dir, FILE.removesuffix(".key"))
    with running(settings, passwords) as ingest:
        assert ingest.put(CONTENT).content == first
        later = ingest.put(ny_file(ny_row())).json()
        assert later["key"] != json.loads(first)["key"]
        assert len(keys(ingest)) == 2
        assert holds(json.loads(first), keys(ingest))
        assert holds(later, keys(ingest))


def test_without_the_secret_ingest_does_not_start(tmp_path: Path) -> None:
    settings, passwords = prepared(tmp_path)
    (settings.secrets_dir / FILE).unlink()
    with pytest.raises(FileNotFoundError, match=FILE), running(settings, passwords):
        pass


def test_everybody_calls_the_secret_by_one_name(tmp_path: Path) -> None:
    """Ingest signs with what `candour up` and `candour secrets` make, and what its container is given."""
    Layout(tmp_path / "up", 8000, 1).prepare()
    made, _ = Credentials(tmp_path / "made").make()
    assert FILE in made
    assert signer_in(tmp_path / "up" / "secrets").public != signer_in(tmp_path / "made").public
    composed = (Path(__file__).parents[2] / "docker-compose.yml").read_text()
    assert FILE in composed.split("\n  ingest:")[1].split("\n\n")[0]
    assert [line.split()[-1] for line in next_steps(FILE.removesuffix(".key"))] == ["ingest"]


def test_what_came_before_receipts_were_signed_gets_one(stores: Stores, tmp_path: Path) -> None:
    """Once, for what was recorded then, whether somebody asks for it or sends the file again."""
    other = ny_file(ny_row("1003"))
    with running(*prepared(tmp_path, stores)) as ingest:
        received = [ingest.send(content)["received"] for content in (CONTENT, other)]
        for content in (CONTENT, other):
            of_old(ingest, content)
        asked = ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt")
        again = ingest.put(other)
        assert [(one.status_code, one.json()["received"]) for one in (asked, again)] == [
            (200, received[0]), (200, received[1])
        ]  # fmt: skip
        assert [one.json()["lines"] for one in (asked, again)] == [3, 2]
        assert ingest.put(CONTENT).content == asked.content
        assert all(holds(one.json(), keys(ingest)) for one in (asked, again))


def test_a_house_of_before_receipts_is_brought_on(stores: Stores, tmp_path: Path) -> None:
    """Its tables are those of a version that houses have: what is added to them is added by the next one."""
    settings, passwords = prepared(tmp_path, stores)
    with running(settings, passwords) as ingest:
        first, sent = ingest.put(CONTENT).content, ingest.decided(CONTENT)
    migrate_back(settings.database("ingest"), MIGRATIONS)
    database = Database(settings.database("ingest"))
    columns = {column["name"] for column in inspect(database.engine).get_columns("submission")}
    assert "mends" in columns
    assert not {"receipt", "sheets_left_alone"} & columns
    assert not inspect(database.engine).has_table("receipt_key")
    database.close()
    migrate(settings.database("ingest"), MIGRATIONS)
    with running(settings, passwords) as ingest:
        assert ingest.submission(CONTENT) == sent
        assert ingest.put(CONTENT).content == first
        assert holds(json.loads(first), keys(ingest))


def test_what_is_not_what_it_was_is_not_signed_for(ingest: Ingest) -> None:
    ingest.send(CONTENT)
    of_old(ingest, CONTENT)
    kept = ingest.settings.data_dir / "ingest" / "uploads" / sha256(CONTENT)
    for wrong in (CONTENT[:-1], CONTENT.replace(b"1001", b"1003"), CONTENT + b"\n"):
        kept.write_bytes(wrong)
        asked = ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt")
        again = ingest.ask("PUT", PATH, content=b"", headers={"Upload-Offset": str(len(wrong))})
        assert [(one.status_code, one.json()["code"]) for one in (asked, again)] == [(422, "digest_mismatch")] * 2
    kept.write_bytes(CONTENT)
    assert ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt").json()["lines"] == 3


def test_the_same_bytes_for_two_feeds_have_two_receipts(ingest: Ingest) -> None:
    first = ingest.put(CONTENT).json()
    path = f"/v1/feeds/candour-demo/submissions/{sha256(CONTENT)}"
    second = ingest.ask("PUT", path, content=b"", headers={"Upload-Offset": str(len(CONTENT))}).json()
    assert (second["feed"], second["lines"], second["jws"] == first["jws"]) == ("candour-demo", 3, False)
    assert ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt").json()["code"] == "several_feeds"
    shown = ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt", params={"feed": "candour-demo"})
    assert shown.json() == second


def test_who_may_have_it(ingest: Ingest) -> None:
    ingest.put(CONTENT)
    asked = {who: ingest.ask("GET", f"/v1/submissions/{sha256(CONTENT)}/receipt", who) for who in ingest.passwords}
    may = {who for who, answer in asked.items() if answer.status_code == 200}
    assert may == {"steward", "steward-2", "analyst"}
    assert {answer.status_code for who, answer in asked.items() if who not in may} == {403}
    assert ingest.ask("GET", f"/v1/submissions/{'0' * 64}/receipt").status_code == 404


LINES = {
    "nothing": (b"", 0), "a line": (b"a\n", 1), "a line without an end": (b"a", 1), "a blank one": (b"\n", 1),
    "returns": (b"a\r\nb\r\n", 2), "an end within quotes": (b'a,"b\nc"\n', 2),
    "letters that begin so": (b"PK,x\n", 1), "a mark before": (b"\xef\xbb\xbfa\nb", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_lines_are_counted_however_the_bytes_come(name: str) -> None:
    content, lines = LINES[name]
    for size in (1, 2, 3, 100):
        count = LineCount()
        for start in range(0, len(content), size):
            count.more(content[start : start + size])
        assert count.told() == (lines, None)


def packed() -> dict[str, bytes]:
    out, archive = BytesIO(), BytesIO()
    pl.DataFrame({"a": [1]}).write_parquet(out)
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("ny.csv", CONTENT)
    return {
        "gzip": gzip.compress(CONTENT), "zip": archive.getvalue(), "parquet": out.getvalue(),
        "office-binary": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\n", "utf-16": CONTENT.decode().encode("utf-16"),
    }  # fmt: skip


def test_where_bytes_have_no_lines_the_receipt_says_why(ingest: Ingest) -> None:
    for why, content in packed().items():
        receipt = ingest.put(content).json()
        assert (receipt["no_lines"], "lines" in receipt, holds(receipt, keys(ingest))) == (why, False, True)
        assert not holds(receipt | {"no_lines": "zip" if why != "zip" else "gzip"}, keys(ingest))


REAL = (
    ("ny-cardiac", "hospital_2008_2015.csv"), ("nhs-shmi", "shmi-2013-april.csv"), ("nhs-ods", "etr_2022.csv"),
    ("nhs-proms", "key_facts_hip_and_knee_1819.csv"),
)  # fmt: skip


@pytest.mark.parametrize(("folder", "name"), REAL)
def test_its_lines_are_those_that_get_fates(ingest: Ingest, folder: str, name: str) -> None:
    """Footers, blanks, totals and files without a header among them."""
    file = DATA.parent / folder / name
    if not file.exists():
        pytest.skip("../shared/data is not beside this checkout")
    [feed] = [told["source"] for told in recognised([file])]
    receipt = ingest.ask("PUT", f"/v1/feeds/{feed}/submissions/{sha256(file.read_bytes())}",
                         content=file.read_bytes(), params={"name": name}).json()  # fmt: skip
    sent = ingest.decided(file.read_bytes(), feed)
    assert receipt["lines"] == sent["lines"] == sum(sent["fates"].values())


@pytest.fixture
def ingest(tmp_path: Path) -> Any:
    with running(*prepared(tmp_path / "own")) as service:
        yield service
