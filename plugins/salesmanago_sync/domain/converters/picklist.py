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
    json_values,
    value_map,
)

_SEPARATOR = "\x1f"


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
        found = self._canonical.get(text.lower())
        # A canonical value reads as itself, whichever side it stands on.
        return text if self._open else found if found is not None else self._known.get(text.lower())

    def read_salesmanago(self, text: str) -> str | None:
        return text if self._open else self._known.get(text.lower())

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        [field] = self.line.salesforce
        return json_values(canonical + _SEPARATOR + as_text(current[field]).fillna(""), self._choose).to_frame(field)

    def _choose(self, pair: str) -> str:
        canonical, _, current = pair.partition(_SEPARATOR)
        same = self._canonical.get(current.lower()) == canonical
        return current if same else self._first.get(canonical, canonical)


PICKLIST = Converter("picklist", _Picklist, options=frozenset({"values"}))
