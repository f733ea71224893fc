"""phone: E.164 where the number is a valid one, `region` being the country of numbers written without one.

Any usual punctuation is understood, and an extension is kept: `+48221234567 ext. 12`. Anything else (two numbers, a
remark, digits that are nobody's number) stays the text that it is: nothing typed is lost. Two spellings of the same
digits are no difference, whether they are understood or not, unless there are words beside them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import pandas as pd
from phonenumbers import (
    SUPPORTED_REGIONS,
    NumberParseException,
    PhoneNumberFormat,
    format_number,
    is_valid_number,
    parse,
)

from salesmanago_sync.domain.converters.base import Converter, LineOptions, Scalar, text_per_unique

# Letters would be read as digits, and a comma or semicolon starts whatever one likes. A slash parts the area from the
# number; before one or two digits it means a second number, or an extension.
_TYPED = re.compile(
    r"(?:tel(?:efon|ephone)?\b[\s.:]*)?(?P<number>[()\[\]\s.\-]*\+?[()\[\]\d\s.\-]*(?:/[()\[\]\s.\-]*\d{3}[()\[\]\d\s.\-]*)*?)"
    r"(?:(?:;ext=|,?\s*(?:ext(?:ension|n)?|x|wewn?|w|int|poste|durchwahl|dw|#)[\s.:]*)(?P<extension>\d{1,7})\)?)?",
    re.ASCII | re.IGNORECASE,
)
_FEWEST_DIGITS, _LONGEST = 3, 80
_DASH, _INVISIBLE, _DIGIT = "Pd", "Cf", "Nd"


# The other side's spelling of a number, mostly E.164 already, is looked up and not understood anew.
@lru_cache(maxsize=200_000)
def _parts(text: str) -> tuple[str, str] | None:
    """Part the number, without punctuation, from its extension. None where there are words."""
    found = _TYPED.fullmatch(_plain(text)) if len(text) <= _LONGEST else None
    if found is None:
        return None
    number = "".join(char for char in found["number"] if char.isdigit() or char == "+")
    return (number, found["extension"] or "") if len(number) >= _FEWEST_DIGITS else None


def _plain(text: str) -> str:
    """Spell digits, dashes and blanks of all the world as keyboards do; drop what cannot be seen."""
    return text if text.isascii() else "".join(map(_plain_char, unicodedata.normalize("NFKC", text)))


def _plain_char(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == _DIGIT:
        return str(unicodedata.digit(char))
    return "-" if kind == _DASH or char == "−" else "" if kind == _INVISIBLE else char


@lru_cache(maxsize=200_000)
def _e164(digits: str, region: str | None) -> str | None:
    try:
        number = parse(digits, region)
    except NumberParseException:
        return None
    if number.italian_leading_zero and not is_valid_number(number):
        # Some countries once had a zero before every number and have none today: 022 …, +48 (0)22 …
        number.italian_leading_zero = None
    return format_number(number, PhoneNumberFormat.E164) if is_valid_number(number) else None


def _canonical(text: str, region: str | None) -> str:
    found = _parts(text)
    if found is None:
        return text
    number, extension = found
    abroad = "+" + number[2:] if number.startswith("00") else None
    understood = _e164(number, region) or (abroad and _e164(abroad, region))
    # A spelling that would be read differently the next time is not canonical.
    if not understood or _e164(understood, region) != understood:
        return text
    return f"{understood} ext. {extension}" if extension else understood


def _alike(canonical: str, region: str | None) -> str:
    """Give the digits; whatever a slash means, or a second plus, it is no digit. A word may be a remark."""
    found = _parts(_canonical(canonical.replace("/", "-"), region))
    if found is not None:
        return f"{found[0].removeprefix('+')}x{found[1]}"
    plain = _plain(canonical)
    digits = "".join(filter(str.isdigit, plain))
    return canonical if any(map(str.isalpha, plain)) or len(digits) < _FEWEST_DIGITS else f"{digits}x"


class _Phone(Scalar):
    def read(self, text: str) -> str:
        return _canonical(text, self.line.region)

    def alike(self, canonical: pd.Series) -> pd.Series:
        return text_per_unique(canonical, lambda text: _alike(text, self.line.region))


def _faults(line: LineOptions) -> list[str]:
    if line.region is None or line.region in SUPPORTED_REGIONS:
        return []
    return [f"region {line.region!r} is not a two-letter country code such as PL"]


PHONE = Converter("phone", _Phone, options=frozenset({"region"}), faults=_faults)
