"""Overwriting: many rows of a table at once, each with values of its own, and few of them held at a time.

SQLite takes a prepared statement and goes through the rows itself; PostgreSQL takes a whole piece as arrays in one
statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from salesmanago_sync.ledger.frames import pieces, plain, rows_of

# The given values, by the names of their columns.
Given = dict[str, sa.ColumnElement[Any]]


def overwrite(
    connection: sa.Connection,
    table: sa.Table,
    frame: pd.DataFrame,
    keys: Sequence[str],
    values: Callable[[Given], dict[str, Any]],
    *only: sa.ColumnElement[bool],
) -> None:
    """Overwrite rows of a table.

    Args:
        connection: Of a transaction.
        table: The table.
        frame: Columns of the table, `keys` among them. Where keys come twice, one row counts after the other.
        keys: What says which row of the table is meant.
        values: Makes the new values of columns from the given ones.
        *only: Conditions that rows must meet too.
    """
    columns = [table.c[str(name)] for name in frame]
    given = _parameters(columns) if connection.dialect.name == "sqlite" else _arrays(columns)
    these = [table.c[key] == given[key] for key in keys]
    statement = sa.update(table).where(*these, *only).values(values(given))
    for some in _each_once(frame, keys):
        for piece in pieces(some):
            connection.execute(statement, _bound(connection, piece.add_prefix("the_")))


def _each_once(frame: pd.DataFrame, keys: Sequence[str]) -> Iterator[pd.DataFrame]:
    """Give rows such that no keys come twice: a statement would choose one of them by chance."""
    if not frame.duplicated(list(keys)).any():
        yield frame
        return
    for _, some in frame.groupby(frame.groupby(list(keys)).cumcount()):
        yield some


def _parameters(columns: Sequence[sa.Column[Any]]) -> Given:
    return {column.name: sa.bindparam(f"the_{column.name}", type_=column.type) for column in columns}


def _arrays(columns: Sequence[sa.Column[Any]]) -> Given:
    arrays = [sa.cast(sa.bindparam(f"the_{column.name}"), ARRAY(column.type)) for column in columns]
    names = [sa.column(column.name, column.type) for column in columns]
    given = sa.func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    return {column.name: given.c[column.name] for column in columns}


def _bound(connection: sa.Connection, piece: pd.DataFrame) -> Any:
    if connection.dialect.name == "sqlite":
        return rows_of(piece)
    return {str(name): plain(column) for name, column in piece.items()}
