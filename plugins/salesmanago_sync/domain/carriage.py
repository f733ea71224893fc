"""Carriage: the one place where what a service answers enters, and which of it every later layer can carry.

Every text that passes here can be held by Arrow, written to SQLite and PostgreSQL, and sent as JSON or XML. What cannot
be carried, or is no value at all, becomes `UNREADABLE`: it is neither a value nor blank, so it takes no part.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

# Half a character outside the first plane (services cut texts at UTF-16 units), bytes that are no UTF-8 (which the
# decoder keeps as such halves), NUL (PostgreSQL), and two code points that are no characters (XML).
_DAMAGED = re.compile("[\x00\ud800-\udfff\ufffe\uffff]")
# XML takes no other control characters; in a field of a person they mean a blank at best.
_CONTROL = str.maketrans(dict.fromkeys([*range(1, 9), 11, 12, *range(14, 32)], " "))
# Where none of these is in an answer, and no byte that is no UTF-8 or a bare control character, every text in it can be
# carried as it is: escapes of characters and of control characters, and the two that are no characters.
# Each by the byte that it begins with: a single byte is found twenty times as fast.
_TEXTS_IN_DOUBT = {b"\\": (b"\\u", b"\\b", b"\\f"), b"\xef": (b"\xef\xbf\xbe", b"\xef\xbf\xbf")}
# A blank before the colon of a key, where its quotation mark should be.
_KEYS_IN_DOUBT = {b" ": (b" :",), b"\t": (b"\t:",), b"\n": (b"\n:",), b"\r": (b"\r:",)}
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)
# No answer of either service nests deeper than ten.
_DEEPEST = 50
# Python refuses to read longer whole numbers, and no field of either service holds one.
_LONGEST_NUMBER = 400


class Unreadable:
    """What stands where a service gave no readable value."""

    def __repr__(self) -> str:
        return "(unreadable)"


UNREADABLE = Unreadable()


def decoded(content: bytes) -> Any:
    """Read JSON as a service sends it.

    Args:
        content: The body. Control characters in texts and the literals NaN and Infinity are let through, because a
            service that sends one of them would otherwise be understood in nothing.

    Returns:
        The JSON value. `UNREADABLE` stands for damaged texts, numbers beyond the range of JSON readers, whatever is
        nested too deeply, and a key that comes twice with two values.

    Raises:
        ValueError: It is not JSON.
    """
    value = _read_at_once(content)
    return _read_with_care(content) if value is UNREADABLE else value


def _read_at_once(content: bytes) -> Any:
    """Read JSON in which no key comes twice and every text can be carried, as nearly every answer is.

    Reading with care calls Python for each object and looks at each text, which takes longer than reading itself.

    Returns:
        What reading with care gives; `UNREADABLE` where it is in doubt whether that is the same.
    """
    if _holds(content, _KEYS_IN_DOUBT) or b"0" * _LONGEST_NUMBER in content.translate(_DIGITS):
        return UNREADABLE
    try:
        # Strict: a bare control character is an error.
        value = _PLAIN.decode(content.decode("utf-8-sig"))
        # Each key of the text ends so, and texts that hold quotation marks may: there are no more of them than keys
        # were kept, only where none of them came twice.
        if _members(value) != content.count(b'":'):
            return UNREADABLE
    except (ValueError, RecursionError):
        return UNREADABLE
    return carried(value) if _holds(content, _TEXTS_IN_DOUBT) else value


def _holds(content: bytes, doubts: Mapping[bytes, Sequence[bytes]]) -> bool:
    return any(mark in content for byte, marks in doubts.items() if byte in content for mark in marks)


def _members(value: Any) -> int:
    """Count the members of all objects in a JSON value.

    Raises:
        RecursionError: Something is nested too deeply.
    """
    count, level = 0, [value]
    for _ in range(_DEEPEST):
        objects = [part for part in level if type(part) is dict]
        inside = chain((part.values() for part in objects), (part for part in level if type(part) is list))
        count += sum(map(len, objects))
        level = [part for parts in inside for part in parts if type(part) is dict or type(part) is list]
        if not level:
            return count
    raise RecursionError


def _read_with_care(content: bytes) -> Any:
    try:
        value = json.loads(
            content.decode("utf-8-sig", "surrogateescape"),
            strict=False,
            parse_constant=lambda _: UNREADABLE,
            parse_float=_number,
            parse_int=_whole_number,
            object_pairs_hook=_object,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return carried(value)


def _number(text: str) -> float | Unreadable:
    value = float(text)
    return value if math.isfinite(value) else UNREADABLE


def _whole_number(text: str) -> int | Unreadable:
    return int(text) if len(text) <= _LONGEST_NUMBER else UNREADABLE


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        found |= {key: UNREADABLE for key, value in pairs if value != found[key]}
    return found


def carried(value: Any, depth: int = 0) -> Any:
    """Make a JSON value carriable, part by part."""
    if isinstance(value, str):
        return carried_text(value)
    if isinstance(value, (dict, list)) and depth == _DEEPEST:
        return UNREADABLE
    if isinstance(value, dict):
        # A key that cannot be read is nobody's. Most values are plain: a call for each would be most of the work.
        return {
            key: part if part is None or (type(part) is str and part.isprintable()) else carried(part, depth + 1)
            for key, part in value.items()
            if key.isprintable() or isinstance(carried_text(key), str)
        }
    if isinstance(value, list):
        return [carried(part, depth + 1) for part in value]
    return value


_PLAIN = json.JSONDecoder(parse_constant=lambda _: UNREADABLE, parse_float=_number)


def carried_text(text: str) -> str | Unreadable:
    """Make a text carriable: control characters become blanks; what is damaged is unreadable."""
    if text.isprintable():
        return text
    return UNREADABLE if _DAMAGED.search(text) else text.translate(_CONTROL)


def mended_text(text: str) -> str:
    """Make a text carriable that is only shown: a sign stands for what is damaged."""
    return _DAMAGED.sub("\N{REPLACEMENT CHARACTER}", text).translate(_CONTROL)
