"""number: a decimal number, compared exactly: 12.50 and 12.5 are one number. SALESmanago gets it as text."""

from __future__ import annotations

from decimal import Decimal

from salesmanago_sync.domain.converters.base import Converter, Scalar
from salesmanago_sync.domain.salesforce_values import read_number

# A number of more digits would no longer be read as one.
_MOST_DIGITS = 40


def _canonical(text: str) -> str:
    number = read_number(text)
    spelled = text if number is None else format(number, "f")
    if number is None or len(spelled) > _MOST_DIGITS:
        return text
    if "." in spelled:
        spelled = spelled.rstrip("0").removesuffix(".")
    return spelled if Decimal(spelled) else "0"


def _native(canonical: str) -> int | float | str:
    number = read_number(canonical)
    if number is None:
        return canonical
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
