"""What a service answers, made carriable: nothing that passes can stop a later layer."""

from __future__ import annotations

import io
import json
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesmanago_sync.domain.carriage import UNREADABLE, carried_text, decoded, mended_text


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": "\\ud83d"}', {"a": UNREADABLE}),
        (b'{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a": "\\u0000"}', {"a": UNREADABLE}),
        (b'{"a": "\x00"}', {"a": UNREADABLE}),
        (b'{"a": "x\\u000by\\u001b"}', {"a": "x y "}),
        (b'{"a": "1\\n2\\t3\\r4"}', {"a": "1\n2\t3\r4"}),
        (b'{"a": "\xff", "b": "\xc5\x82"}', {"a": UNREADABLE, "b": "ł"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": NaN, "b": -Infinity}', {"a": UNREADABLE, "b": UNREADABLE}),
        (b'{"a": 1e400, "b": 1e308}', {"a": UNREADABLE, "b": 1e308}),
        (b'{"a": ' + b"9" * 5_000 + b', "b": 12}', {"a": UNREADABLE, "b": 12}),
        (b'{"a": 1, "a": 2, "b": 1, "b": 1}', {"a": UNREADABLE, "b": 1}),
        (b'{"\\ud83d": 1, "a": [null, true, 0, ""]}', {"a": [None, True, 0, ""]}),
    ],
)  # fmt: skip
def test_what_can_be_carried_is_and_the_rest_is_unreadable(body: bytes, value: object) -> None:
    assert decoded(body) == value


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"a":', b"[" * 200_000, b'{"a":' * 100_000])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        decoded(body)


def test_what_is_nested_too_deeply_is_unreadable_and_its_neighbours_are_read() -> None:
    found = decoded(b'[{"deep": ' + b"[" * 900 + b"]" * 900 + b'}, {"flat": "x"}]')
    assert found[1] == {"flat": "x"}
    inside = found[0]["deep"]
    while isinstance(inside, list):
        [inside] = inside
    assert inside is UNREADABLE


@given(st.text(st.characters(codec=None)))
def test_every_layer_carries_what_is_let_through(text: str) -> None:
    assert carried_text(mended_text(text)) == mended_text(text)
    carried: Any = carried_text(text)
    if carried is UNREADABLE:
        assert set(text) & {"\0", "\ufffe", "\uffff", *map(chr, range(0xD800, 0xE000))}
        return
    assert carried_text(carried) == carried
    assert json.loads(json.dumps(carried, ensure_ascii=False).encode()) == carried
    frame = pd.DataFrame({"text": pd.Series([carried], dtype="str")})
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    assert pd.read_parquet(buffer).at[0, "text"] == carried
    ET.fromstring(f"<a>{escape(carried)}</a>")
    assert "\0" not in carried, "PostgreSQL has no NUL"
