"""Bulk paths keep every value as it was given, alike on both engines, in the caller's transaction or not at all."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlmodel import Session
from sqlmodel.sql.sqltypes import AutoString

from shared.kit.bulk import among, insert_frame, insert_rows, update_rows
from shared.kit.database import Database
from shared.kit.times import UtcTime
from tests.postgres import Postgres

METADATA = sa.MetaData()
THING = sa.Table(
    "thing", METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("text", sa.String),
    sa.Column("number", sa.BigInteger),
    sa.Column("real", sa.Float),
    sa.Column("yes", sa.Boolean),
    sa.Column("day", sa.Date),
    sa.Column("at", UtcTime),
    sa.Column("body", sa.JSON(none_as_null=True)),
    sa.Column("bytes", sa.LargeBinary),
)  # fmt: skip
ALONE = sa.Table("alone", METADATA, sa.Column("text", sa.String))
SHORT = sa.Table(
    "order", METADATA, sa.Column("short", sa.String(3), primary_key=True), sa.Column("from", sa.Integer),
    sa.Column("auto", AutoString(3)),
)  # fmt: skip

AWKWARD = st.sampled_from(
    ["", "\\N", "\\.", "NULL", '"', "''", ",", "\t", "\r", "\n", "\r\n", "\\", "é\u2028😀", "%s", " "]
)
LETTERS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
TEXTS = st.none() | AWKWARD | LETTERS | st.lists(AWKWARD, max_size=4).map("".join)
REALS = st.none() | st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False)
TIMES = st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
PLAIN = st.tuples(TEXTS, st.none() | st.integers(-(2**63), 2**63 - 1), REALS, st.none() | st.booleans(),
                  st.none() | st.dates(), TIMES)  # fmt: skip
BODIES = st.none() | st.dictionaries(LETTERS, st.text(max_size=3) | st.integers(0, 9) | st.none(), max_size=2)
ROWS = st.lists(st.tuples(PLAIN, BODIES, st.none() | st.binary(max_size=8)), max_size=6)
NAMES = [column.name for column in THING.c]
OFTEN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ZONED = pl.Datetime("us", "UTC")
SCHEMA: dict[str, Any] = {
    "text": pl.String,
    "number": pl.Int64,
    "real": pl.Float64,
    "yes": pl.Boolean,
    "day": pl.Date,
    "at": ZONED,
}


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    database = Database(store_url)
    with database.transaction() as session:
        METADATA.create_all(session.connection())
    yield database
    database.close()


def kept(database: Database, table: sa.Table) -> list[tuple[Any, ...]]:
    with database.reading() as session:
        return [tuple(row) for row in session.execute(select(table).order_by(table.c[0]))]


def emptied(database: Database, *tables: sa.Table) -> None:
    with database.transaction() as session:
        for table in tables:
            session.execute(table.delete())


@OFTEN
@given(ROWS)
def test_rows_are_kept_as_they_were_given(database: Database, rows: list[tuple[Any, Any, Any]]) -> None:
    given_rows = [(number, *plain, body, data) for number, (plain, body, data) in enumerate(rows)]
    emptied(database, THING)
    with database.transaction() as session:
        insert_rows(session, THING, NAMES, iter(given_rows))
    assert kept(database, THING) == given_rows


@OFTEN
@given(st.lists(PLAIN, max_size=6))
def test_frames_are_kept_as_they_were_given(database: Database, rows: list[tuple[Any, ...]]) -> None:
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_row_index("id")
    emptied(database, THING)
    with database.transaction() as session:
        insert_frame(session, THING, frame)
    found = [row[: len(SCHEMA) + 1] for row in kept(database, THING)]
    assert found == [(number, *row) for number, row in enumerate(rows)]


@OFTEN
@given(st.lists(TEXTS, max_size=6))
def test_one_column_alone_keeps_nothing_and_the_empty_text_apart(database: Database, texts: list[str | None]) -> None:
    for as_frame in (True, False):
        emptied(database, ALONE)
        with database.transaction() as session:
            if as_frame:
                insert_frame(session, ALONE, pl.DataFrame({"text": texts}, schema={"text": pl.String}))
            else:
                insert_rows(session, ALONE, ["text"], ([text] for text in texts))
        assert sorted(kept(database, ALONE), key=repr) == sorted(((text,) for text in texts), key=repr)


@OFTEN
@given(st.lists(st.tuples(TEXTS, REALS, TIMES), min_size=1, max_size=6))
def test_updates_change_what_they_name_and_nothing_else(database: Database, rows: list[tuple[Any, ...]]) -> None:
    emptied(database, THING)
    with database.transaction() as session:
        insert_rows(session, THING, ["id", "number"], ((number, number) for number in range(len(rows) + 1)))
        new = ((number, *row) for number, row in enumerate([*rows, *rows]) if number != len(rows))
        update_rows(session, THING, ["id"], ["text", "real", "at"], new)
    found = [(row[0], row[1], row[2], row[3], row[6]) for row in kept(database, THING)]
    told = [(number, text, number, real, at) for number, (text, real, at) in enumerate(rows)]
    assert found == [*told, (len(rows), None, len(rows), None, None)]


@OFTEN
@given(st.lists(TEXTS.filter(lambda text: text is not None), max_size=6), st.lists(LETTERS | AWKWARD, max_size=6))
def test_one_of_many_texts_is_exactly_that(database: Database, kept_texts: list[str], asked: list[str]) -> None:
    emptied(database, ALONE)
    with database.transaction() as session:
        insert_rows(session, ALONE, ["text"], ([text] for text in kept_texts))
        found = session.execute(select(ALONE.c.text).where(among(session, ALONE.c.text, asked))).scalars().all()
    assert sorted(found) == sorted(text for text in kept_texts if text in asked)


def test_rows_go_with_the_callers_transaction(database: Database) -> None:
    def half_done() -> None:
        with database.transaction() as session:
            session.execute(ALONE.insert(), {"text": "before"})
            insert_rows(session, ALONE, ["text"], [["bulk"]])
            insert_frame(session, ALONE, pl.DataFrame({"text": ["frame"]}))
            assert len(session.execute(select(ALONE)).all()) == 3
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half_done()
    assert kept(database, ALONE) == []


def test_what_the_database_refuses_is_the_same_error_on_both_and_ends_the_transaction(database: Database) -> None:
    twice = [["a", 1], ["a", 2]]
    frame = pl.DataFrame(twice, schema=["short", "from"], orient="row")
    with pytest.raises(IntegrityError) as found, database.transaction() as session:
        insert_rows(session, SHORT, ["short", "from"], twice)
    assert "[parameters" not in str(found.value)
    with pytest.raises(IntegrityError), database.transaction() as session:
        insert_frame(session, SHORT, frame)
    assert kept(database, SHORT) == []
    with database.transaction() as session:
        insert_frame(session, SHORT, frame.head(1))
        update_rows(session, SHORT, ["short"], ["from"], [["a", 7], ["b", 9]])
    assert kept(database, SHORT) == [("a", 7, None)]


@pytest.fixture
def served(postgres: Postgres) -> Iterator[Database]:
    """For what a file cannot do: keep lengths, and be lost on the way."""
    name = postgres.new_database()
    database = Database(postgres.url(name))
    with database.transaction() as session:
        METADATA.create_all(session.connection())
    yield database
    database.close()
    postgres.drop_database(name)


def test_a_text_that_is_too_long_is_refused_and_never_cut(served: Database) -> None:
    with served.transaction() as session:
        insert_rows(session, SHORT, ["short", "from"], [["abc", 1]])
    with pytest.raises(DataError), served.transaction() as session:
        insert_rows(session, SHORT, ["short"], [["abcd"]])
    for name in ("short", "auto"):
        with pytest.raises(DataError), served.transaction() as session:
            update_rows(session, SHORT, ["from"], [name], [[1, "abcd"]])
    with pytest.raises(DataError), served.transaction() as session:
        insert_frame(session, SHORT, pl.DataFrame({"short": ["b"], "auto": ["abcd"]}))
    assert kept(served, SHORT) == [("abc", 1, None)]


@pytest.mark.parametrize("value", ["a\0b", math.nan, math.inf])
def test_what_one_engine_cannot_keep_is_refused_on_both(database: Database, value: object) -> None:
    name = "text" if isinstance(value, str) else "real"
    with pytest.raises(ValueError, match="NUL or a number"), database.transaction() as session:
        insert_rows(session, THING, ["id", name], [[1, value]])
    with pytest.raises(ValueError, match="NUL or a number"), database.transaction() as session:
        insert_frame(session, THING, pl.DataFrame({"id": [1], name: [value]}))


def test_columns_and_types_that_do_not_fit_are_refused(database: Database) -> None:
    wrong: list[pl.DataFrame] = [
        pl.DataFrame({"id": ["1"]}), pl.DataFrame({"id": [1.0]}), pl.DataFrame({"id": [1], "body": ["{}"]}),
        pl.DataFrame({"id": [1], "at": [datetime(2026, 9, 30)]}), pl.DataFrame({"id": [1], "day": ["2026-09-30"]}),  # noqa: DTZ001
        pl.DataFrame({"id": [1], "bytes": [b"x"]}), pl.DataFrame({"id": [1], "nowhere": [1]}),
    ]  # fmt: skip
    for frame in wrong:
        with pytest.raises(ValueError, match="found"), database.transaction() as session:
            insert_frame(session, THING, frame)
    for columns in (["nowhere"], [], ["id", "id"]):
        with pytest.raises(ValueError, match="expected different columns"), database.transaction() as session:
            insert_rows(session, THING, columns, [[1] * len(columns)])
    with pytest.raises(ValueError, match="a row of 1 values"), database.transaction() as session:
        insert_rows(session, THING, ["id", "text"], [[1]])
    assert kept(database, THING) == []


def test_a_connection_lost_on_the_way_is_told_as_such(served: Database) -> None:
    def hang_up(session: Session) -> None:
        own = session.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        with served.reading() as other:
            other.execute(sa.text("SELECT pg_terminate_backend(:own)"), {"own": own})
        insert_rows(session, ALONE, ["text"], ([str(number)] for number in range(1000)))

    with pytest.raises(OperationalError) as lost, served.transaction() as session:
        hang_up(session)
    assert lost.value.connection_invalidated
    with served.transaction() as session:
        insert_rows(session, ALONE, ["text"], [["afterwards"]])
    assert kept(served, ALONE) == [("afterwards",)]


def test_a_day_and_a_time_are_read_back_with_their_types(database: Database) -> None:
    at = datetime(2026, 9, 30, 12, 0, 0, 123456, tzinfo=UTC)
    with database.transaction() as session:
        insert_frame(session, THING, pl.DataFrame({"id": [1], "day": [date(2026, 9, 30)], "at": [at]}))
    with database.reading() as session:
        assert session.execute(select(THING.c.day, THING.c.at)).one() == (date(2026, 9, 30), at)
