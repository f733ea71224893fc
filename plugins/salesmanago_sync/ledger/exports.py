"""Exports: tables of the ledger as Parquet, for a warehouse."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from salesmanago_sync.ledger.engine import Database
from salesmanago_sync.ledger.tables import Instant, changes, issues, runs

if TYPE_CHECKING:
    import pyarrow as pa

# Rows held at a time; each lot is a row group of the file.
ROWS = 50_000
# Words of a service may quote its rows, and what a run asks shows some of them.
NEVER = {"runs": {"service_words", "question"}, "changes": set[str](), "issues": {"fingerprint"}}
# What people's data is in; an issue's text may quote a value.
VALUES = {"runs": set[str](), "changes": {"old", "new", "held"}, "issues": {"text", "values", "decided_by"}}
TABLES = {"runs": runs, "changes": changes, "issues": issues}


class Exports:
    """What leaves the ledger as files."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ended_runs(self) -> list[tuple[int, int]]:
        """List the number and the last attempt of each run that has ended, the oldest first."""
        query = sa.select(runs.c.id, runs.c.attempt).where(runs.c.finished_at.is_not(None)).order_by(runs.c.id)
        with self._database.read() as connection:
            return [(int(number), int(attempt)) for number, attempt in connection.execute(query)]

    def write_table(self, name: str, *, run: int | None = None, values: bool = False) -> bytes:
        """Write a table, or what of it belongs to a run, as a Parquet file.

        Args:
            name: `runs`, `changes` or `issues`.
            run: Number of the run; None for the whole table.
            values: Whether columns with people's data go along.

        Returns:
            The file. Its columns and their types are the same in every file: moments are `timestamp[us, UTC]`, and what
            is JSON in the ledger is JSON text.
        """
        from pyarrow.parquet import ParquetWriter

        table = TABLES[name]
        columns = [column for column in table.c if column.key not in _left_out(name, values=values)]
        schema, buffer = _schema(columns), BytesIO()
        with ParquetWriter(buffer, schema) as file:
            for rows in self._lots(table, columns, run):
                file.write_table(_arrow(rows, schema))
        return buffer.getvalue()

    def _lots(self, table: sa.Table, columns: list[sa.Column[Any]], run: int | None) -> Iterator[list[dict[str, Any]]]:
        owner = {"runs": "id", "changes": "run_id"}.get(table.name)
        of_run = [] if run is None or owner is None else [table.c[owner] == run]
        last = 0
        while True:
            query = sa.select(*columns).where(table.c.id > last, *of_run).order_by(table.c.id).limit(ROWS)
            with self._database.read() as connection:
                rows = list(connection.execute(query).mappings())
            if not rows:
                return
            last = int(rows[-1]["id"])
            yield [dict(row) for row in rows]


def _left_out(name: str, *, values: bool) -> set[str]:
    return NEVER[name] if values else NEVER[name] | VALUES[name]


def _schema(columns: list[sa.Column[Any]]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema([(column.key, _kind(column)) for column in columns])


def _kind(column: sa.Column[Any]) -> pa.DataType:
    import pyarrow as pa

    if isinstance(column.type, Instant):
        return pa.timestamp("us", tz="UTC")
    if isinstance(column.type, sa.Boolean):
        return pa.bool_()
    return pa.int64() if isinstance(column.type, sa.Integer) else pa.string()


def _arrow(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    def plain(value: Any) -> Any:
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

    return pa.Table.from_pylist([{name: plain(value) for name, value in row.items()} for row in rows], schema)
