"""state: what this org calls a state or province, where its describe lists them; else the text as it is.

A state is known within its country: `CA` is California in the United States and Cagliari in Italy. Both sides hold
what the org lists, the label, or the code in a field named …StateCode. Codes and names are understood, also those of
ISO 3166-2 in the languages of Salesforce's users; without a country, only what means one state in all of them.
"""

from __future__ import annotations

import gettext
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import pandas as pd
import pycountry

from salesmanago_sync.domain.converters.base import Converter, Scalar, per_unique_row
from salesmanago_sync.domain.converters.country import LANGUAGES, fold
from salesmanago_sync.domain.frames import TEXT

ANYWHERE = ""
# Lists of states that are kept: each object has its own, most often the same one.
ORGS = 8


@dataclass(frozen=True, slots=True)
class ListedState:
    """A state that an org lists.

    Attributes:
        written: What the field takes: the label or the code.
        code: Its code.
        label: What people see.
        countries: The ISO codes of the countries that have it.
    """

    written: str
    code: str
    label: str
    countries: tuple[str, ...]


@lru_cache(maxsize=ORGS)
def states(listed: tuple[ListedState, ...]) -> dict[str, dict[str, str]]:
    """Say how an org writes the states of each country.

    Args:
        listed: What it lists.

    Returns:
        By ISO code of the country, for each word without case and accents, what is written. Under `ANYWHERE` are the
        words that mean one state in all countries.
    """
    said: dict[str, dict[str, str]] = defaultdict(dict)
    meant: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for state in listed:
        for country in state.countries:
            said[country] |= {fold(state.code): state.written, fold(state.label): state.written}
            for name in _names(country, state):
                meant[country][fold(name)].add(state.written)
        for word in {fold(state.code), fold(state.label)}:
            meant[ANYWHERE][word].add(state.written)
    return {country: _plain(meant[country]) | said[country] for country in {**said, **meant}}


def _plain(meant: Mapping[str, set[str]]) -> dict[str, str]:
    return {word: min(written) for word, written in meant.items() if len(written) == 1}


def _names(country: str, state: ListedState) -> Iterator[str]:
    """Name a state in all languages; an org may have a code of its own for it."""
    known = _of_iso(country)
    name = known.get(fold(state.code)) or known.get(fold(state.label))
    if name is not None:
        yield name
        yield from (translate(name) for translate in _translations())


@cache
def _of_iso(country: str) -> dict[str, str]:
    """The names of a country's states, by code and by name."""
    found = pycountry.subdivisions.get(country_code=country) or ()  # type: ignore[no-untyped-call]
    names = {fold(one.name): one.name for one in found}
    return names | {fold(one.code.partition("-")[2]): one.name for one in found}


@cache
def _translations() -> tuple[Any, ...]:
    opened = (
        gettext.translation("iso3166-2", pycountry.LOCALES_DIR, languages=[language], fallback=True)
        for language in LANGUAGES
    )
    return tuple(one.gettext for one in opened)


class _State(Scalar):
    def within(self, canonical: pd.Series, countries: pd.Series) -> pd.Series:
        if not self.line.states:
            return canonical
        found = [text or None for text in per_unique_row([canonical, countries], self._known)]
        return pd.Series(found, index=canonical.index, dtype=TEXT, name=canonical.name)

    def _known(self, text: str, country: str) -> str:
        states = self.line.states or {}
        place = country if pycountry.countries.get(alpha_2=country) else ANYWHERE
        return states.get(place, {}).get(fold(text), text)


STATE = Converter("state", _State)
