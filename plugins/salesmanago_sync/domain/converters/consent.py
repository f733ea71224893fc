"""consent: whether a person opted out. True is opted out on both sides; what is neither true nor false says nothing."""

from __future__ import annotations

from salesmanago_sync.domain.converters.base import Converter, Scalar
from salesmanago_sync.domain.converters.boolean import WORDS, native


class _Consent(Scalar):
    def read(self, text: str) -> str | None:
        return WORDS.get(text.lower())

    def write_salesforce(self, canonical: str) -> bool | str:
        return native(canonical)

    def write_salesmanago(self, canonical: str) -> bool | str:
        return native(canonical)


CONSENT = Converter("consent", _Consent)
