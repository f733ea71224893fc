"""number: a decimal number, compared exactly: 12.50 and 12.5 are one number. SALESmanago gets it as text."""

from __future__ import annotations

import re
from decimal import Decimal

from salesmanago_sync.domain.converters.base import Converter, Scalar

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?", re.ASCII)
# Salesforce numbers have 18 digits; what is longer is text that somebody typed.
_MOST_DIGITS = 40


def _canonical(text: str) -> str:
    if len(text) > _MOST_DIGITS or not _NUMBER.fullmatch(text):
        return text
    spelled = format(Decimal(text), "f")
    if "." in spelled:
        spelled = spelled.rstrip("0").removesuffix(".")
    return spelled if Decimal(spelled) else "0"


def _native(canonical: str) -> int | float | str:
    if not _NUMBER.fullmatch(canonical):
        return canonical
    number = Decimal(canonical)
    if number == number.to_integral_value():
        return int(number)
    # A float that cannot hold every digit would write another number.
    return float(number) if Decimal(repr(float(number))) == number else canonical


class _Number(Scalar):
    def read(self, text: str) -> str:
        return _canonical(text)

    def write_salesforce(self, canonical: str) -> int | float | str:
        return _native(canonical)


NUMBER = Converter("number", _Number)
