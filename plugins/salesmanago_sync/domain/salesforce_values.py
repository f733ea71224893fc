"""Numbers, days and moments as Salesforce spells them, and no other way.

Python reads more: `NaN`, `1_000`, digits of other scripts, week dates. A value that Salesforce would refuse takes its
whole record with it, so that one grammar serves converters, criteria and the check before sending.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

# Salesforce numbers have 18 digits; a longer text is something that somebody typed.
_LONGEST_NUMBER = 40
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)T(?P<time>\d\d:\d\d:\d\d)(?P<fraction>\.\d{1,9})?(?P<zone>Z|[+-]\d\d:?\d\d)?", re.ASCII
)
# The years that dates may have, in records and in SOQL.
FIRST_YEAR, LAST_YEAR = 1700, 4000


def read_number(text: str) -> Decimal | None:
    """Read a number exactly; None when the text is none."""
    return Decimal(text) if len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text) else None


def read_day(text: str) -> date | None:
    """Read `2026-01-31`; None when the text is no day."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def read_moment(text: str) -> datetime | None:
    """Read `2026-01-31T10:00:00.000+0000`; None when the text is no moment."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    fraction = (found["fraction"] or ".0")[:7]
    try:
        return datetime.fromisoformat(f"{found['day']}T{found['time']}{fraction}{found['zone'] or ''}")
    except ValueError:
        return None


def in_range(found: date) -> bool:
    """Whether Salesforce knows the year of a day or moment."""
    return FIRST_YEAR <= found.year < LAST_YEAR
