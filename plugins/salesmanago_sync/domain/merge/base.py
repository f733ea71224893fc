"""Base values: what each side of a binding held when both last agreed, as the ledger keeps them.

A binding keeps one JSON object, `{"<field key>": [Salesforce value, SALESmanago value]}`; a key that is missing has no
base.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from salesmanago_sync.domain.frames import TEXT, text_array, texts_of


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

    def at(self, index: pd.Index) -> Base:
        """Give some of the rows."""
        return Base(self.a.loc[index], self.m.loc[index], self.known.loc[index])

    def of(self, key: str) -> tuple[pd.Series, pd.Series, pd.Series]:
        """Give one field: both values, and whether there is a base."""
        if key in self.known:
            return self.a[key], self.m[key], self.known[key]
        blank = pd.Series(None, index=self.known.index, dtype=TEXT)
        return blank, blank, pd.Series(False, index=self.known.index)


def unpack(texts: pd.Series) -> Base:
    """Lay out JSON objects, one column a key.

    Args:
        texts: JSON objects as text; missing counts as `{}`.

    Returns:
        The values on the same index.
    """
    # One document for all rows: the decoder runs once, not once a row.
    rows = json.loads("[" + ",".join(texts_of(texts.fillna("{}"))) + "]")
    pairs = {key: [row.get(key) for row in rows] for key in dict.fromkeys(chain.from_iterable(rows))}
    known = {key: np.array([pair is not None for pair in column], dtype="bool") for key, column in pairs.items()}
    return Base(_side(pairs, texts.index, 0), _side(pairs, texts.index, 1), pd.DataFrame(known, index=texts.index))


def opted_out_by_default(base: str, owed: str, key: str) -> bool:
    """Tell whether both sides agreed that only the contact is opted out: its account did that, and nobody else.

    What is owed was decided: by a policy, or by those whom somebody carries on.

    Args:
        base: The base values of a binding.
        owed: What the binding is owed (`domain.owed`).
        key: The field key of a channel.
    """
    a, m = json.loads(base).get(key, (None, None))
    return bool(m == "true" and a != "true") and key not in json.loads(owed)


def _side(pairs: dict[str, list[Any]], index: pd.Index, side: int) -> pd.DataFrame:
    values = {
        key: text_array([None if pair is None else pair[side] for pair in column]) for key, column in pairs.items()
    }
    return pd.DataFrame(values, index=index)


def pack(pairs: dict[str, tuple[pd.Series, pd.Series]], present: dict[str, pd.Series], index: pd.Index) -> pd.Series:
    """Write base values as JSON objects.

    Args:
        pairs: For each field key the Salesforce and the SALESmanago values.
        present: For each field key the rows that have a base.
        index: The index of every series.

    Returns:
        JSON text, `{}` where nothing is present.
    """
    entries = [_entry(str(key), a, m, present[key]) for key, (a, m) in pairs.items()]
    if not entries:
        return pd.Series("{}", index=index, dtype=TEXT)
    # Arrow itself: pandas takes ten times as long where there are few people, and more than twice as long for many.
    # Arrow 26 loses a row all of whose parts are null: the first never is.
    body = pc.utf8_slice_codeunits(
        pc.binary_join_element_wise(_text(""), *entries, _text(","), null_handling="skip"), 1
    )
    return pd.Series(pc.binary_join_element_wise(_text("{"), body, _text("}"), _text("")), index, dtype=TEXT)


def _entry(key: str, a: pd.Series, m: pd.Series, present: pd.Series) -> pa.Array:
    parts = (_text(_json(key) + ":["), _quoted(a), _text(","), _quoted(m), _text("]"))
    return _where(pc.binary_join_element_wise(*parts, _text("")), present)


def _where(entry: pa.Array | pa.Scalar, present: pd.Series) -> pa.Array:
    return pc.if_else(pa.array(present.to_numpy(dtype="bool")), entry, _text(None))


def _quoted(values: pd.Series) -> pa.Array:
    text = pa.array(values, type=pa.large_string(), from_pandas=True)
    # As nearly every column is: none of it is copied.
    if pc.any(pc.match_substring_regex(text, r'[\x00-\x1f"\\]')).as_py():
        for character in ("\\", '"'):
            text = pc.replace_substring(text, character, "\\" + character)
        for code in range(0x20):
            text = pc.replace_substring(text, chr(code), f"\\u{code:04x}")
    return pc.fill_null(pc.binary_join_element_wise(_text('"'), text, _text('"'), _text("")), "null")


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, type=pa.large_string())


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
