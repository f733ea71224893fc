"""Base values: what each side of a binding held when both last agreed, as the ledger keeps them.

A binding keeps one JSON object, `{"<field key>": [Salesforce value, SALESmanago value]}`; a key that is missing has no
base.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Base:
    """Base values of many bindings, all frames on one index with one column a field key.

    Attributes:
        a: What Salesforce held, text or blank.
        m: What SALESmanago held, text or blank.
        known: Whether there is a base.
    """

    a: pd.DataFrame
    m: pd.DataFrame
    known: pd.DataFrame

    def of(self, key: str) -> tuple[pd.Series, pd.Series, pd.Series]:
        """Give one field: both values, and whether there is a base."""
        if key in self.known:
            return self.a[key], self.m[key], self.known[key]
        blank = pd.Series(None, index=self.known.index, dtype="str")
        return blank, blank, pd.Series(False, index=self.known.index)


def unpack(texts: pd.Series) -> Base:
    """Lay out JSON objects, one column a key.

    Args:
        texts: JSON objects as text; missing counts as `{}`.

    Returns:
        The values on the same index.
    """
    # One document for all rows: the decoder runs once, not once a row.
    rows = json.loads("[" + ",".join(texts.fillna("{}")) + "]")
    pairs = pd.DataFrame.from_records(rows, index=texts.index) if rows else pd.DataFrame(index=texts.index)
    known = pairs.notna()
    return Base(_side(pairs, known, 0), _side(pairs, known, 1), known)


def _side(pairs: pd.DataFrame, known: pd.DataFrame, side: int) -> pd.DataFrame:
    values = {
        key: pd.Series(
            [pair[side] if there else None for pair, there in zip(pairs[key], known[key], strict=True)],
            index=pairs.index,
            dtype="str",
        )
        for key in pairs
    }
    return pd.DataFrame(values, index=pairs.index)


def pack(pairs: dict[str, tuple[pd.Series, pd.Series]], present: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    """Write base values as JSON objects.

    Args:
        pairs: For each field key the Salesforce and the SALESmanago values.
        present: For each field key the rows that have a base.
        index: The index of every series.

    Returns:
        JSON text, `{}` where nothing is present.
    """
    body = pd.Series("", index=index, dtype="str")
    for key, (a, m) in pairs.items():
        entry = "," + json.dumps(key) + ":[" + _quoted(a) + "," + _quoted(m) + "]"
        body = body + entry.where(present[key], "")
    return "{" + body.str[1:] + "}"


def pack_flags(flags: pd.DataFrame) -> pd.Series:
    """Write the names of the true columns of each row as a JSON list."""
    body = pd.Series("", index=flags.index, dtype="str")
    for key in flags:
        body = body + pd.Series("," + json.dumps(key), index=flags.index, dtype="str").where(flags[key], "")
    return "[" + body.str[1:] + "]"


def _quoted(values: pd.Series) -> pd.Series:
    text = values.fillna("").str.replace("\\", "\\\\", regex=False).str.replace('"', '\\"', regex=False)
    if text.str.contains(r"[\x00-\x1f]", regex=True).any():
        for code in range(0x20):
            text = text.str.replace(chr(code), f"\\u{code:04x}", regex=False)
    return ('"' + text + '"').where(values.notna(), "null")
