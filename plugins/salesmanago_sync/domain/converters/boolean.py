"""boolean: true or false; in SALESmanago the words `true` and `false`, and 1, yes, 0, no are understood."""

from __future__ import annotations

from salesmanago_sync.domain.converters.base import Converter, Scalar

WORDS = {
    **dict.fromkeys(("true", "1", "yes", "y", "tak", "on"), "true"),
    **dict.fromkeys(("false", "0", "no", "n", "nie", "off"), "false"),
}
_NATIVE = {"true": True, "false": False}


def native(canonical: str) -> bool | str:
    """Write true and false as JSON does; other text as it is."""
    return _NATIVE.get(canonical, canonical)


class _Boolean(Scalar):
    def read(self, text: str) -> str:
        return WORDS.get(text.lower(), text)

    def write_salesforce(self, canonical: str) -> bool | str:
        return native(canonical)


BOOLEAN = Converter("boolean", _Boolean)
