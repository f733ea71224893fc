"""One field value in its three spellings: as a client sends it, as it is stored, as the API answers it."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any

from twin.salesforce import ids
from twin.salesforce.errors import ApiError, unparsable
from twin.salesforce.schema import NUMBERS, Field

JSON_NAMES = {bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT", str: "VALUE_STRING"}
STAMP = "%Y-%m-%dT%H:%M:%S"
MOMENT = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?\Z", re.ASCII | re.IGNORECASE
)

DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
# No other number has a spelling in JSON, and Java reads no other out of a text.
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
# The years that a date may have.
FIRST_YEAR, LAST_YEAR = 1700, 4000


def stamp(moment: datetime) -> str:
    """Return a moment as the API writes it: UTC, milliseconds, an offset without a colon."""
    utc = moment.astimezone(UTC)
    return f"{utc.strftime(STAMP)}.{utc.microsecond // 1000:03d}+0000"


def read_stamp(text: str) -> datetime:
    """Return the moment an ISO text names; UTC where it has no offset."""
    found = MOMENT.match(text)
    if not found:
        raise ValueError(text)
    day, time, fraction, offset = found.groups()
    seconds = time if time.count(":") == 2 else f"{time}:00"
    zone = {None: "+00:00", "Z": "+00:00", "z": "+00:00"}.get(offset, offset)
    return datetime.fromisoformat(f"{day}T{seconds}.{(fraction or '0').ljust(6, '0')[:6]}{zone}")


def read_day(text: str) -> date:
    """Return the day an ISO text names; a moment gives its day."""
    day = date.fromisoformat(text) if DAY.match(text) else read_stamp(text).date()
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ValueError(text)
    return day


def parse(field: Field, value: Any) -> Any:
    """Return the stored form of a JSON value, or refuse one that does not fit the field's type."""
    if value is None or value == "":
        return 0 if field.type == "boolean" else None
    found = JSON_NAMES.get(type(value), "START_OBJECT")
    if value is False:
        found = "VALUE_FALSE"
    try:
        return PARSERS.get(field.type, _number if field.type in NUMBERS else _text)(field, value)
    except (TypeError, ValueError, OverflowError) as error:
        kind = {"datetime": "datetime", "int": "int"}.get(field.type, _kind(field))
        raise unparsable(kind, found, value) from error


def _kind(field: Field) -> str:
    if field.type in NUMBERS:
        return "double"
    return field.type if field.type in {"boolean", "date"} else "string"


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise TypeError(field.name)
    trimmed = value.strip()
    if not trimmed:
        return None
    return trimmed.lower() if field.type == "email" else trimmed


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().lower() in {"true", "false", "1", "0"}:
        return int(value.strip().lower() in {"true", "1"})
    raise ValueError(field.name)


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, bool):
        raise TypeError(field.name)
    if isinstance(value, str) and not NUMBER.match(value.strip()):
        raise ValueError(field.name)
    if not math.isfinite(float(value)) or (field.type == "int" and float(value) % 1):
        raise ValueError(field.name)
    number = round(float(value), field.scale)
    return int(number) if field.scale == 0 or field.type == "int" else number


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(field.name)
    return read_day(value.strip()).isoformat()


def _datetime(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(field.name)
    text = value.strip()
    return stamp(read_stamp(f"{text}T00:00:00Z" if DAY.match(text) else text))


def _reference(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(field.name)
    known = ids.full(value.strip())
    if known is None:
        raise ApiError("MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", (field.name,))
    return known


def _several(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    chosen = {one.strip() for one in text.split(";") if one.strip()}
    listed = [one for one in field.picklist if one in chosen]
    return ";".join([*listed, *sorted(chosen - set(listed))])


PARSERS = {
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
    "multipicklist": _several,
}


def answer(field: Field, stored: Any) -> Any:
    """Return the JSON value of what is stored."""
    if field.type == "boolean":
        return bool(stored)
    if stored is not None and field.type in NUMBERS and field.type != "int":
        return float(stored)
    return stored


def cell(value: Any) -> str:
    """Return a JSON value as a cell of a bulk result."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
