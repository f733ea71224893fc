"""date: a calendar day, never through a time zone.

Canonical `1980-10-17`; SALESmanago's birthday is written `19801017`, any other field as it is. A birthday without a
year (`1017`, canonical `--10-17`) cannot become a Salesforce date: writing it leaves what Salesforce holds.
"""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pandas as pd

from salesmanago_sync.domain.converters.base import Converter, Scalar, as_text

_SHAPE = re.compile(
    r"(?P<year>\d{4})-?(?P<month>\d\d)-?(?P<day>\d\d)(?:T.*)?|(?:--)?(?P<m>\d\d)-?(?P<d>\d\d)", re.ASCII
)
_YEARLESS = "--"
# Any leap year: without a year, 29 February is a day like any other.
_LEAP_YEAR = 2000


def _valid(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _canonical(text: str) -> str:
    found = _SHAPE.fullmatch(text)
    if found is None:
        return text
    if found["year"] is None:
        spelled, year, month, day = f"--{found['m']}-{found['d']}", _LEAP_YEAR, found["m"], found["d"]
    else:
        year, month, day = int(found["year"]), found["month"], found["day"]
        spelled = f"{found['year']}-{month}-{day}"
    return spelled if _valid(year, int(month), int(day)) else text


class _Date(Scalar):
    def read(self, text: str) -> str:
        return _canonical(text)

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        [field] = self.line.salesforce
        held = as_text(current[field]).astype("object")
        held = held.where(held.notna(), None)
        written = super().to_salesforce(canonical, current)
        yearless = canonical.str.startswith(_YEARLESS).fillna(False).astype(bool).to_numpy()
        written[field] = np.where(yearless, held, written[field])
        return written

    def write_salesmanago(self, canonical: str) -> str:
        return canonical.replace("-", "") if self.line.salesmanago == "birthday" else canonical


DATE = Converter("date", _Date)
