"""Rows of the ledger to pandas frames and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from pandas.api.extensions import ExtensionArray

from salesmanago_sync.domain.frames import NOBODIES, text_array
from salesmanago_sync.domain.frames import TEXT as STRINGS
from salesmanago_sync.ledger.engine import CHUNK
from salesmanago_sync.ledger.tables import Instant

# The largest number of a row; services and addresses of pages may ask for any.
LARGEST = 2**31 - 1
TEXT: Final = "text"
MOMENT: Final = "datetime64[us, UTC]"


def chunks(values: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Cut values, each once, into lists that fit one statement."""
    # Of a column few values are held as Python objects at a time.
    unique: Any = values.drop_duplicates() if isinstance(values, pd.Series) else list(dict.fromkeys(values))
    for start in range(0, len(unique), size):
        yield list(unique[start : start + size])


def _dtype(column: sa.ColumnElement[Any]) -> str:
    if isinstance(column.type, sa.String):
        return TEXT
    if isinstance(column.type, Instant):
        return MOMENT
    if isinstance(column.type, sa.Integer):
        return "Int64" if getattr(column, "nullable", True) else "int64"
    return "bool" if isinstance(column.type, sa.Boolean) else "object"


def _values(dtype: str, values: Sequence[Any]) -> pd.Series | ExtensionArray:
    if dtype == TEXT:
        return text_array(values)
    if dtype == MOMENT:
        return pd.to_datetime(pd.Series(values, dtype="object"), utc=True).astype(MOMENT)
    return pd.Series(values, dtype=dtype)


def frame_of(columns: Sequence[sa.ColumnElement[Any]], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    """Lay out rows with the dtypes of their columns."""
    kinds = tuple((str(column.key), _dtype(column)) for column in columns)
    return _laid_out(kinds, rows) if rows else _no_rows(kinds).copy(deep=False)


@lru_cache(maxsize=NOBODIES)
def _no_rows(kinds: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    return _laid_out(kinds, [])


def _laid_out(kinds: Sequence[tuple[str, str]], rows: Sequence[Sequence[Any]]) -> pd.DataFrame:
    across = list(zip(*rows, strict=True)) if rows else [() for _ in kinds]
    found = {name: _values(dtype, values) for (name, dtype), values in zip(kinds, across, strict=True)}
    return pd.DataFrame(found, copy=False)


def select_frame(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """Run a query into a frame."""
    rows = connection.execute(query).all()
    return frame_of(list(query.selected_columns), rows)


def select_large(connection: sa.Connection, query: sa.Select[Any]) -> pd.DataFrame:
    """Run a query into a frame, of whose rows few are held as Python values at a time."""
    columns = list(query.selected_columns)
    rows = connection.execution_options(stream_results=True, max_row_buffer=CHUNK).execute(query)
    return together(columns, [frame_of(columns, some) for some in rows.partitions(CHUNK)])


def together(columns: Sequence[sa.ColumnElement[Any]], frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put frames of the same columns below each other."""
    some = [frame for frame in frames if len(frame)]
    return pd.concat(some, ignore_index=True) if some else frame_of(columns, [])


def _moment(value: Any) -> Any:
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def pieces(frame: pd.DataFrame, size: int = CHUNK) -> Iterator[pd.DataFrame]:
    """Cut a frame into pieces, so that few of its rows are held as Python values at a time."""
    for start in range(0, len(frame), size):
        yield frame.iloc[start : start + size]


def plain(column: pd.Series) -> list[Any]:
    """Turn a column into plain Python values; what is missing becomes None."""
    if column.dtype == STRINGS:
        texts: list[Any] = pa.array(column).to_pylist()
        return texts
    values = zip(column.astype("object"), column.isna(), strict=True)
    return [None if gone else _moment(value) for value, gone in values]


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a frame into rows of plain Python values; what is missing becomes None."""
    columns = {str(name): plain(column) for name, column in frame.items()}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def filled(frame: pd.DataFrame, blanks: dict[str, Any]) -> pd.DataFrame:
    """Put the given value where a column is missing or holds nothing."""
    return frame.assign(**{name: _with(frame, name, value) for name, value in blanks.items()})


def _with(frame: pd.DataFrame, name: str, value: Any) -> Any:
    if name not in frame:
        return value
    here = frame[name].notna()
    return frame[name] if here.all() else frame[name].astype("object").where(here, value)


def stamped(frame: pd.DataFrame, **values: int | str | datetime | None) -> list[dict[str, Any]]:
    """Turn a frame into rows that all carry the given values too."""
    return [row | values for row in rows_of(frame)]
