"""Base values: what each side of a binding held when both last agreed, as the ledger keeps them.

A binding keeps one JSON object, `{"<field key>": [Salesforce value, SALESmanago value]}`; a key that is missing has no
base.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.json import ParseOptions, ReadOptions, read_json

from salesmanago_sync.domain.frames import TEXT, arrow_of

# So many bytes are read at a time, or one object, if it is longer.
BLOCK = 1 << 24


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


def unpack(texts: pd.Series, keys: Iterable[str] = ()) -> Base:
    """Lay out JSON objects, one column a key.

    Args:
        texts: JSON objects as text; missing counts as `{}`.
        keys: Keys that they are likely to have: others are found, too, but take a second reading.

    Returns:
        The values on the same index.
    """
    pairs = _columns(arrow_of(texts.fillna("{}")), dict.fromkeys(keys)) if len(texts) else {}
    known = {key: column.is_valid().to_numpy() for key, column in pairs.items()}
    return Base(_side(pairs, texts.index, 0), _side(pairs, texts.index, 1), pd.DataFrame(known, index=texts.index))


def _columns(texts: pa.Array, keys: Collection[str]) -> dict[str, pa.ChunkedArray]:
    """Read JSON objects by Arrow itself: Python takes four times as long, and makes each value by itself."""
    # The texts of a column lie one behind the other: each with the end of its line, they are the document.
    lines = pc.binary_join_element_wise(texts, _text(""), _text("\n"))
    sizes = pc.binary_length(lines)
    document = lines.buffers()[2].slice(0, pc.sum(sizes).as_py())
    read = ReadOptions(use_threads=False, block_size=max(BLOCK, pc.max(sizes).as_py()))
    while True:
        # Of a column that is not declared Arrow guesses what it holds, and takes some texts for moments.
        schema = pa.schema([(key, pa.list_(pa.large_string())) for key in keys])
        found = read_json(pa.BufferReader(document), read, ParseOptions(explicit_schema=schema))
        if found.num_columns == len(keys):
            return dict(zip(found.column_names, found.columns, strict=True))
        keys = found.column_names


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


def _side(pairs: dict[str, pa.ChunkedArray], index: pd.Index, side: int) -> pd.DataFrame:
    values = {key: pd.array(pc.list_element(column, side), dtype=TEXT) for key, column in pairs.items()}
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
    text = arrow_of(values)
    # As nearly every column is: none of it is copied.
    if _has_special(text):
        for character in ("\\", '"'):
            text = pc.replace_substring(text, character, "\\" + character)
        for code in range(0x20):
            text = pc.replace_substring(text, chr(code), f"\\u{code:04x}")
    return pc.fill_null(pc.binary_join_element_wise(_text('"'), text, _text('"'), _text("")), "null")


def _has_special(texts: pa.Array) -> bool:
    """Tell whether any text has a character that JSON writes in another way: a quote, a backslash or a control."""
    _, _, letters = texts.buffers()
    read = np.frombuffer(letters or b"", np.uint8)
    return bool(((read < 0x20) | (read == ord('"')) | (read == ord("\\"))).any())


def _text(value: str | None) -> pa.Scalar:
    return pa.scalar(value, type=pa.large_string())


def _json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
