"""Frames as Parquet, in memory."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

# By Arrow itself: what pandas does around it costs as much again, and a run writes and reads some hundred small frames,
# for which threads would only be waited for. Arrow is imported where it is needed: some tasks read no frame.


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Write a frame, its index included."""
    from pyarrow import BufferOutputStream, Table
    from pyarrow.parquet import write_table

    buffer = BufferOutputStream()
    write_table(Table.from_pandas(frame, nthreads=1), buffer)
    written: bytes = buffer.getvalue().to_pybytes()
    return written


def from_parquet(content: bytes, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a frame, or some columns of it, as far as it has them."""
    from pyarrow import BufferReader
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(BufferReader(content))
    if columns is not None:
        columns = [column for column in columns if column in file.schema_arrow.names]
    table = file.read(columns, use_threads=False, use_pandas_metadata=True)
    frame: pd.DataFrame = table.to_pandas(use_threads=False)
    return frame
