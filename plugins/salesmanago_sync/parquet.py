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
    """Read a frame, or some columns of it, as far as it has them."""
    if columns is None:
        return pd.read_parquet(BytesIO(content))
    # Imported where it is needed: most tasks never ask for columns.
    from pyarrow.parquet import read_schema

    present = set(read_schema(BytesIO(content)).names)
    return pd.read_parquet(BytesIO(content), columns=[column for column in columns if column in present])
