"""Frames as Parquet, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pandas as pd


def to_parquet(frame: pd.DataFrame) -> bytes:
    """Write a frame, its index included."""
    buffer = BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def from_parquet(content: bytes, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Read a frame, or some columns of it, as far as it has them.

    By Arrow itself: what pandas does around it costs as much again, and a run reads some hundred small frames.
    """
    # Imported where it is needed: some tasks read no frame.
    from pyarrow import BufferReader
    from pyarrow.parquet import ParquetFile

    file = ParquetFile(BufferReader(content))
    if columns is not None:
        columns = [column for column in columns if column in file.schema_arrow.names]
    frame: pd.DataFrame = file.read(columns, use_pandas_metadata=True).to_pandas()
    return frame
