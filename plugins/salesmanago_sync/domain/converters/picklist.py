"""picklist: a value of a list, `values` saying what each Salesforce value is called in SALESmanago.

Canonical is SALESmanago's value, without regard to case. Several Salesforce values may share one: Salesforce then keeps
the one that it has. Without `values` everything passes as it is; with it, a value that is not listed reads as blank.
"""

from __future__ import annotations

import pandas as pd

from salesmanago_sync.domain.converters.base import (
    Converter,
    LineOptions,
    Scalar,
    as_text,
    per_unique_row,
    value_map,
)


class _Picklist(Scalar):
    def __init__(self, line: LineOptions) -> None:
        super().__init__(line)
        values = value_map(line)
        self._open = values is None
        self._canonical = {key.lower(): value for key, value in (values or {}).items()}
        self._known = {value.lower(): value for value in (values or {}).values()}
        self._first: dict[str, str] = {}
        for key, value in (values or {}).items():
            self._first.setdefault(value, key)

    def read_salesforce(self, text: str) -> str | None:
        return text if self._open else self._canonical.get(text.lower())

    def read_salesmanago(self, text: str) -> str | None:
        return text if self._open else self._known.get(text.lower())

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        [field] = self.line.salesforce
        chosen = per_unique_row([canonical, as_text(current[field])], self._choose)
        return pd.DataFrame({field: pd.Series(chosen, index=canonical.index, dtype="object")})

    def _choose(self, canonical: str, current: str) -> str | None:
        same = self._canonical.get(current.lower()) == canonical
        return (current if same else self._first.get(canonical, canonical)) or None


PICKLIST = Converter("picklist", _Picklist, options=frozenset({"values"}))
