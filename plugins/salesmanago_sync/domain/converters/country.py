"""country: canonical the two-letter ISO code where the name or code is known, else the text as it is.

SALESmanago gets the code; Salesforce the English name, or the code in a field named …CountryCode.
"""

from __future__ import annotations

import gettext
from functools import cache

import pycountry

from salesmanago_sync.domain.converters.base import Converter, Scalar

# The languages whose country names are understood beside English.
_LANGUAGES = ("pl", "de", "fr", "es", "it")
# In everyday use, and in no list of pycountry.
_EVERYDAY = {"uk": "GB", "great britain": "GB"}
_SPELLINGS = ("alpha_2", "alpha_3", "name", "common_name", "official_name")


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for spelling in _SPELLINGS:
        for country in pycountry.countries:
            text = getattr(country, spelling, None)
            if text is not None:
                codes.setdefault(text.lower(), country.alpha_2)
    for language in _LANGUAGES:
        translate = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language]).gettext
        for country in pycountry.countries:
            for text in filter(None, (getattr(country, spelling, None) for spelling in _SPELLINGS[2:])):
                codes.setdefault(translate(text).lower(), country.alpha_2)
    return {**_EVERYDAY, **codes}


@cache
def _names() -> dict[str, str]:
    return {country.alpha_2: getattr(country, "common_name", country.name) for country in pycountry.countries}


class _Country(Scalar):
    def read(self, text: str) -> str:
        return _codes().get(text.lower(), text)

    def write_salesforce(self, canonical: str) -> str:
        if self.line.salesforce[0].endswith("CountryCode"):
            return canonical
        return _names().get(canonical, canonical)


COUNTRY = Converter("country", _Country)
