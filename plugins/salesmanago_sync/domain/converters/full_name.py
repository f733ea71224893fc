"""full_name: FirstName and LastName, and SALESmanago's one name.

Canonical is the words with single spaces, so no word is ever lost. A changed name keeps the split that Salesforce
knows: `Anna Maria | Kowalska` and the new `Anna Maria Nowak` change LastName only. Where nothing is known nameparser
decides, and one word is a LastName.
"""

from __future__ import annotations

import pandas as pd
from nameparser import HumanName

from salesmanago_sync.domain.converters.base import (
    Bound,
    Converter,
    as_text,
    canonical_text,
    json_values,
    per_unique_row,
)


def _one_space(text: str) -> str:
    return " ".join(text.split())


class _FullName(Bound):
    def from_salesforce(self, values: pd.DataFrame) -> pd.Series:
        first, last = (as_text(values[field]).fillna("") for field in self.line.salesforce)
        return canonical_text(first + " " + last, _one_space)

    def from_salesmanago(self, values: pd.Series) -> pd.Series:
        return canonical_text(values, _one_space)

    def to_salesmanago(self, canonical: pd.Series) -> pd.Series:
        return json_values(canonical, str)

    def to_salesforce(self, canonical: pd.Series, current: pd.DataFrame) -> pd.DataFrame:
        fields = list(self.line.salesforce)
        pairs = per_unique_row([canonical, *(as_text(current[field]) for field in fields)], _split)
        return pd.DataFrame(pairs.tolist(), index=canonical.index, columns=fields, dtype="object")


def _split(name: str, first: str, last: str) -> tuple[str | None, str | None]:
    if name == "":
        return None, None
    if name == _one_space(f"{first} {last}"):
        return first or None, last or None
    words = name.split(" ")
    place = _known_place(words, first.split(), last.split())
    if place is None:
        place = _guessed_place(words)
    return " ".join(words[:place]) or None, " ".join(words[place:])


def _same(words: list[str], others: list[str]) -> bool:
    return [word.lower() for word in words] == [word.lower() for word in others]


def _known_place(words: list[str], first: list[str], last: list[str]) -> int | None:
    """Find where the LastName begins, from what Salesforce holds; None when it says nothing."""
    if first and len(words) > len(first) and _same(words[: len(first)], first):
        return len(first)
    if last and len(words) > len(last) and _same(words[-len(last) :], last):
        return len(words) - len(last)
    return len(first) if first and last and len(words) == len(first) + len(last) else None


def _guessed_place(words: list[str]) -> int:
    if len(words) == 1:
        return 0
    family = HumanName(" ".join(words)).last.split()
    for place in range(len(words) - len(family), -1, -1):
        if family and [word.strip(",") for word in words[place : place + len(family)]] == family:
            return place
    return len(words) - 1


FULL_NAME = Converter("full_name", _FullName, fields=frozenset({2}))
