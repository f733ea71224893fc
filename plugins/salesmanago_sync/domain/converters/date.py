"""date: a calendar day, never through a time zone.

Canonical `1980-10-17`; SALESmanago's birthday is written `19801017`, any other field as it is. A birthday without a
year (`1017`, canonical `--10-17`) cannot become a Salesforce date: writing it leaves what Salesforce holds.
"""

from __future__ import annotations

import re
from datetime import date

import pandas as pd

from salesmanago_sync.domain.converters.base import Converter, Scalar, as_text, per_unique_row

_SHAPE = re.compile(
    r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:T\d\d(?::?\d\d){0,2}(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|(?:--)?(?P<m>\d\d)-?(?P<d>\d\d)",
    re.ASCII,
)
# Any leap year: without a year, 29 February is a day like any other.
_LEAP_YEAR = "2000"


def _parts(text: str) -> tuple[str | None, str, str] | None:
    """Read year, month and day; None when the text is no day."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        return None
    year, month, day = found["year"], found["month"] or found["m"], found["day"] or found["d"]
    try:
        date(int(year or _LEAP_YEAR), int(month), int(day))
    except ValueError:
        return None
    return year, month, day


def _canonical(text: str) -> str:
    parts = _parts(text)
    if parts is None:
        return text
    year, month, day = parts
    return f"{year or '-'}-{month}-{day}"


def _keep_yearless(canonical: str, held: str) -> str | None:
    parts = _parts(canonical)
    yearless = parts is not None and parts[0] is None
    return (held if yearless else canonical) or None


class _Date(Scalar):
    def read(self, text: str) -> str:
        return _canonical(text)

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        [field] = self.line.salesforce
        written = per_unique_row([canonical, as_text(current[field])], _keep_yearless)
        return pd.DataFrame({field: pd.Series(written, index=canonical.index, dtype="object")})

    def write_salesmanago(self, canonical: str) -> str:
        parts = _parts(canonical) if self.line.salesmanago == "birthday" else None
        return canonical if parts is None else "".join(part for part in parts if part is not None)


DATE = Converter("date", _Date)
