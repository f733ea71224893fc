"""country: canonical the two-letter ISO code where the name or code is known, else the text as it is.

SALESmanago gets the code. Salesforce gets what this org calls the country, as its describe lists it; where nothing is
listed, the English name, or the code in a field named …CountryCode. Names are understood in every language that
Salesforce speaks to its users, with or without accents.
"""

from __future__ import annotations

import gettext
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

import pycountry
from babel import Locale

from salesmanago_sync.domain.converters.base import Converter, LineOptions, Scalar

# The languages of Salesforce, by their names in CLDR.
LANGUAGES = (
    *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hr", "hu", "id", "it", "ja", "ko", "lt"),
    *("lv", "mk", "nb", "nl", "pl", "pt", "pt_PT", "ro", "ru", "sk", "sl", "sr", "sr_Latn", "sv", "th", "tr", "uk"),
    *("vi", "zh", "zh_Hant"),
)
# In everyday use, and in no list of pycountry or CLDR.
_EVERYDAY = {
    "AE": ("uae", "emirates", "zea"),
    "BA": ("bosnia",),
    "CD": ("drc", "dr congo"),
    "CI": ("ivory coast", "cote d ivoire"),
    "CN": ("prc",),
    "CV": ("cape verde",),
    "CZ": ("czech republic", "czech rep", "ceska republika", "republika czeska"),
    "DE": ("brd", "frg"),
    "GB": (
        *("uk", "great britain", "britain", "england", "scotland", "wales", "northern ireland", "anglia"),
        *("grossbritannien", "zjednoczone krolestwo"),
    ),
    "IE": ("eire", "republic of ireland"),
    "KP": ("dprk", "korea north"),
    "KR": ("korea south", "s korea"),
    "MK": ("macedonia", "fyrom"),
    "MM": ("burma", "birma"),
    "MO": ("macau",),
    "NL": (
        *("holland", "holandia", "holanda", "hollande", "olanda", "hollandia", "hollanda", "holandsko"),
        *("nederlanden", "niderlandy"),
    ),
    "PS": ("palestine",),
    "SZ": ("swaziland",),
    "TL": ("east timor",),
    "TR": ("turkey",),
    "TW": ("taiwan roc", "chinese taipei"),
    "US": ("usa", "united states of america", "stany zjednoczone ameryki", "eeuu"),
    "VA": ("vatican",),
    "XK": ("kosovo",),
}
_SPELLINGS = ("alpha_2", "alpha_3", "name", "common_name", "official_name")
# Letters that Unicode does not take apart.
_PLAIN = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "&": " and "})


@lru_cache(maxsize=50_000)
def fold(text: str) -> str:
    """Spell a name without case, accents and punctuation."""
    parts = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    letters = "".join(char for char in parts if not unicodedata.combining(char))
    words = " ".join(re.sub(r"[^\w\s]", " ", re.sub(r"[.'’`ʼ]", "", letters)).split())
    return words.removeprefix("the ").removesuffix(" the")


@cache
def _in_english() -> dict[str, str]:
    codes = {name: code for code, names in _EVERYDAY.items() for name in names}
    for spelling in _SPELLINGS:
        for country in pycountry.countries:
            if (text := getattr(country, spelling, None)) is not None:
                for name in _turned(text):
                    codes.setdefault(fold(name), country.alpha_2)
    for code, name in _of_cldr("en"):
        codes.setdefault(fold(name), code)
    return codes


@cache
def _in_any_language() -> dict[str, str]:
    """Names in all languages, but those that mean one country here and another there."""
    found = defaultdict(set)
    for language in LANGUAGES:
        for code, text in (*_of_cldr(language), *_of_pycountry(language)):
            for name in _turned(text):
                found[fold(name)].add(code)
    return {name: min(codes) for name, codes in found.items() if len(codes) == 1}


@cache
def _known() -> frozenset[str]:
    return frozenset({*(country.alpha_2 for country in pycountry.countries), *_EVERYDAY})


def _of_cldr(language: str) -> Iterator[tuple[str, str]]:
    territories = Locale.parse(language).territories
    return ((code, name) for code, name in territories.items() if code in _known())


def _turned(name: str) -> tuple[str, ...]:
    """Give a name of ISO as it is sorted and as it is said: `Korea, Republic of`, `Republic of Korea`."""
    sorted_by, comma, rest = name.partition(", ")
    return (name, f"{rest} {sorted_by}") if comma else (name,)


def _of_pycountry(language: str) -> Iterator[tuple[str, str]]:
    """Translated names, official ones among them, where there are any."""
    translate = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True).gettext
    for country in pycountry.countries:
        for spelling in _SPELLINGS[2:]:
            if (text := getattr(country, spelling, None)) is not None and (name := translate(text)) != text:
                yield country.alpha_2, name


def country_code(text: str) -> str | None:
    """Say which country a name or code means; None when it is none."""
    folded = fold(text)
    return _in_english().get(folded) or _in_any_language().get(folded)


@cache
def _names() -> dict[str, str]:
    names = {country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries}
    return {**dict(_of_cldr("en")), **names}


def places(listed: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Say what an org calls each country.

    Args:
        listed: What it lists: what is written, and another word for the same, such as the code of a label.

    Returns:
        What is written by ISO code; a word that is no country has none.
    """
    found: dict[str, str] = {}
    for written, word in listed:
        code = country_code(word) or country_code(written)
        if code is not None:
            found.setdefault(code, written)
    return found


class _Country(Scalar):
    def __init__(self, line: LineOptions) -> None:
        super().__init__(line)
        self._places = line.places or {}
        self._codes = {fold(written): code for code, written in self._places.items()}

    def read(self, text: str) -> str:
        return self._codes.get(fold(text)) or country_code(text) or text

    def write_salesforce(self, canonical: str) -> str:
        if canonical in self._places:
            return self._places[canonical]
        if self.line.salesforce[0].endswith("CountryCode"):
            return canonical
        return _names().get(canonical, canonical)


COUNTRY = Converter("country", _Country)
