"""text: a value as it is, trimmed, with one kind of line break."""

from __future__ import annotations

import pandas as pd
import pyarrow.compute as pc

from salesmanago_sync.domain.converters.base import Converter, Scalar, as_text, text_per_unique
from salesmanago_sync.domain.frames import arrow_of


class _Text(Scalar):
    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        return _with_one_break(as_text(values[self.line.salesforce[0]]))

    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        return _with_one_break(as_text(values))


def _with_one_break(texts: pd.Series) -> pd.Series:
    """Spell line breaks one way; as nearly every column has no other, it stays as it is."""
    if not pc.any(pc.match_substring(arrow_of(texts), "\r")).as_py():
        return texts
    return text_per_unique(texts, lambda text: text.replace("\r\n", "\n").replace("\r", "\n"))


TEXT = Converter("text", _Text)
