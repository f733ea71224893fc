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
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailNotValidError, validate_email

from salesmanago_sync.domain.converters.base import Converter, Scalar, as_text, canonical_text, text_per_unique
from salesmanago_sync.domain.frames import TEXT, arrow_of, texts_of

# What nearly every address looks like before the @; the library looks at the rest, and at every domain once.
_WORDS = r"[a-zA-Z0-9_+-]+(?:\.[a-zA-Z0-9_+-]+)*"
_PLAIN = re.compile(_WORDS)
_PARTS = rf"^(?P<local>{_WORDS})@(?P<domain>[a-zA-Z0-9.-]+)$"
_LONGEST_LOCAL, _LONGEST = 64, 254
# So many addresses are worth a way of their own.
MANY = 1_000
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
    if len(values) < MANY:
        return canonical_text(values, _usable)
    texts = as_text(values)
    # Nearly all of many are plain: by Arrow they take a third of the time, and none becomes an object.
    found = pd.Series(_spelled_plainly(arrow_of(texts)), index=texts.index, dtype=TEXT, name=texts.name)
    others = found.isna() & texts.notna()
    return found.where(~others, text_per_unique(texts[others], _usable)) if others.any() else found


def _spelled_plainly(texts: pa.Array) -> pa.Array:
    """Spell the plain addresses of a column as `_usable` does; any other is null."""
    parts = pc.extract_regex(texts, pattern=_PARTS)
    local, domain = (pc.ascii_lower(pc.struct_field(parts, name)) for name in ("local", "domain"))
    coded = domain.dictionary_encode()
    known = pa.array([_domain(name) for name in coded.dictionary.to_pylist()], pa.large_string())
    usable = known.take(coded.indices)
    spelled = pc.binary_join_element_wise(local, usable, pa.scalar("@", pa.large_string()))
    fits = pc.and_(
        pc.less_equal(pc.utf8_length(local), _LONGEST_LOCAL), pc.less_equal(pc.utf8_length(spelled), _LONGEST)
    )
    return pc.if_else(fits, spelled, pa.scalar(None, pa.large_string()))


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
    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        return normalise_email(values[self.line.salesforce[0]])

    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        return normalise_email(values)


EMAIL = Converter("email", _Email)
