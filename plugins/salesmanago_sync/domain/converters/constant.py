"""constant: `value` for everybody, written to one side; the other side is not asked."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesmanago_sync.domain.converters.base import Converter, LineOptions, Scalar, known_text
from salesmanago_sync.domain.frames import TEXT


class _Constant(Scalar):
    def __init__(self, line: LineOptions) -> None:
        super().__init__(line)
        self._text = known_text(line.value).strip()

    def _everywhere(self, index: pd.Index) -> pd.Series:
        return pd.Series(self._text if self._text else None, index=index, dtype=TEXT)

    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        if self.line.direction == "to_salesforce":
            return super().from_salesforce(values)
        return self._everywhere(values.index)

    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        return (
            self._everywhere(values.index)
            if self.line.direction == "to_salesforce"
            else super().from_salesmanago(values)
        )

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        # A line without a Salesforce field writes none.
        return (
            super().to_salesforce(canonical, current) if self.line.salesforce else pd.DataFrame(index=canonical.index)
        )

    def write_salesforce(self, canonical: str) -> Any:
        return self.line.value if canonical == self._text else canonical

    def write_salesmanago(self, canonical: str) -> Any:
        return self.write_salesforce(canonical)


CONSTANT = Converter(
    "constant",
    _Constant,
    options=frozenset({"value"}),
    required=frozenset({"value"}),
    directions=frozenset({"to_salesmanago", "to_salesforce"}),
    fields=frozenset({0, 1}),
)
