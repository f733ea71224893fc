"""email: an address that names one person: trimmed, lower case, its domain in ASCII. There is no other normaliser.

No folding of dots or plus signs: what a provider makes of them is its own business. An address that cannot be used,
one in a reserved domain such as `.invalid` or `.local` included, reads as blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import product
from unicodedata import normalize

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from salesmanago_sync.domain.converters.base import Converter, Scalar, canonical_text
from salesmanago_sync.domain.frames import texts_of

# What nearly every address looks like before the @; the library looks at the rest, and at every domain once.
_PLAIN = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*")
_LONGEST_LOCAL, _LONGEST = 64, 254
# Foreign labels of a domain that are listed each in its own spelling: each of them doubles what is asked.
_MOST_LABELS = 4


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


def addresses_in(values: pd.Series) -> set[str]:
    """Give the usable addresses of a column, each once, as `normalise_email` spells them."""
    return set(texts_of(normalise_email(values).dropna()))


def spellings(addresses: Iterable[str]) -> list[str]:
    """List every way in which a service may hold some addresses: it compares characters, and minds no case.

    Args:
        addresses: As `normalise_email` spells them.

    Returns:
        Each with every label of its domain in ASCII and in the letters of its language, accents composed and
        decomposed. Of many foreign labels it is all of them in ASCII, or all in letters.
    """
    found = set(addresses)
    for address in filter(has_spellings, list(found)):
        local, _, domain = address.rpartition("@")
        for name in _domain_spellings(domain):
            found |= {normalize(form, f"{local}@{name}") for form in ("NFC", "NFD")}
    return sorted(found)


def _domain_spellings(domain: str) -> list[str]:
    names = (domain, _in_letters(domain))
    labels = [dict.fromkeys(pair) for pair in zip(*(name.split(".") for name in names), strict=True)]
    if sum(len(forms) > 1 for forms in labels) > _MOST_LABELS:
        return list(names)
    return [".".join(forms) for forms in product(*labels)]


def has_spellings(address: str) -> bool:
    """Tell whether a service may hold an address in more ways than the one in which `normalise_email` spells it."""
    return not address.isascii() or "@xn--" in address or ".xn--" in address


@lru_cache(maxsize=50_000)
def _in_letters(domain: str) -> str:
    return str(validate_email(f"a@{domain}", check_deliverability=False, strict=True).domain)


class _Email(Scalar):
    def read(self, text: str) -> str | None:
        return _usable(text)


EMAIL = Converter("email", _Email)
