"""Record ids: a key prefix, a counter in base 62, and the suffix that makes 15 characters case-safe."""

from __future__ import annotations

import re
import string

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SUFFIX = string.ascii_uppercase + "012345"
# Two characters of the instance and a reserved zero, as in every real id.
INSTANCE = "gK0"
SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?\Z")
MASTER_RECORD_TYPE = "012000000000000AAA"


def suffix(short: str) -> str:
    """Return the three characters that encode which of the 15 letters are capitals."""
    return "".join(
        SUFFIX[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )


def make(prefix: str, number: int) -> str:
    """Return the 18-character id of the given number."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = DIGITS[rest] + digits
    short = prefix + INSTANCE + digits.rjust(9, "0")
    return short + suffix(short)


def full(identifier: str) -> str | None:
    """Return the 18-character form of an id, or None when the text is no id."""
    if not SHAPE.match(identifier):
        return None
    short = identifier[:15]
    return short + suffix(short) if len(identifier) == 15 else identifier


# The records that every new org of the twin has.
PERSON_USER = make("005", 2)
PROFILE = make("00e", 1)
STANDARD_PROFILE = make("00e", 2)
BUSINESS = make("012", 1)
PERSON = make("012", 2)
