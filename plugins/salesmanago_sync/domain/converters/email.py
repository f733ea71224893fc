"""email: an address that names one person: trimmed, lower case, its domain in ASCII. There is no other normaliser.

No folding of dots or plus signs: what a provider makes of them is its own business. An address that cannot be used,
one in a reserved domain such as `.invalid` or `.local` included, reads as blank.
"""

from __future__ import annotations

import re
from functools import lru_cache

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from salesmanago_sync.domain.converters.base import Converter, Scalar, canonical_text

# What nearly every address looks like before the @; the library looks at the rest, and at every domain once.
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LONGEST_LOCAL, _LONGEST = 64, 254


def _checked(address: str) -> str | None:
    try:
        found = validate_email(address, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return None
    return f"{found.local_part.lower()}@{found.ascii_domain}"


@lru_cache(maxsize=50_000)
def _domain(domain: str) -> str | None:
    found = _checked(f"a@{domain}")
    return None if found is None else found.removeprefix("a@")


def _usable(text: str) -> str | None:
    local, _, domain = text.strip().lower().rpartition("@")
    if len(local) > _LONGEST_LOCAL or not _PLAIN.fullmatch(local):
        return _checked(f"{local}@{domain}")
    ascii_domain = _domain(domain)
    if ascii_domain is None or len(local) + 1 + len(ascii_domain) > _LONGEST:
        return None
    return f"{local}@{ascii_domain}"


def normalise_email(values: pd.Series) -> pd.Series:
    """Spell addresses the one way that reading, matching and writing use; an unusable one is blank."""
    return canonical_text(values, _usable)


class _Email(Scalar):
    def read(self, text: str) -> str | None:
        return _usable(text)


EMAIL = Converter("email", _Email)
