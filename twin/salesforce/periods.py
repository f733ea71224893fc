"""Date literals of SOQL (`TODAY`, `LAST_N_DAYS:3`) as ranges of days in the running user's time zone."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def days(literal: str, today: date) -> tuple[date, date]:
    """Return the first day of a period and the first day after it."""
    name, _, count = (part.strip() for part in literal.partition(":"))
    if name in {"TODAY", "YESTERDAY", "TOMORROW"}:
        start = today + {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[name] * DAY
        return start, start + DAY
    which, _, unit = name.partition("_")
    number = int(count) if count else 90 if unit == "90_DAYS" else 1
    unit = unit.removeprefix("N_").removeprefix("90_").rstrip("S")
    if unit == "DAY":
        # LAST_N_DAYS ends with today and includes it; NEXT_N_DAYS begins tomorrow.
        return (today - number * DAY, today + DAY) if which == "LAST" else (today + DAY, today + (number + 1) * DAY)
    first = _start(unit, today)
    if which == "THIS":
        return first, _move(unit, first, 1)
    if which == "LAST":
        return _move(unit, first, -number), first
    return _move(unit, first, 1), _move(unit, first, 1 + number)


def _start(unit: str, today: date) -> date:
    if unit == "WEEK":
        return today - today.weekday() * DAY
    return today.replace(day=1) if unit == "MONTH" else today.replace(month=1, day=1)


def _move(unit: str, first: date, count: int) -> date:
    if unit == "WEEK":
        return first + count * WEEK
    months = first.year * 12 + first.month - 1 + count * (12 if unit == "YEAR" else 1)
    return date(months // 12, months % 12 + 1, 1)


def midnight(day: date, zone: str) -> datetime:
    """Return the moment a day begins in a time zone."""
    return datetime.combine(day, time(), ZoneInfo(zone))
