"""Declared: what a frame holds, said once: its columns, what they are made of, what they mean, and who writes it.

A frame without rows is held to it like any other: pandas gives such columns whatever dtype it likes, and that shows
where another task puts rows to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
from pandas.api.types import pandas_dtype

from salesmanago_sync.domain.frames import TEXT
from salesmanago_sync.errors import FrameError


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column: its name, its dtype, and what its values mean."""

    name: str
    dtype: Any
    meaning: str


def text(name: str, meaning: str) -> DeclaredColumn:
    """Declare a column of text; a missing value is blank."""
    return DeclaredColumn(name, TEXT, meaning)


def number(name: str, meaning: str) -> DeclaredColumn:
    """Declare a column of whole numbers, none of them missing."""
    return DeclaredColumn(name, pandas_dtype("int64"), meaning)


def flag(name: str, meaning: str) -> DeclaredColumn:
    """Declare a column of flags, none of them missing."""
    return DeclaredColumn(name, pandas_dtype("bool"), meaning)


def moment(name: str, meaning: str) -> DeclaredColumn:
    """Declare a column of moments, any of which may be missing."""
    return DeclaredColumn(name, pandas_dtype("datetime64[us, UTC]"), meaning)


@dataclass(frozen=True)
class Declared:
    """A kind of frame.

    Attributes:
        name: What it is called, in staging and in messages.
        writer: The tasks that make it.
        meaning: What a row is.
        columns: Those that it always has; their order says nothing.
        more: Which others may follow, all of them text; none, where it is empty.
        index: What its rows are known by, a whole number; nothing, where their index says nothing.
    """

    name: str
    writer: str
    meaning: str
    columns: tuple[DeclaredColumn, ...]
    more: str = ""
    index: str = ""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def dtypes(self) -> dict[str, Any]:
        """What its columns are made of, by name."""
        return {column.name: column.dtype for column in self.columns}

    @cached_property
    def _nothing(self) -> pd.DataFrame:
        index = pd.RangeIndex(0, name=self.index or None)
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in self.dtypes.items()}, index=index)

    def empty(self) -> pd.DataFrame:
        """Give such a frame without rows."""
        # A run takes some hundred; what is put into one of them shows in no other (pandas copies on write).
        return self._nothing.copy(deep=False)

    def frame(self, rows: Sequence[Any] | Mapping[str, Any] | pd.DataFrame) -> pd.DataFrame:
        """Make such a frame.

        Args:
            rows: Values by column or in the order of the columns, row by row; or whole columns. Text that is not given
                is missing, and columns that are not declared are left out.
        """
        if len(rows) == 0:
            return self.empty()
        return pd.DataFrame(rows, columns=list(self.names)).astype(self.dtypes)

    def check(self, frame: pd.DataFrame, place: str = "", columns: Sequence[str] | None = None) -> None:
        """Check that a frame is as it is declared.

        Args:
            frame: The frame.
            place: What this one is called, where that is not the name of its kind.
            columns: Which of its columns were asked for; all, where they are not given.

        Raises:
            FrameError: It is not; the error names the columns, never a value.
        """
        wanted = self.dtypes
        if columns is not None:
            wanted = {name: dtype for name, dtype in wanted.items() if name in columns}
        found = dict(zip(frame.columns, frame.dtypes, strict=True))
        if found == wanted and not self.index:
            return
        faults = "; ".join(self._faults(frame.index, found, wanted))
        if faults:
            raise FrameError(
                f"The frame {place or self.name} is not as it is declared: {faults}. Nothing was made of it. Was "
                "another version installed while the run went on? Clear the whole run, or start a new one. Otherwise "
                "this is a fault of the sync itself: report it with this message."
            )

    def _faults(self, index: pd.Index, found: Mapping[Any, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
        if self.index and (index.name != self.index or index.dtype != "int64"):
            yield f"its index is {index.name} of {index.dtype} and must be {self.index} of int64"
        for name, dtype in wanted.items():
            if name not in found:
                yield f"the column {name} of {dtype} is missing"
            elif found[name] != dtype:
                yield f"the column {name} is {found[name]} and must be {dtype}"
        for name, dtype in found.items():
            if name not in wanted and not self.more:
                yield f"the column {name} of {dtype} is not declared"
            elif name not in wanted and dtype != TEXT:
                yield f"the column {name} is {dtype} and must be {TEXT}"
