"""phone: E.164 where the number can be understood, `region` being the country of numbers written without one.

Anything else (an extension, two numbers, a remark) stays the text that it is: nothing typed is lost.
"""

from __future__ import annotations

import re
from functools import lru_cache

from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_possible_number,
    parse,
)

from salesmanago_sync.domain.converters.base import Converter, LineOptions, Scalar

# Letters would be read as digits, or as an extension, and a comma or semicolon starts one.
_DIGITS = re.compile(r"[+(\d][\d\s().\-/]*")


# The other side's spelling of a number, mostly E.164 already, is looked up and not understood anew.
@lru_cache(maxsize=200_000)
def _e164(text: str, region: str | None) -> str | None:
    try:
        number = parse(text, region)
    except NumberParseException:
        return None
    return format_number(number, PhoneNumberFormat.E164) if is_possible_number(number) else None


def _canonical(text: str, region: str | None) -> str:
    if not _DIGITS.fullmatch(text):
        return text
    found = _e164(text, region)
    # A spelling that would be read differently the next time is not canonical.
    return found if found is not None and found in {text, _e164(found, region)} else text


class _Phone(Scalar):
    def read(self, text: str) -> str:
        return _canonical(text, self.line.region)


def _faults(line: LineOptions) -> list[str]:
    if line.region is None or line.region in SUPPORTED_REGIONS:
        return []
    return [f"region {line.region!r} is not a two-letter country code such as PL"]


PHONE = Converter("phone", _Phone, options=frozenset({"region"}), faults=_faults)
