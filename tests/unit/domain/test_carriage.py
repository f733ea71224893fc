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

from salesmanago_sync.domain import carriage
from salesmanago_sync.domain.carriage import UNREADABLE, carried_text, decoded, mended_text

# What answers are made of, spelled as no service should: keys that come twice, blanks before colons, texts that look
# like keys, bare control characters, bytes that are no UTF-8.
WORDS = ("a", "b", '\\"', "\\\\", '":', '\\":', "\\u0041", "\\ud83d", "\\f", "\\n", "\n", "\x01", "ł", "\uffff", " :")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=3).map(lambda parts: f'"{"".join(parts)}"')
PLAIN = st.one_of(TEXTS, st.sampled_from(["null", "true", "NaN", "0", "-1.5", "1e400", "9" * 401]))
COLONS = st.sampled_from([":", ": ", " :", "\t:"])
BODIES = st.recursive(
    PLAIN,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda parts: f"[{','.join(parts)}]"),
        st.lists(st.tuples(TEXTS, COLONS, inner).map("".join), max_size=4).map(lambda parts: f"{{{','.join(parts)}}}"),
    ),
    max_leaves=12,
)


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


@given(BODIES, st.integers(0, 60), st.booleans())
def test_reading_at_once_gives_what_reading_with_care_gives(body: str, depth: int, cut: bool) -> None:
    content = (b"[" * depth + body.encode() + b"]" * depth).replace(b"b", b"\xff" if cut else b"b")
    assert outcome(decoded, content) == outcome(carriage._read_with_care, content)


def test_most_answers_are_read_at_once() -> None:
    body = b'{"records": [{"attributes": {"type": "Lead"}, "Name": "\xc5\x82 \\n\\"x\\"", "Score": 1.5, "At": null}]}'
    assert carriage._read_at_once(body) == carriage._read_with_care(body)
    assert carriage._read_at_once(body) is not UNREADABLE


def outcome(read: Any, content: bytes) -> Any:
    try:
        return json.dumps(read(content), default=repr)
    except ValueError:
        return "no JSON"


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
