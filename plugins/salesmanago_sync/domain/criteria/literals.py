"""Literals: what the values in criteria mean for the type of their field, the same for SOQL and for frames."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypeVar

from salesmanago_sync.domain.salesforce_values import (
    FIRST_YEAR,
    LAST_YEAR,
    in_range,
    read_day,
    read_moment,
    read_number,
)

Kind: TypeAlias = Literal["text", "id", "boolean", "number", "date", "datetime", "multipicklist"]
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("string", "picklist", "combobox", "email", "phone", "url", "textarea"), "text"),
    **dict.fromkeys(("id", "reference"), "id"),
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), "number"),
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "multipicklist": "multipicklist",
}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_OFFSET = re.compile(r"([+-]\d{1,5})([dw])", re.ASCII)
_COMPACT_DAY = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")

Read = TypeVar("Read", Decimal, date, datetime)
# A piece of a text pattern: characters that stand for themselves, or a wildcard.
Piece: TypeAlias = tuple[Literal["text", "any", "one"], str]
_PIECES = re.compile(r"(?P<any>%)|(?P<one>_)|\\(?P<quoted>[%_\\])|(?P<plain>[^%_\\]+)", re.DOTALL)
_ANY: Piece = ("any", "%")


def kind_of(type_name: str) -> Kind | None:
    """Group a describe type; None when criteria cannot use such a field."""
    return KINDS.get(type_name)


def pattern(op: str, text: str) -> tuple[Piece, ...] | None:
    r"""Read a text pattern: `%` is any run of characters, `_` any one; `\` before either, or before itself, quotes it.

    Args:
        op: `like`, or one of `contains`, `starts_with`, `ends_with`, in which every character stands for itself.
        text: The pattern as written.

    Returns:
        Its pieces; None when a backslash quotes nothing.
    """
    if op == "like":
        return _like(text)
    before = () if op == "starts_with" else (_ANY,)
    after = () if op == "ends_with" else (_ANY,)
    return (*before, ("text", text), *after)


def _like(text: str) -> tuple[Piece, ...] | None:
    pieces: list[Piece] = []
    end = 0
    for match in _PIECES.finditer(text):
        if match.start() != end:
            return None
        end = match.end()
        pieces.append(_piece(match))
    return tuple(pieces) if end == len(text) else None


def _piece(match: re.Match[str]) -> Piece:
    if match["any"] is not None:
        return _ANY
    if match["one"] is not None:
        return ("one", "_")
    return ("text", match["quoted"] if match["quoted"] is not None else match["plain"])


def as_number(value: Any) -> Decimal | None:
    """Read a number exactly; None when the value is none."""
    if isinstance(value, bool):
        return None
    return read_number(str(value).strip())


def as_instant(value: Any) -> datetime | None:
    """Read a moment, to the millisecond; one without an offset is taken as UTC."""
    if isinstance(value, str):
        value = _moment(value.strip())
    if not isinstance(value, datetime):
        return None
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _moment(text: str) -> datetime | None:
    day = read_day(text)
    return read_moment(text) if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)


def as_day(value: Any) -> date | None:
    """Read a day: a date, `2026-01-31` or `20260131`; None when the value is none."""
    if isinstance(value, date):
        return None if isinstance(value, datetime) else value
    return read_day(_COMPACT_DAY.sub(r"\1-\2-\3", str(value).strip()))


def _today(now: datetime | None) -> date:
    if now is None:
        raise ValueError("a criterion counts days from now: say what now is")
    return (now if now.tzinfo is not None else now.replace(tzinfo=UTC)).astimezone(UTC).date()


def days_from_now(text: str) -> int | None:
    """Count the days in `today`, `yesterday`, `tomorrow`, `-30d` or `+2w`; None for any other text."""
    word = text.strip().lower()
    if word in _DAYS:
        return _DAYS[word]
    offset = _OFFSET.fullmatch(word)
    return int(offset[1]) * (7 if offset[2] == "w" else 1) if offset else None


def number(value: Any) -> Decimal:
    """Read a number that was checked before."""
    return _found(as_number(value), value)


def day(value: Any, now: datetime | None) -> date:
    """Read a day that was checked before, absolute or counted from `now` in days of UTC.

    Raises:
        ValueError: A day is counted from now, and now is not known.
    """
    days = days_from_now(value) if isinstance(value, str) else None
    return _found(as_day(value), value) if days is None else _today(now) + timedelta(days=days)


def span(value: Any, now: datetime | None) -> tuple[datetime, datetime | None]:
    """Read what a date-time field is compared with, checked before.

    Returns:
        A moment and None, or the first moments of a day and of the next.
    """
    if as_day(value) is None and not (isinstance(value, str) and days_from_now(value) is not None):
        return _found(as_instant(value), value), None
    found = day(value, now)
    start = datetime(found.year, found.month, found.day, tzinfo=UTC)
    return start, start + timedelta(days=1)


def _found(read: Read | None, value: Any) -> Read:
    if read is None:
        raise ValueError(f"{value!r} does not fit the type of its field")
    return read


def literal_fault(value: Any, kind: Kind, type_name: str) -> str:
    """Say why a value does not fit a field, or nothing."""
    if kind in {"date", "datetime"}:
        return _time_fault(value, kind)
    if kind == "number":
        return _number_fault(value, type_name)
    if kind == "boolean":
        return "" if isinstance(value, bool) else f"{value!r} is neither true nor false"
    if not isinstance(value, str):
        return f"{value!r} is not text; put it in quotes"
    if kind == "id" and not _ID.fullmatch(value.strip()):
        return f"{value!r} is not an id of 15 or 18 characters"
    return ""


def _number_fault(value: Any, type_name: str) -> str:
    read = None if isinstance(value, str) else as_number(value)
    if read is None:
        return f"{value!r} is not a number"
    whole = read == read.to_integral_value()
    return "" if whole or type_name not in {"int", "long"} else f"{value!r} is not a whole number"


def _time_fault(value: Any, kind: Kind) -> str:
    if isinstance(value, str) and days_from_now(value) is not None:
        return ""
    moment = as_day(value) or (as_instant(value) if kind == "datetime" else None)
    if moment is None:
        return f"{value!r} is not a {'day' if kind == 'date' else 'day or a moment'}; write 2026-01-31, today or -30d"
    return "" if in_range(moment) else f"{value!r} is not between {FIRST_YEAR} and {LAST_YEAR}"
