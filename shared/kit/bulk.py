"""Many rows at once, within the transaction of the caller: COPY on PostgreSQL, one prepared statement on SQLite.

Both go over the connection that the caller's transaction has open, so that the rows and what is decided about them are
kept together or not at all. ADBC would be as fast, but opens a connection of its own: its rows would be committed apart
from the caller's, or wait for ever behind the caller's own lock. The ORM is many times slower (`benchmarks/bulk.py`).

The two engines keep the same values: nothing at all and the empty text stay apart, and what one of them cannot keep is
refused on both (the character NUL, numbers that are not finite).
"""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any, Final

import polars as pl
from sqlalchemy import (
    ARRAY,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    String,
    Table,
    Text,
    func,
    literal,
    select,
    types,
)  # fmt: skip
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session
from sqlmodel.sql.sqltypes import AutoString

from shared.kit.times import UtcTime

Row = Sequence[Any]
Convert = Callable[[Any], Any]
AT_ONCE: Final = 50_000
TEXTS: Final = (String, AutoString)
KINDS: Final[Sequence[tuple[Callable[[pl.DataType], bool], tuple[type[types.TypeEngine[Any]], ...]]]] = (
    (lambda kind: kind == pl.String, TEXTS),
    (lambda kind: kind.is_integer(), (Integer,)),
    (lambda kind: kind == pl.Boolean, (Boolean,)),
    (lambda kind: kind in (pl.Float64, pl.Float32), (Float,)),
    (lambda kind: kind == pl.Date, (Date,)),
    (lambda kind: isinstance(kind, pl.Datetime) and kind.time_zone is not None, (DateTime, UtcTime)),
)


def insert_rows(session: Session, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Add rows, each with a value for every one of `columns`, as the types of the table take them.

    Raises ValueError for a column that the table does not have, a row of another width or a value that cannot be kept;
    the errors of SQLAlchemy where the database refuses them (IntegrityError, DataError, OperationalError).
    """
    connection = _ready(session)
    kept = _converted(connection, _named(table, columns), rows)
    if connection.dialect.name == "postgresql":
        _copy_rows(connection, table, columns, kept)
    else:
        _many(connection, _insertion(table, columns), kept)


def insert_frame(session: Session, table: Table, frame: pl.DataFrame) -> None:
    """Add the rows of a frame whose columns are called like those of the table; times must have a zone. Raises as
    `insert_rows`, and ValueError where a column's type is not the table's."""
    connection = _ready(session)
    for column in _named(table, frame.columns):
        _check_column(column, frame[column.name])
    if connection.dialect.name == "postgresql":
        _copy_frame(connection, table, frame)
    elif any(kind.is_temporal() for kind in frame.dtypes):  # kept as text, in the form of every other statement
        insert_rows(session, table, frame.columns, frame.iter_rows())
    else:
        _many(connection, _insertion(table, frame.columns), frame.iter_rows())


def update_rows(
    session: Session, table: Table, keys: Sequence[str], values: Sequence[str], rows: Iterable[Row]
) -> None:
    """Set `values` in the rows that `keys` name; each row gives the keys first and then the values. A key that is not
    there changes nothing. Raises as `insert_rows`."""
    connection = _ready(session)
    columns = _named(table, [*keys, *values])
    kept = _converted(connection, columns, rows)
    if connection.dialect.name == "postgresql":
        statement = _update_from_arrays(connection, table, keys, columns)
        while some := list(islice(kept, AT_ONCE)):
            _run(connection, statement, partial(_execute, statement, _by_column(some)))
    else:
        _many(connection, _update(table, keys, values), (row[len(keys) :] + row[: len(keys)] for row in kept))


def among(session: Session, column: ColumnElement[str], values: Sequence[str]) -> ColumnElement[bool]:
    """That `column` is one of these texts, however many, as one parameter. Long lists of parameters are compared one by
    one with every row by a PostgreSQL that has not yet counted a table, which takes minutes."""
    if session.get_bind().dialect.name == "postgresql":
        return column.in_(select(func.unnest(literal(list(values), ARRAY(Text))).column_valued("listed")))
    listed = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(listed.c.value))


def _ready(session: Session) -> Connection:
    """The connection of the caller's transaction, with what the session had not yet written."""
    session.flush()
    return session.connection()


def _named(table: Table, columns: Sequence[str]) -> list[Column[Any]]:
    unknown = [name for name in columns if name not in table.c]
    if unknown or not columns or len(set(columns)) < len(columns):
        raise ValueError(f"found the columns {list(columns)}; expected different columns of {table.name}")
    return [table.c[name] for name in columns]


def _converted(
    connection: Connection, columns: Sequence[Column[Any]], rows: Iterable[Row]
) -> Iterator[tuple[Any, ...]]:
    """The rows as the driver takes them, by the same conversions as every other statement."""
    convert: list[Convert | None] = [
        column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect) for column in columns
    ]
    as_it_is = not any(convert)
    for row in rows:
        if len(row) != len(convert):
            raise ValueError(f"found a row of {len(row)} values; expected {len(convert)}")
        if any(map(_unkept, row)):
            raise ValueError(f"found the character NUL or a number that is not finite; {columns[0].table} has neither")
        yield tuple(row) if as_it_is else tuple(by(one) if by else one for by, one in zip(convert, row, strict=True))


def _unkept(value: Any) -> bool:
    return (isinstance(value, str) and "\0" in value) or (isinstance(value, float) and not math.isfinite(value))


def _check_column(column: Column[Any], values: pl.Series) -> None:
    """Raises ValueError."""
    if values.dtype == pl.Null:
        return
    if not any(fits(values.dtype) and isinstance(column.type, kinds) for fits, kinds in KINDS):
        raise ValueError(f"found {values.dtype} for {column.table.name}.{column.name}; expected {column.type!r}")
    text = values.dtype == pl.String and values.str.contains("\0", literal=True).any()
    if text or (values.dtype.is_float() and not values.drop_nulls().is_finite().all()):
        raise ValueError(f"found the character NUL or a number that is not finite in {column.name}")


# SQLite


def _insertion(table: Table, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {_quoted(table.name)} ({_listed(columns)}) VALUES ({marks})"  # noqa: S608  # our own names


def _update(table: Table, keys: Sequence[str], values: Sequence[str]) -> str:
    changes = ", ".join(f"{_quoted(name)} = ?" for name in values)
    where = " AND ".join(f"{_quoted(name)} = ?" for name in keys)
    return f"UPDATE {_quoted(table.name)} SET {changes} WHERE {where}"  # noqa: S608


def _many(connection: Connection, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    _run(connection, statement, lambda cursor: cursor.executemany(statement, rows))


# PostgreSQL


def _copy_rows(connection: Connection, table: Table, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """In the text form: the driver keeps NULL, the empty text, tabs, line ends and backslashes apart."""
    statement = f"COPY {_quoted(table.name)} ({_listed(columns)}) FROM STDIN"

    def copy(cursor: Any) -> None:
        with cursor.copy(statement) as into:
            for row in rows:
                into.write_row(row)

    _run(connection, statement, copy)


def _copy_frame(connection: Connection, table: Table, frame: pl.DataFrame) -> None:
    """As CSV made by polars: every text is quoted and nothing at all is not, which is how COPY tells them apart."""
    statement = f"COPY {_quoted(table.name)} ({_listed(frame.columns)}) FROM STDIN (FORMAT csv)"

    def copy(cursor: Any) -> None:
        with cursor.copy(statement) as into:
            for some in frame.iter_slices(AT_ONCE):
                into.write(some.write_csv(include_header=False, quote_style="non_numeric"))

    _run(connection, statement, copy)


def _update_from_arrays(
    connection: Connection, table: Table, keys: Sequence[str], columns: Sequence[Column[Any]]
) -> str:
    """One statement for many rows: each column comes as an array."""
    arrays = ", ".join(f"%s::{_type_of(connection, column)}[]" for column in columns)
    names = [column.name for column in columns]
    changes = ", ".join(f"{_quoted(name)} = new.{_quoted(name)}" for name in names if name not in keys)
    where = " AND ".join(f"old.{_quoted(name)} = new.{_quoted(name)}" for name in keys)
    return (
        f"UPDATE {_quoted(table.name)} AS old SET {changes} "  # noqa: S608
        f"FROM unnest({arrays}) AS new ({_listed(names)}) WHERE {where}"
    )


def _type_of(connection: Connection, column: Column[Any]) -> str:
    """Texts without their longest length: a cast to it would cut them off, where the table itself refuses them."""
    return "text" if isinstance(column.type, TEXTS) else column.type.compile(connection.dialect)


def _execute(statement: str, values: Sequence[Any], cursor: Any) -> None:
    cursor.execute(statement, values)


def _by_column(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


# Both


def _run(connection: Connection, statement: str, work: Callable[[Any], object]) -> None:
    """Work with the driver's own cursor; its errors become those that every other statement raises."""
    driver = connection.connection.driver_connection
    assert driver is not None
    cursor = driver.cursor()
    dialect = connection.dialect
    errors = dialect.loaded_dbapi.Error
    try:
        work(cursor)
    except errors as error:
        gone = dialect.is_disconnect(error, driver, cursor)
        raise DBAPIError.instance(
            statement, None, error, errors, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error
    finally:
        cursor.close()


def _listed(names: Sequence[str]) -> str:
    return ", ".join(_quoted(name) for name in names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
